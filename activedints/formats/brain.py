"""Where the brain is: a file if given, else what skull stripping left, else an estimate that says it is one."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import threshold_otsu

from activedints.core.errors import InvalidGeometry, InvalidLabels
from activedints.core.volume import Volume, spacing
from activedints.formats.grid import Grid
from activedints.formats.names import shown
from activedints.formats.nifti import read_labelmap

Mask = npt.NDArray[np.bool_]

MOST_OF_A_BOX = 0.8
"""A head fills little more than half of its bounding box; more non-zero voxels than this are air with noise."""
SCALP_MM = 4.0
"""Bridges between brain and scalp that are thinner than twice this are cut by the estimate."""


def brain_mask(volume: Volume, file: Path | None = None) -> tuple[Mask, str]:
    """Brain mask (x, y, z) in RAS+ and in words where it comes from.

    InvalidGeometry if ``file`` is not on the volume's grid, InvalidLabels if it marks nothing.
    """
    if file is not None:
        return _from_file(volume, file), f"from the file {shown(file)}"
    union = (volume.array != 0).any(axis=0)
    corners = union[:: union.shape[0] - 1, :: union.shape[1] - 1, :: union.shape[2] - 1]
    if union.any() and not corners.any() and union.mean() <= MOST_OF_A_BOX:
        return ndimage.binary_fill_holes(union), "the voxels that are not zero in some channel, holes filled"
    estimate = _estimate(volume)
    if estimate.any():
        return estimate, "estimated from the intensities (parts of skull and scalp may be inside)"
    return np.ones_like(union), "the whole volume, because no head could be told from air"


def _from_file(volume: Volume, file: Path) -> Mask:
    mask = read_labelmap(file)
    if not Grid(mask.array.shape, mask.affine).same(Grid(volume.array.shape[1:], volume.affine)):  # type: ignore[arg-type]
        raise InvalidGeometry(
            f"The brain mask {shown(file)} must lie on the grid of its images {volume.array.shape[1:]}; it has "
            f"{mask.array.shape} or another affine: resample it onto them."
        )
    if not mask.array.any():
        raise InvalidLabels(f"The brain mask {shown(file)} must mark the brain; all its voxels are 0: replace it.")
    return mask.array > 0


def _estimate(volume: Volume) -> Mask:
    """Otsu's threshold on the mean of the channels, opened by a ball, largest part, holes filled; at about 2 mm."""
    sizes = spacing(volume.affine)
    steps = [max(1, round(2.0 / size)) for size in sizes]
    small = volume.array[(slice(None), *(slice(None, None, step) for step in steps))]
    present = [channel / top for channel in small if (top := np.percentile(channel, 99)) > 0]
    if not present:
        return np.zeros(volume.array.shape[1:], bool)
    mean = np.clip(np.mean(present, axis=0), 0, 1)
    if mean.min() == mean.max():
        return np.zeros(volume.array.shape[1:], bool)
    bright = ndimage.binary_fill_holes(mean > threshold_otsu(mean))
    ball = [size * step for size, step in zip(sizes, steps)]
    core, parts = ndimage.label(ndimage.distance_transform_edt(np.pad(bright, 1), sampling=ball) > SCALP_MM)
    if not parts:
        return np.zeros(volume.array.shape[1:], bool)
    largest = core == 1 + np.argmax(np.bincount(core.ravel())[1:])
    grown = (ndimage.distance_transform_edt(~largest, sampling=ball) <= SCALP_MM)[1:-1, 1:-1, 1:-1]
    mask = ndimage.binary_fill_holes(grown & bright)
    for axis, step in enumerate(steps):
        mask = np.repeat(mask, step, axis=axis)
    return mask[tuple(slice(0, n) for n in volume.array.shape[1:])]
