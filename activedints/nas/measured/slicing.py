"""Pictures of SIDE x SIDE from a volume in RAS+: the same for the simulated cohort's pack and for a user's own pool."""

import numpy as np
import numpy.typing as npt
from skimage.transform import resize

from activedints.nas.measured.drawing import SIDE

PLANES = {"axial": 2, "coronal": 1, "sagittal": 0}
"""The axis that stands still."""

Array = npt.NDArray[np.floating]


def graded(image: Array, brain: npt.NDArray[np.bool_]) -> Array:
    """(channel, x, y, z) between 0 and 1: 99.5th percentile of the brain, channel by channel; below 0 is 0."""
    tops = np.percentile(image[:, brain], 99.5, axis=1) if brain.any() else np.ones(len(image))
    return np.clip(image / np.maximum(tops, 1e-6)[:, None, None, None], 0, 1)


def places(inside: npt.NDArray[np.bool_], number: int) -> npt.NDArray[np.intp]:
    """Slices evenly spread over the middle three quarters of those that hold brain (``inside``, one flag a slice)."""
    rows = np.flatnonzero(inside)
    return rows[(np.linspace(0.12, 0.88, number) * (len(rows) - 1)).round().astype(int)]


def picture(plane: Array) -> npt.NDArray[np.float64]:
    """(channel, across, up) -> (channel, y, x), the head upright in a square field."""
    upright = plane[:, :, ::-1].transpose(0, 2, 1).astype(float)
    side = max(upright.shape[1:])
    top, left = ((side - n) // 2 for n in upright.shape[1:])
    square = np.zeros((len(upright), side, side))
    square[:, top : top + upright.shape[1], left : left + upright.shape[2]] = upright
    return np.stack([resize(one, (SIDE, SIDE), anti_aliasing=True) for one in square])


def pictures(image: Array, brain: npt.NDArray[np.bool_], plane: str, number: int) -> tuple[Array, npt.NDArray[np.intp]]:
    """``number`` slices of a graded image as (slice, channel, y, x), and where they lie along the plane's axis."""
    axis = PLANES[plane]
    rows = places(brain.any(tuple({0, 1, 2} - {axis})), number)
    return np.stack([picture(np.take(image, row, axis + 1)) for row in rows]), rows
