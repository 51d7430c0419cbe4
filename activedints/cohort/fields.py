"""Smooth random fields and displacements on a voxel grid, made without BLAS so that a seed means one answer."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Field = npt.NDArray[np.float32]
"""(x, y, z) float32."""
Shape = tuple[int, ...]


def _spline(size: int, knots: int, step: float) -> npt.NDArray[np.float32]:
    """Cubic B-spline weights (size, knots): how much knot k says at voxel i, knots ``step`` voxels apart."""
    distance = np.abs(np.arange(size)[:, None] / step + 1.0 - np.arange(knots)[None])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


def smooth_noise(rng: np.random.Generator, shape: Shape, feature: float) -> Field:
    """Gaussian noise of unit variance (about) whose features measure ``feature`` voxels. Returns (x, y, z)."""
    step = max(feature / 2, 1.0)
    knots = [int(np.ceil(size / step)) + 3 for size in shape]
    field = rng.standard_normal(knots, dtype=np.float32)
    for axis, size in enumerate(shape):
        weights = _spline(size, knots[axis], step)
        weights /= np.sqrt((weights**2).sum(1, keepdims=True))
        taps, first = _taps(weights)
        moved = np.moveaxis(field, axis, 0)
        total = taps[:, 0, None, None] * moved[first]
        for tap in range(1, 4):
            total += taps[:, tap, None, None] * moved[first + tap]
        field = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(field)


def _taps(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The four neighbouring knots that matter at each voxel: weights (size, 4) and the first one's index (size,)."""
    first = np.minimum(np.argmax(weights > 0, axis=1), weights.shape[1] - 4)
    return np.take_along_axis(weights, first[:, None] + np.arange(4)[None], axis=1), first


def smooth_warp(rng: np.random.Generator, shape: Shape, feature: float, most: float) -> Field:
    """A displacement (3, x, y, z) in voxels, at most ``most`` long, that can be undone.

    Steepness is held below 0.45 per voxel: ``x + u(x)`` is then invertible (u is a contraction), also as the sum of
    two such warps.
    """
    warp = np.stack([smooth_noise(rng, shape, feature) for _ in range(3)])
    warp *= most / max(float(np.sqrt((warp**2).sum(0)).max()), 1e-6)
    return tame(warp, 0.45)


def tame(warp: Field, steepest: float) -> Field:
    """Scale a displacement (3, x, y, z) so that its Jacobian's largest row sum stays at or below ``steepest``."""
    slope = np.zeros(warp.shape[1:], np.float32)
    for component in warp:
        total = np.zeros_like(slope)
        for axis in range(3):
            total += np.abs(np.gradient(component, axis=axis))
        np.maximum(slope, total, out=slope)
    return warp * np.float32(min(1.0, steepest / max(float(slope.max()), 1e-6)))


def pull(array: npt.NDArray[np.generic], points: npt.NDArray[np.float32], outside: str = "constant") -> Field:
    """``array`` (x, y, z) read linearly at ``points`` (3, ...) in its voxels; ``outside`` it 0 or "nearest"."""
    return ndimage.map_coordinates(array, points, output=np.float32, order=1, mode=outside, cval=0.0)
