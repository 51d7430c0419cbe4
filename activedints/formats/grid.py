"""Voxel grids: the source file's own order of axes on disk, RAS+ inside, and the exact way back."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from activedints.core.volume import Affine, Box, same_grid


@dataclass(frozen=True)
class Grid:
    """``shape`` (x, y, z) in voxels and ``affine`` (4, 4), voxel -> RAS mm, in one order of axes.

    >>> lps = Grid((2, 3, 4), np.diag([-2.0, -2.0, 2.0, 1.0]))
    >>> lps.ras.affine[:3, 3]
    array([-2., -4.,  0.])
    """

    shape: tuple[int, int, int]
    affine: Affine

    @property
    def orientation(self) -> npt.NDArray[np.float64]:
        """nibabel's orientation (3, 2): for each voxel axis the RAS axis nearest to it, and its sign."""
        return np.asarray(io_orientation(self.affine))

    @property
    def axes(self) -> str:
        """Where the voxel axes point to, for example ``LPS``."""
        return "".join(nib.aff2axcodes(self.affine))

    @property
    def ras(self) -> "Grid":
        """The same voxels with their axes permuted and flipped to RAS+; no interpolation."""
        shape = [0, 0, 0]
        for axis, (target, _) in enumerate(self.orientation):
            shape[int(target)] = self.shape[axis]
        return Grid((shape[0], shape[1], shape[2]), self.affine @ inv_ornt_aff(self.orientation, self.shape))

    def to_ras(self, array: npt.NDArray) -> npt.NDArray:
        """``array`` (x, y, z, ...) of this grid, as a view in RAS+ order."""
        return apply_orientation(array, self.orientation)

    def from_ras(self, array: npt.NDArray) -> npt.NDArray:
        """``array`` (x, y, z, ...) in RAS+ order, as a view in this grid's order: the inverse of ``to_ras``."""
        order = self.orientation[:, 0].astype(int)
        back = np.transpose(array, [*order, *range(3, array.ndim)])
        return back[tuple(slice(None, None, int(sign)) for sign in self.orientation[:, 1])]

    def box_from_ras(self, box: Box) -> Box:
        """A half-open box of the RAS+ array, in this grid's own order of axes.

        >>> Grid((2, 3, 4), np.diag([-2.0, 2.0, 2.0, 1.0])).box_from_ras(((0, 0, 0), (1, 2, 3)))
        ((1, 0, 0), (2, 2, 3))
        """
        low, high = [0, 0, 0], [0, 0, 0]
        for axis, (target, sign) in enumerate(self.orientation):
            start, stop = box[0][int(target)], box[1][int(target)]
            if sign < 0:
                start, stop = self.shape[axis] - stop, self.shape[axis] - start
            low[axis], high[axis] = int(start), int(stop)
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def same(self, other: "Grid") -> bool:
        """Whether two grids agree voxel for voxel, in the same order of axes."""
        return self.shape == other.shape and same_grid(self.affine, other.affine)

    def matches(self, other: "Grid") -> bool:
        """Whether two grids hold the same voxels at the same places, whatever their order of axes on disk."""
        return self.same(other) or self.ras.same(other.ras)

    def __str__(self) -> str:
        sizes = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        corner = ", ".join(f"{v:.4g}" for v in self.affine[:3, 3])
        return (
            f"{'x'.join(map(str, self.shape))} voxels of {'x'.join(f'{s:.4g}' for s in sizes)} mm, "
            f"axes {self.axes}, first voxel at ({corner})"
        )
