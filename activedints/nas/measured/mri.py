"""Slices of the simulated cohort as small pictures: the pack that ships, and what can be asked of them.

The pack (``mri_slices.npz``, made by ``python -m benchmarks.mri_slices``) holds, for every case, axial slices of all
channels and coronal and sagittal slices of two: 16 x 16, uint8, brighter is more signal. Patients here are simulated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile
from activedints.nas.measured.drawing import SIDE, Array

PACK = Path(__file__).parent / "mri_slices.npz"
CHANNELS = ("FLAIR", "T1w", "T1gd", "T2w")
Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Slices:
    """``axial`` (case, slice, channel, y, x); ``coronal``, ``sagittal`` (case, slice, 2, y, x) of T1w and T2w;
    ``lesion`` (case, slice) per cent of the axial slice's brain; ``side`` (case, slice) -1 where
    the lesion lies in the left half of the picture, 1 in the right one, 0 where it is on both or absent."""

    axial: Pixels
    coronal: Pixels
    sagittal: Pixels
    lesion: npt.NDArray[np.float32]
    side: npt.NDArray[np.int8]


@cache
def read(path: Path = PACK) -> Slices:
    """The pack; InvalidFile for anything else."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Slices(**{name: arrays[name] for name in Slices.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InvalidFile(f"{path.name} is no pack of MRI slices ({fault}): install the package again.") from None


Pictures = tuple[Array, Labels]
Question = Callable[[Slices, slice], Pictures]


def lesion(slices: Slices, cases: slice) -> Pictures:
    """FLAIR: is there a lesion of 1 % of the brain or more (1), or none (0)?"""
    share = slices.lesion[cases]
    return chosen(slices.axial[cases][:, :, 0], np.where(share >= 1, 1, np.where(share == 0, 0, -1)))


def extent(slices: Slices, cases: slice) -> Pictures:
    """FLAIR: no lesion (0), less than 8 % of the slice's brain (1), or more?"""
    share = slices.lesion[cases]
    kinds = np.where(share == 0, 0, np.where(share >= 8, 2, np.where(share >= 1, 1, -1)))
    return chosen(slices.axial[cases][:, :, 0], kinds)


def side(slices: Slices, cases: slice) -> Pictures:
    """T2: is the lesion in the left half of the picture (0) or in the right one?"""
    where = slices.side[cases]
    return chosen(slices.axial[cases][:, :, 3], np.where(where == 0, -1, (where + 1) // 2))


def contrast(slices: Slices, cases: slice) -> Pictures:
    """Which of the four sequences is it?"""
    axial = slices.axial[cases]
    return chosen(axial[:, :6:2], np.broadcast_to(np.arange(4), axial[:, :6:2].shape[:3]))


def plane(slices: Slices, cases: slice) -> Pictures:
    """Axial, coronal or sagittal, T1 or T2?"""
    parts = slices.axial[cases][:, 2:5, 1::2], slices.coronal[cases], slices.sagittal[cases]
    images = np.stack([part[:, :3] for part in parts], 2)
    return chosen(images, np.broadcast_to(np.arange(3)[:, None], images.shape[:4]))


def height(slices: Slices, cases: slice) -> Pictures:
    """T2: low, middle or high in the head?"""
    axial = slices.axial[cases][:, :, 3]
    number = axial.shape[1]
    kinds = np.full(number, -1)
    kinds[[0, 1]], kinds[[number // 2 - 1, number // 2]], kinds[[-2, -1]] = 0, 1, 2
    return chosen(axial, np.broadcast_to(kinds, axial.shape[:2]))


def chosen(images: Pixels, kinds: npt.NDArray[np.integer]) -> Pictures:
    """Pictures (image, y, x) between 0 and 1 and classes of those whose kind is not -1."""
    flat, labels = images.reshape(-1, SIDE, SIDE), np.asarray(kinds).reshape(-1)
    return flat[labels >= 0] / 255.0, labels[labels >= 0].astype(np.int64)
