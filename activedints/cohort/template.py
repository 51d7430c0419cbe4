"""Templates that heads are made from: the MNI152 average, or FreeSurfer-style label maps of real anatomies.

The average is ICBM 2009a nonlinear MNI152 as nilearn carries it in its package (Fonov et al., NeuroImage 2011); label
maps serve as in SynthSeg's generative model (Billot et al., Medical Image Analysis 2023).
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.cohort.fields import Field
from activedints.cohort.settings import ANATOMY
from activedints.core.errors import InvalidFile, NotFound
from activedints.core.volume import Affine

FREESURFER = {
    "csf": (24,),
    "ventricle": (4, 5, 14, 15, 43, 44, 72, 31, 63),
    "cortex": (3, 42, 8, 47),
    "deep grey": (10, 11, 12, 13, 17, 18, 26, 49, 50, 51, 52, 53, 54, 58),
    "white": (2, 41, 7, 46, 16, 28, 60, 85, 77, 251, 252, 253, 254, 255),
}
"""FreeSurfer's structure numbers by tissue; every other non-zero number counts as csf."""
HINDBRAIN = (7, 8, 16, 46, 47)
"""FreeSurfer's structure numbers of the cerebellum and the brain stem."""


@dataclass(frozen=True)
class Template:
    """Soft tissue maps to sample from: ``maps`` (tissue, x, y, z) uint8 0..255 in ANATOMY's order, voxel -> mm."""

    name: str
    maps: npt.NDArray[np.uint8]
    affine: Affine
    wall: npt.NDArray[np.uint8]
    """Distance to the ventricles in mm, capped at 255: what makes them larger or smaller."""
    hindbrain: npt.NDArray[np.uint8]
    """Soft mask (x, y, z) 0..255 of cerebellum and brain stem."""
    average: bool
    """A population average has blurred sulci, which the individual gets back from noise."""


@lru_cache(maxsize=2)
def mni_template() -> Template:
    """The MNI152 average of nilearn's package at 1 mm, split into the five tissues."""
    package = find_spec("nilearn")  # found, not imported: that would take seconds
    if package is None or not package.submodule_search_locations:
        raise NotFound("The package nilearn, which carries the MNI152 maps, is not installed; run `make setup`.")
    data = Path(package.submodule_search_locations[0]) / "datasets" / "data"
    names = [f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz" for kind in ("t1", "gm", "wm")]
    images = [nib.load(data / name) for name in names]
    t1 = np.asarray(images[0].dataobj)
    box = ndimage.find_objects((t1 > 0).astype(np.int8))[0]
    t1, grey, white = (np.pad(np.asarray(image.dataobj)[box], 2).astype(np.float32) for image in images)
    affine = np.array(images[0].affine, float)
    affine[:3, 3] += [side.start - 2 for side in box]
    brain = t1 > 0
    # T1 of the average: fluid about 80, sulcal cortex about 145, white matter about 220
    fluid = np.where(brain, np.clip((158 - t1) / 60, 0, 1), 0)
    depth = _distance(brain, np.ones(3))
    ventricle = largest_part((fluid > 0.6) & (depth > 26))
    ventricle = ndimage.binary_dilation(ventricle, iterations=2) * fluid
    x, y, z = (
        np.arange(size, dtype=np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        + np.float32(affine[axis, 3])
        for axis, size in enumerate(t1.shape)
    )
    central = (np.abs(x) < 33) & (y > -36) & (y < 24) & (z > -14) & (z < 24) & (depth > 22)
    white = white / 255 * (1 - fluid)
    grey = np.clip(brain - fluid - white, 0, 1)
    deep = grey * ndimage.gaussian_filter(central.astype(np.float32), 1.5)
    maps = np.stack([fluid - ventricle, ventricle, grey - deep, deep, white])
    cerebellum = (y < -36) & (z < -0.5 * np.clip(np.abs(x) - 5, 0, None) - 0.4 * np.clip(-70 - y, 0, None))
    stem = (np.abs(x) < 18) & (y < -12) & (z < -15 - 0.6 * np.clip(y + 24, 0, None))
    hind = ndimage.gaussian_filter((cerebellum | stem).astype(np.float32), 2)
    return _cropped("MNI152", maps, hind, affine, average=True)


@lru_cache(maxsize=32)
def label_template(path: Path) -> Template:
    """A FreeSurfer-style label map as soft tissue maps. InvalidFile where it cannot be read."""
    try:
        image = nib.as_closest_canonical(nib.load(str(path)))
        labels = np.asarray(image.dataobj).astype(np.int32)
    except (OSError, EOFError, ValueError, zlib.error, nib.filebasedimages.ImageFileError) as error:
        raise InvalidFile(f"The anatomy {path} cannot be read as a NIfTI label map ({error}); take it away.") from error
    known = [np.isin(labels, FREESURFER[tissue]) for tissue in ANATOMY]
    size = np.sqrt((image.affine[:3, :3] ** 2).sum(0))
    if not known[4].any():
        raise InvalidFile(f"The anatomy {path} shows no brain: it must hold FreeSurfer's labels 2 or 41; take it away.")
    # such maps label the fluid of the neck too: keep what lies within 8 mm of the brain, and little of the cord
    tissue = np.any(known[1:4], axis=0) | np.isin(labels, (2, 7, 41, 46))
    near = ndimage.distance_transform_edt(~tissue, sampling=size) < 8
    known[0] = (labels != 0) & ~np.any(known[1:], axis=0)
    known = [part & near for part in known]
    maps = np.stack([ndimage.gaussian_filter(part.astype(np.float32), 0.9 / size) for part in known])
    hind = ndimage.gaussian_filter(np.isin(labels, HINDBRAIN).astype(np.float32), 2 / size)
    return _cropped(path.name.split(".")[0], maps, hind, image.affine, average=False)


def largest_part(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The largest connected part of a mask."""
    parts, count = ndimage.label(mask)
    return parts == 1 + np.argmax(np.bincount(parts.ravel(), minlength=count + 1)[1:])


def _distance(mask: npt.NDArray[np.bool_], size: npt.NDArray[np.float64]) -> Field:
    """Distance in mm to the nearest voxel outside ``mask``; at half resolution where voxels are small: ten times
    faster, and nobody reads it closer than that."""
    step = 2 if size.max() < 1.5 else 1
    coarse = ndimage.distance_transform_edt(mask[::step, ::step, ::step], sampling=size * step).astype(np.float32)
    for axis in range(3):
        coarse = np.repeat(coarse, step, axis=axis)
    return coarse[tuple(slice(0, side) for side in mask.shape)]


def _cropped(name: str, maps: Field, hindbrain: Field, affine: Affine, average: bool) -> Template:
    box = ndimage.find_objects((maps.sum(0) > 0.2).astype(np.int8))[0]
    moved = np.array(affine, float)
    moved[:3, 3] += moved[:3, :3] @ [side.start for side in box]
    maps = np.ascontiguousarray(maps[(slice(None), *box)])
    size = np.sqrt((moved[:3, :3] ** 2).sum(0))
    wall = _distance(maps[1] < 0.4, size)
    return Template(
        name,
        np.round(np.clip(maps, 0, 1) * 255).astype(np.uint8),
        moved,
        np.clip(wall, 0, 255).astype(np.uint8),
        np.round(hindbrain[box] * 255).astype(np.uint8),
        average,
    )
