"""Small synthetic scans with a bright ball at a known place in mm, stored in any orientation. Simulated, of course."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

BALL = (22.0, 15.0, 12.0)
"""Centre of the bright ball in mm (RAS): right, anterior and superior of the middle."""


def affine_of(code: str, shape: tuple[int, int, int], spacing=(2.0, 2.0, 2.5), tilt: float = 0.0) -> np.ndarray:
    """An affine with axes towards ``code``, the grid's middle at (0, 0, 0) mm, tilted about z and x by ``tilt``."""
    ornt = axcodes2ornt(code)
    ras_shape = [shape[int(np.flatnonzero(ornt[:, 0] == axis)[0])] for axis in range(3)]
    c, s = np.cos(tilt), np.sin(tilt)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    ras = np.eye(4)
    ras[:3, :3] = turn @ np.diag(spacing)
    ras[:3, 3] = -ras[:3, :3] @ ((np.array(ras_shape) - 1) / 2)
    return ras @ inv_ornt_aff(ornt_transform(axcodes2ornt("RAS"), ornt), ras_shape)


def head(shape: tuple[int, int, int], affine: np.ndarray, noise: float = 0.0, ball: float = 6.0) -> np.ndarray:
    """int16 (x, y, z): a dim ellipsoid with a bright ball of ``ball`` mm radius at BALL."""
    mm = apply_affine(affine, np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1))
    inside = ((mm / (70, 85, 60)) ** 2).sum(-1) < 1
    image = np.where(inside, 250.0, 0.0)
    image[np.linalg.norm(mm - BALL, axis=-1) <= ball] = 1000
    image += np.random.default_rng(0).normal(0, noise, shape) * inside if noise else 0
    return np.clip(image, 0, None).astype(np.int16)


def write_case(folder: Path, channels: dict[str, np.ndarray], affine: np.ndarray, **about) -> Path:
    """One case folder as viewer_page.py reads it; ``about``: label, heat and other arrays, and its form."""
    folder.mkdir(parents=True)
    arrays = {**channels, **{name: about.pop(name) for name in ("label", "heat", "other") if name in about}}
    for name, array in arrays.items():
        nib.save(nib.Nifti1Image(array, affine), folder / f"{name}.nii.gz")
    form = {"title": folder.name, "channels": list(channels), "labels": [[1, "edema"], [2, "core"], [3, "enhancing"]]}
    (folder / "about.json").write_text(json.dumps(form | about))
    return folder
