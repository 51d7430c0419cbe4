"""A healthy brain of one's own: tissue fractions from a template, bent by smooth invertible deformations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.cohort.fields import Field, pull, smooth_noise, smooth_warp
from activedints.cohort.settings import CohortSettings
from activedints.cohort.template import Template, largest_part
from activedints.core.volume import Affine


@dataclass(frozen=True)
class Brain:
    """One head: ``fractions`` (tissue, x, y, z) float32 summing to 1 inside ``mask``, 0 outside; voxel -> mm.

    ``depth`` (x, y, z) is the distance to the brain's surface in mm, 0 outside; ``hindbrain`` (x, y, z), 0 to 1, is
    the share of cerebellum and brain stem.
    """

    fractions: Field
    mask: npt.NDArray[np.bool_]
    depth: Field
    affine: Affine
    hindbrain: Field


def grow_brain(settings: CohortSettings, template: Template, rng: np.random.Generator) -> Brain:
    """One individual: affine tilt and stretch, two scales of smooth invertible warp, ventricles, sulci of its own.

    The grid is isotropic at ``settings.spacing`` mm, RAS, with its origin at the template's.
    """
    points, affine = _points(settings, template, rng)
    soft = np.stack([pull(tissue, points) for tissue in template.maps])
    soft *= np.float32(1 / 255)
    mask = ndimage.binary_fill_holes(largest_part(soft.sum(0) > 0.5))
    depth = ndimage.distance_transform_edt(mask, sampling=settings.spacing).astype(np.float32)
    fractions = _individual(settings, template, soft, depth, rng)
    box = ndimage.find_objects(mask.astype(np.int8))[0]
    margin = settings.margin
    pad = [(margin, margin)] * 3
    affine[:3, 3] += settings.spacing * (np.array([side.start for side in box]) - margin)
    fractions = np.ascontiguousarray(np.pad(fractions[(slice(None), *box)], [(0, 0), *pad]))
    hindbrain = pull(template.hindbrain, points)[box] / np.float32(255)
    return Brain(fractions, np.pad(mask[box], pad), np.pad(depth[box], pad), affine, np.pad(hindbrain, pad))


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
    settings: CohortSettings, template: Template, soft: Field, depth: Field, rng: np.random.Generator
) -> Field:
    """Sharp fractions from soft maps: an average's blurred folds are given back by noise at the scale of a sulcus."""
    csf, ventricle, cortex, deep, white = soft
    total = np.maximum(soft.sum(0), 1e-3)
    folds = _sheets(rng, depth.shape, 15 / settings.spacing) * settings.spacing
    near = np.exp(-depth / 12)
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
    parts *= depth > 0
    return parts.astype(np.float32)


def _sheets(rng: np.random.Generator, shape: tuple[int, ...], feature: float) -> Field:
    """Distance in voxels to a random folded surface: where a smooth noise crosses 0, as sulci fold through cortex."""
    noise = smooth_noise(rng, shape, feature)
    steep = np.sqrt(sum(np.gradient(noise, axis=axis) ** 2 for axis in range(3)))
    return np.abs(noise) / np.maximum(steep, 0.5 / feature)


def _step(score: Field, width: float) -> Field:
    """A soft threshold at 0: 0 below, 1 above, ``width`` wide."""
    return 1 / (1 + np.exp(np.clip(-score / width * 2, -30, 30)))
