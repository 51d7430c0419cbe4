"""The viewer's JavaScript: its own tests run in the Node that Playwright brings, and the committed bundle keeps to its
bounds."""

import subprocess
import tomllib
from pathlib import Path

import playwright

import activedints.ui.viewer

FRONTEND = Path(activedints.ui.viewer.__file__).parent / "frontend"
NODE = Path(playwright.__file__).parent / "driver" / "node"


def test_geometry_and_undo_in_node():
    done = subprocess.run([NODE, "--test", "test/"], cwd=FRONTEND, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-4000:]


def test_one_bundle_small_enough_with_its_notices():
    (bundle,) = (FRONTEND / "build").glob("viewer-*.js")
    assert bundle.stat().st_size <= 1_200_000
    notices = (FRONTEND / "build" / "THIRD_PARTY_NOTICES.txt").read_text()
    for name in ("@niivue/niivue 0.69.0 (BSD-2-Clause)", "gl-matrix", "nifti-reader-js", "fflate", "zarrita"):
        assert name in notices


def test_the_manifest_names_the_folder_of_the_bundle():
    package = Path(activedints.ui.viewer.__file__).parents[2]
    manifest = tomllib.loads((package / "pyproject.toml").read_text())
    (entry,) = manifest["tool"]["streamlit"]["component"]["components"]
    assert manifest["project"]["name"] == "activedints"
    assert entry["name"] == "viewer"
    assert package / entry["asset_dir"] == FRONTEND / "build"
