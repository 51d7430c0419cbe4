"""A healthy brain of one's own: tissue fractions from a template, bent by smooth invertible deformations.

Templates: the ICBM 2009a nonlinear symmetric MNI152 maps that nilearn carries in its package (Fonov et al., NeuroImage
2011), or FreeSurfer-style label maps (SynthSeg's generative model, Billot et al., Medical Image Analysis 2023).
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.cohort.fields import Field, pull, smooth_noise, smooth_warp
from activedints.cohort.settings import ANATOMY, CohortSettings
from activedints.core.errors import InvalidFile
from activedints.core.volume import Affine

FREESURFER = {
    "csf": (24,),
    "ventricle": (4, 5, 14, 15, 43, 44, 72, 31, 63),
    "cortex": (3, 42, 8, 47),
    "deep grey": (10, 11, 12, 13, 17, 18, 26, 49, 50, 51, 52, 53, 54, 58),
    "white": (2, 41, 7, 46, 16, 28, 60, 85, 77, 251, 252, 253, 254, 255),
}
"""FreeSurfer's structure numbers by tissue; every other non-zero number counts as csf."""


@dataclass(frozen=True)
class Template:
    """Soft tissue maps to sample from: ``maps`` (tissue, x, y, z) uint8 0..255 in ANATOMY's order, voxel -> mm."""

    name: str
    maps: npt.NDArray[np.uint8]
    affine: Affine
    wall: npt.NDArray[np.uint8]
    """Distance to the ventricles in mm, capped at 255: what makes them larger or smaller."""
    average: bool
    """A population average has blurred sulci, which the individual gets back from noise."""


@dataclass(frozen=True)
class Brain:
    """One head: ``fractions`` (tissue, x, y, z) float32 summing to 1 inside ``mask``, 0 outside; voxel -> mm."""

    fractions: Field
    mask: npt.NDArray[np.bool_]
    affine: Affine


