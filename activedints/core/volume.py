"""Arrays that know where they are: Volume and LabelMap, always together with their affine.

Inside the product every array is RAS+ (x grows to the Right, y to Anterior, z to Superior); the source file's own
grid is restored when anything is written. Order: images ``(channel, x, y, z)``, label maps ``(x, y, z)``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidGeometry

IGNORE = 255
"""Label value of voxels that nobody annotated: never a class; loss, metrics and class index skip it."""

Affine = npt.NDArray[np.float64]
Box = tuple[tuple[int, int, int], tuple[int, int, int]]
"""A Region's voxel bounds ``(lo, hi)``, half-open."""


@dataclass(frozen=True)
class Volume:
    """An image: ``array`` (channel, x, y, z), ``affine`` (4, 4) voxel -> RAS mm, one name per channel."""

    array: npt.NDArray[np.floating]
    affine: Affine
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.array.ndim != 4 or self.array.shape[0] != len(self.channels):
            raise InvalidGeometry(
                f"A volume of shape {self.array.shape} does not fit channels {list(self.channels)}: "
                "it must be (channel, x, y, z) with one name per channel."
            )
        check_affine(self.affine)


@dataclass(frozen=True)
class LabelMap:
    """A segmentation: ``array`` (x, y, z) uint8 of label values (IGNORE = not annotated), ``affine`` (4, 4)."""

    array: npt.NDArray[np.uint8]
    affine: Affine

    def __post_init__(self) -> None:
        if self.array.ndim != 3 or self.array.dtype != np.uint8:
            raise InvalidGeometry(
                f"A label map must be (x, y, z) uint8; this one is {self.array.shape} {self.array.dtype}."
            )
        check_affine(self.affine)


def spacing(affine: Affine) -> tuple[float, float, float]:
    """Voxel size in mm along x, y, z: the lengths of the affine's columns.

    >>> spacing(np.diag([2.0, 2.0, 3.0, 1.0]))
    (2.0, 2.0, 3.0)
    """
    x, y, z = np.sqrt((np.asarray(affine)[:3, :3] ** 2).sum(axis=0))
    return float(x), float(y), float(z)


def voxel_millilitres(affine: Affine) -> float:
    """Volume of one voxel in mL: ``|det|`` of the affine's 3 x 3 part / 1000."""
    return float(abs(np.linalg.det(np.asarray(affine)[:3, :3])) / 1000.0)


def check_affine(affine: Affine, what: str = "affine") -> None:
    """Raise InvalidGeometry unless the affine is 4 x 4, finite, invertible and has voxels of a positive size."""
    matrix = np.asarray(affine, dtype=float)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise InvalidGeometry(f"The {what} must be 4 x 4 and finite; repair the header (for example with 3D Slicer).")
    sizes = spacing(matrix)
    if min(sizes) <= 0 or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise InvalidGeometry(
            f"The {what} must be invertible with positive voxel sizes; it has sizes {sizes} mm: repair the header."
        )


def same_grid(first: Affine, second: Affine, tolerance: float = 1e-3) -> bool:
    """Whether two affines place every voxel of a head-sized volume within ``tolerance`` mm per voxel step."""
    return bool(np.allclose(first, second, atol=tolerance, rtol=0))
