"""What single screens ask of the loop: forms, the network, images for the viewer, the frame's facts."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.core.errors import InvalidChannels, InvalidFile, InvalidSettings, NotFound
from activedints.formats.source import FORMATS
from activedints.loop import intake, networks, opening, reading, views, worklist
from activedints.loop.exporting import WRITERS
from activedints.loop.standing import standing
from activedints.store.database import Store
from tests.ui import workspaces

FORM = {
    "path": "",
    "format": "auto",
    "channels": "",
    "labels": "none",
    "holdout": 0,
    "calibration": 0,
    "skip_bad": False,
    "reference": "",
    "register": False,
}


def test_the_import_form_becomes_one_import(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "workspace")
    folder = workspaces.write_msd(tmp_path / "scans", 4)
    said = intake.take_in(store, FORM | {"path": f" {folder} ", "labels": "fixed", "holdout": 1})
    assert said.startswith("4 case(s) imported into experiment 'default'.")
    assert standing(store).cases == 4
    assert standing(store).simulated == 0
    assert views.home(store).counts["holdout"] == 1


@pytest.mark.parametrize("path", ["", "/no/such/folder"])
def test_an_import_of_nothing_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises((InvalidSettings, InvalidFile, NotFound)):
        intake.take_in(Store.open(tmp_path), FORM | {"path": path})


def test_the_forms_offer_what_the_formats_can(tmp_path: Path) -> None:
    assert set(intake.LAYOUTS) == set(FORMATS)
    assert set(intake.OUTPUTS) == set(WRITERS)


def test_the_export_form_becomes_one_export(tmp_path: Path) -> None:
    store = workspaces.filled(tmp_path)
    said = intake.bring_out(store, str(tmp_path / "out"), "nifti")
    assert said.startswith("3 case(s) with 3 annotation(s) written to")
    with pytest.raises(InvalidSettings, match="Say where to"):
        intake.bring_out(store, "  ", "nifti")


@pytest.mark.parametrize("line", ["FLAIR", "=x", "FLAIR="])
def test_a_channel_line_needs_name_and_pattern(line: str) -> None:
    with pytest.raises(InvalidSettings, match="NAME=PATTERN"):
        intake.channel_patterns(line)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61])
def test_an_experiment_needs_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        intake.found_experiment(workspaces.filled(tmp_path), name, {})


def test_every_active_edge_is_drawn_once() -> None:
    architecture = networks.named_architecture("small")
    edges = networks.edges_of(architecture)
    assert len(edges) == sum(map(sum, architecture.arch_code_a))
    assert all(abs(edge.start - edge.end) <= 1 for edge in edges)
    assert len(set(edges)) == len(edges)
    assert networks.named_architecture("segresnet") is None


def test_parameters_are_counted_from_the_header(tmp_path: Path) -> None:
    store = workspaces.two_cycles(tmp_path)
    view = networks.view(store)
    assert view.parameters == 12
    assert dict(view.facts)["Learned from"].count(" v1") == 4


def test_channels_for_the_viewer_are_3d_on_the_source_grid(tmp_path: Path) -> None:
    store = workspaces.filled(tmp_path)
    opened = reading.open_case(store, worklist.next_case(store, "Ada"), "Ada")
    channels = opening.channels(store, opened)
    assert [name for name, _ in channels] == list(workspaces.CHANNELS)
    stacked = np.asanyarray(nib.load(opened.images[0]).dataobj)
    for index, (_, path) in enumerate(channels):
        np.testing.assert_array_equal(np.asanyarray(nib.load(path).dataobj), stacked[..., index])


def test_a_case_that_is_not_there_is_refused_before_it_is_leased(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="999"):
        reading.open_case(workspaces.filled(tmp_path), 999, "Ada")


def test_a_second_disease_is_refused_by_its_channels(tmp_path: Path) -> None:
    store = workspaces.filled(tmp_path)
    other = tmp_path / "other"
    image = np.ones((8, 8, 8), np.int16)
    (other / "one").mkdir(parents=True)
    nib.save(nib.Nifti1Image(image, np.eye(4)), other / "one" / "CT.nii.gz")
    with pytest.raises(InvalidChannels):
        intake.take_in(store, FORM | {"path": str(other), "channels": "CT=*CT.nii.gz"})