@lru_cache(maxsize=2)
def mni_template() -> Template:
    """The MNI152 average of nilearn's package at 1 mm, split into the five tissues."""
    data = resources.files("nilearn.datasets") / "data"
    images = [
        nib.load(str(data / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz")) for kind in ("t1", "gm", "wm")
    ]
    t1, grey, white = (np.asarray(image.dataobj).astype(np.float32) for image in images)
    brain = ndimage.binary_fill_holes(t1 > 0)
    # T1 of the average: fluid about 80, sulcal cortex about 145, white matter about 220
    fluid = np.where(brain, np.clip((158 - t1) / 60, 0, 1), 0)
    depth = ndimage.distance_transform_edt(brain).astype(np.float32)
    ventricle = _largest((fluid > 0.6) & (depth > 26))
    ventricle = ndimage.binary_dilation(ventricle, iterations=2) * fluid
    x, y, z = (
        np.arange(size, dtype=np.float32).reshape([-1 if i == axis else 1 for i in range(3)])
        + images[0].affine[axis, 3]
        for axis, size in enumerate(t1.shape)
    )
    central = (np.abs(x) < 33) & (y > -36) & (y < 24) & (z > -14) & (z < 24) & (depth > 22)
    white = white / 255 * (1 - fluid)
    grey = np.clip(brain - fluid - white, 0, 1)
    deep = grey * ndimage.gaussian_filter(central.astype(np.float32), 1.5)
    maps = np.stack([fluid - ventricle, ventricle, grey - deep, deep, white])
    return _cropped("MNI152", maps, images[0].affine, average=True)


@lru_cache(maxsize=32)
def label_template(path: Path) -> Template:
    """A FreeSurfer-style label map as soft tissue maps. InvalidFile where it cannot be read."""
    try:
        image = nib.as_closest_canonical(nib.load(str(path)))
        labels = np.asarray(image.dataobj).astype(np.int32)
    except Exception as error:
        raise InvalidFile(f"The anatomy {path} cannot be read as a NIfTI label map ({error}); take it away.") from error
    known = [np.isin(labels, FREESURFER[tissue]) for tissue in ANATOMY]
    size = np.sqrt((image.affine[:3, :3] ** 2).sum(0))
    # such maps label the fluid of the neck too: keep what lies within 8 mm of the brain, and little of the cord
    tissue = np.any(known[1:4], axis=0) | np.isin(labels, (2, 7, 41, 46))
    near = ndimage.distance_transform_edt(~tissue, sampling=size) < 8
    known[0] = (labels != 0) & ~np.any(known[1:], axis=0)
    known = [part & near for part in known]
    maps = np.stack([ndimage.gaussian_filter(part.astype(np.float32), 0.9 / size) for part in known])
    return _cropped(path.name.split(".")[0], maps, image.affine, average=False)


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    parts, count = ndimage.label(mask)
    return parts == 1 + np.argmax(np.bincount(parts.ravel(), minlength=count + 1)[1:])


def _cropped(name: str, maps: Field, affine: Affine, average: bool) -> Template:
    box = ndimage.find_objects((maps.sum(0) > 0.2).astype(np.int8))[0]
    moved = np.array(affine, float)
    moved[:3, 3] += moved[:3, :3] @ [side.start for side in box]
    maps = np.ascontiguousarray(maps[(slice(None), *box)])
    size = np.sqrt((moved[:3, :3] ** 2).sum(0))
    wall = ndimage.distance_transform_edt(maps[1] < 0.4, sampling=size)
    return Template(
        name,
        np.round(np.clip(maps, 0, 1) * 255).astype(np.uint8),
        moved,
        np.clip(wall, 0, 255).astype(np.uint8),
        average,
    )


def grow_brain(settings: CohortSettings, template: Template, rng: np.random.Generator) -> Brain:
    """One individual: affine tilt and stretch, two scales of smooth invertible warp, ventricles, sulci of its own.

    The grid is isotropic at ``settings.spacing`` mm, RAS, with its origin at the template's.
    """
    points, affine = _points(settings, template, rng)
    soft = np.stack([pull(tissue, points) for tissue in template.maps])
    soft *= np.float32(1 / 255)
    mask = ndimage.binary_fill_holes(_largest(soft.sum(0) > 0.5))
    fractions = _individual(settings, template, soft, mask, rng)
    box = ndimage.find_objects(mask.astype(np.int8))[0]
    margin = settings.margin
    pad = [(margin, margin)] * 3
    affine[:3, 3] += settings.spacing * (np.array([side.start for side in box]) - margin)
    return Brain(
        np.ascontiguousarray(np.pad(fractions[(slice(None), *box)], [(0, 0), *pad])), np.pad(mask[box], pad), affine
    )


def _points(
    settings: CohortSettings, template: Template, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], Affine]:
    """Where in the template's voxels each voxel of the new head lies (3, x, y, z), and the new head's affine."""
    step = settings.spacing
    size = np.sqrt((template.affine[:3, :3] ** 2).sum(0))
    extent = np.array(template.maps.shape[1:]) * size
    shape = tuple(int(np.ceil(side * 1.16 / step)) for side in extent)
    tilt = rng.normal(0, settings.rotation, 3) * [1.0, 0.4, 0.5]
    stretch = np.exp(rng.normal(0, settings.stretch, 3)) / (settings.head if template.average else 1.0)
    linear = _rotation(tilt) @ np.diag(stretch)
    warp = smooth_warp(rng, shape, 40 / step, rng.uniform(*settings.warp_coarse) / step)
    warp += smooth_warp(rng, shape, 12 / step, rng.uniform(*settings.warp_fine) / step)
    grid = np.stack(np.meshgrid(*(np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in shape), indexing="ij"))
    moved = (grid + warp) * np.float32(step)
    matrix = (np.diag(1 / size) @ linear).astype(np.float32)
    middle = ((np.array(template.maps.shape[1:]) - 1) / 2).astype(np.float32)
    points = np.stack([sum(matrix[i, j] * moved[j] for j in range(3)) + middle[i] for i in range(3)])
    points += _ventricle_growth(settings, template, points, rng) / size.astype(np.float32)[:, None, None, None]
    affine = np.diag([step, step, step, 1.0])
    centre = template.affine[:3, :3] @ middle + template.affine[:3, 3]
    affine[:3, 3] = centre - step * (np.array(shape) - 1) / 2
    return points, affine


def _ventricle_growth(
    settings: CohortSettings, template: Template, points: npt.NDArray[np.float32], rng: np.random.Generator
) -> Field:
    """Displacement (3, x, y, z) mm towards the ventricles: reading nearer to them makes them larger."""
    far = ndimage.gaussian_filter(pull(template.wall, points, outside="nearest"), 1.0)
    outward = np.stack(np.gradient(far, settings.spacing))
    # wide falloff keeps the slope below amount / 14, so that nothing folds
    return (-rng.uniform(*settings.ventricles) * np.exp(-far / 14) * np.clip(far / 3, 0, 1) * outward).astype(
        np.float32
    )


def _rotation(angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    return (
        np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        @ np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    )


def _individual(
    settings: CohortSettings, template: Template, soft: Field, mask: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Field:
    """Sharp fractions from soft maps: an average's blurred folds are given back by noise at the scale of a sulcus."""
    csf, ventricle, cortex, deep, white = soft
    total = np.maximum(soft.sum(0), 1e-3)
    folds = _sheets(rng, mask.shape, 15 / settings.spacing) * settings.spacing
    near = np.exp(-ndimage.distance_transform_edt(mask) * settings.spacing / 12).astype(np.float32)
    own = near * (1.0 if template.average else 0.25)
    fluid = csf / total - (0.40 if template.average else 0.55) + rng.uniform(*settings.atrophy)
    fluid = _step(fluid + own * (0.50 * np.exp(-((folds / 1.6) ** 2)) - 0.16), 0.12)
    vent = _step(ventricle / total - 0.5, 0.12)
    wm = _step(white / total - 0.5 + own * (0.30 - 0.80 * np.exp(-((folds / 3.2) ** 2))), 0.14)
    grey = np.clip(1 - wm, 0, 1)
    share = deep / np.maximum(deep + cortex, 1e-3)
    parts = np.stack([fluid, vent, grey * (1 - share), grey * share, wm])
    parts[2:] *= (1 - np.clip(fluid + vent, 0, 1))[None]
    parts /= np.maximum(parts.sum(0), 1e-3)
    parts *= mask
    return parts.astype(np.float32)


def _sheets(rng: np.random.Generator, shape: tuple[int, ...], feature: float) -> Field:
    """Distance in voxels to a random folded surface: where a smooth noise crosses 0, as sulci fold through cortex."""
    noise = smooth_noise(rng, shape, feature)
    steep = np.sqrt(sum(np.gradient(noise, axis=axis) ** 2 for axis in range(3)))
    return np.abs(noise) / np.maximum(steep, 0.5 / feature)


def _step(score: Field, width: float) -> Field:
    """A soft threshold at 0: 0 below, 1 above, ``width`` wide."""
    return 1 / (1 + np.exp(np.clip(-score / width * 2, -30, 30)))
