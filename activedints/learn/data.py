"""Cases as a network sees them: normalised inside the brain, at the working spacing, indexed by class.

The index of class voxels is made once per case (MONAI's loader dilates masks for every crop of every class).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from activedints.core.errors import EmptyPool, InvalidGeometry
from activedints.core.volume import IGNORE

Spacing = tuple[float, float, float]
Size = tuple[int, int, int]
CLIP = (0.5, 99.5)
"""Percentiles inside the brain to which intensities are clipped before the z-score."""
INDEXED = 50_000
"""At most so many voxels of a class are remembered per case."""
SHARE = 0.25
"""Of a GPU's free memory that cases may fill."""
FAR = 0.1
"""Relative difference of spacing above which a case is resampled."""


@dataclass(frozen=True)
class TrainingCase:
    """A labelled case, RAS+: ``image`` (channel, x, y, z), ``brain`` (x, y, z) bool, ``spacing`` mm,
    ``label`` (x, y, z) uint8 of class indices, 255 = ignore; None for an unlabelled case."""

    case_id: str
    image: npt.NDArray[np.generic]
    brain: npt.NDArray[np.bool_]
    spacing: Spacing
    label: npt.NDArray[np.uint8] | None


@dataclass(frozen=True)
class PreparedCase:
    """``image`` (channel, x, y, z) float32 normalised, ``label`` (x, y, z) uint8, ``index``: flat voxels by class."""

    case_id: str
    image: torch.Tensor
    label: torch.Tensor
    index: dict[int, npt.NDArray[np.int64]]


def normalise(image: npt.NDArray[np.generic], brain: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Robust z-score per channel inside the brain, 0 outside; a channel that is constant there stays 0.

    >>> image = np.array([[[[1.0, 3.0, 9.0]]]])
    >>> normalise(image, np.array([[[True, True, False]]])).round(2)
    array([[[[-1.,  1.,  0.]]]], dtype=float32)
    """
    result = np.zeros(image.shape, np.float32)
    for channel, out in zip(image, result):
        inside = channel[brain].astype(np.float32)
        if inside.size == 0 or inside.max() == inside.min():
            continue
        low, high = np.percentile(inside[:: max(1, inside.size // 200_000)], CLIP)
        inside = np.clip(inside, low, high) if high > low else inside
        spread = float(inside.std())
        if spread > 0:
            out[brain] = (inside - float(inside.mean())) / spread
    return result


def resample(volume: torch.Tensor, size: Size) -> torch.Tensor:
    """(channel, x, y, z) float -> the same field of view with ``size`` voxels: trilinear, smoothed when it shrinks.

    Voxel centres are aligned by the field of view (corners of the outer voxels coincide).
    """
    if tuple(volume.shape[1:]) == tuple(size):
        return volume
    batch = volume[None].float()
    for axis in range(3):
        shrink = batch.shape[2 + axis] / size[axis]
        if shrink > 1:
            batch = _blur(batch, axis, sigma=0.4 * shrink)
    return F.interpolate(batch, size=tuple(size), mode="trilinear", align_corners=False)[0]


def resample_label(label: torch.Tensor, size: Size) -> torch.Tensor:
    """(x, y, z) uint8 -> ``size`` by nearest neighbour."""
    return F.interpolate(label[None, None].float(), size=tuple(size), mode="nearest-exact")[0, 0].to(torch.uint8)


def working_size(shape: Sequence[int], spacing: Spacing, target: Spacing | None) -> Size:
    """Voxels of a case at the working spacing; its own shape where the spacing is within ``FAR`` of it."""
    if target is None or max(abs(s - t) / t for s, t in zip(spacing, target)) <= FAR:
        return int(shape[0]), int(shape[1]), int(shape[2])
    x, y, z = (max(1, round(n * s / t)) for n, s, t in zip(shape, spacing, target))
    return x, y, z


def prepare(case: TrainingCase, classes: int, target: Spacing | None = None, patch: Size = (1, 1, 1)) -> PreparedCase:
    """Crop to the brain, normalise, resample to ``target`` mm, pad to at least ``patch``, index the classes.

    Padding is background to the image (0) and ignored by the loss. Raises InvalidGeometry when shapes differ.
    """
    if case.label is None or case.label.shape != case.image.shape[1:] or case.brain.shape != case.label.shape:
        raise InvalidGeometry(
            f"Case {case.case_id}: image {case.image.shape}, brain {case.brain.shape} and label "
            f"{None if case.label is None else case.label.shape} must share one grid; import the case again."
        )
    box = bounding_box(case.brain | ((case.label != IGNORE) & (case.label > 0)))
    brain, label = case.brain[box], torch.from_numpy(np.ascontiguousarray(case.label[box]))
    image = torch.from_numpy(normalise(case.image[(slice(None), *box)], brain))
    size = working_size(label.shape, case.spacing, target)
    image, label = resample(image, size), resample_label(label, size)
    inside = resample_label(torch.from_numpy(np.ascontiguousarray(brain)).to(torch.uint8), size)
    missing = [max(0, p - n) for p, n in zip(patch, size)]
    pad = [side for n in reversed(missing) for side in (n // 2, n - n // 2)]
    image, label, inside = F.pad(image, pad), F.pad(label, pad, value=IGNORE), F.pad(inside, pad)
    return PreparedCase(case.case_id, image, label, _class_index(label.numpy(), inside.numpy() > 0, classes))


def resident(cases: Sequence[PreparedCase], device: torch.device, free: int | None = None) -> list[PreparedCase]:
    """The cases in a GPU's memory, where they fit into a quarter of its ``free`` bytes (asked if None), so that it cuts
    its own patches and waits for none; else, and on the CPU, as they are."""
    if device.type == "cpu":
        return list(cases)
    needed = sum(tensor.nbytes for case in cases for tensor in (case.image, case.label))
    if needed > SHARE * (torch.cuda.mem_get_info(device)[0] if free is None else free):
        return list(cases)
    return [replace(case, image=case.image.to(device), label=case.label.to(device)) for case in cases]


def bounding_box(mask: npt.NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice, slice]:
    """Smallest box around a mask plus ``margin`` voxels; the whole array for an empty mask.

    >>> bounding_box(np.array([[[0, 0, 0, 1, 1, 0, 0]]], bool), margin=1)
    (slice(0, 1, None), slice(0, 1, None), slice(2, 6, None))
    """
    if not mask.any():
        return slice(0, mask.shape[0]), slice(0, mask.shape[1]), slice(0, mask.shape[2])
    bounds = []
    for axis in range(3):
        found = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        bounds.append(slice(max(0, int(found[0]) - margin), min(mask.shape[axis], int(found[-1]) + 1 + margin)))
    return bounds[0], bounds[1], bounds[2]


class PatchSampler:
    """Every other patch is centred on a voxel of the background, the rest on the other classes in equal shares, each
    class drawn from all cases that hold it. With fewer background patches a network sees too few healthy ones and finds
    tumours in healthy brains.

    ``batch(n, random)`` -> image (n, channel, *patch) float32, label (n, *patch) uint8. Nothing is kept between
    calls: the same random stream gives the same batch.
    """

    def __init__(self, cases: Sequence[PreparedCase], patch: Size) -> None:
        self.cases, self.patch = list(cases), patch
        present = sorted({c for case in cases for c in case.index})
        self.holders = {c: [i for i, case in enumerate(self.cases) if c in case.index] for c in present}
        others = [c for c in present if c]
        self.turns = [c for other in others for c in (0, other)] if 0 in present and others else present
        if not present:
            raise EmptyPool("No case has an annotated voxel, so there is nothing to learn from; annotate one first.")

    def batch(self, n: int, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """``n`` patches; the classes take turns from a random start, so every batch is as balanced as it can be."""
        start = int(random.integers(len(self.turns)))
        items = [self._patch(self.turns[(start + i) % len(self.turns)], random) for i in range(n)]
        return torch.stack([image for image, _ in items]), torch.stack([label for _, label in items])

    def _patch(self, chosen: int, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        case = self.cases[self.holders[chosen][int(random.integers(len(self.holders[chosen])))]]
        voxels = case.index[chosen]
        shape = tuple(case.label.shape)
        centre = np.unravel_index(int(voxels[int(random.integers(len(voxels)))]), shape)
        jitter = [int(random.integers(-(p // 4), p // 4 + 1)) for p in self.patch]
        lows = [min(max(int(c) + j - p // 2, 0), n - p) for c, j, p, n in zip(centre, jitter, self.patch, shape)]
        box = tuple(slice(low, low + p) for low, p in zip(lows, self.patch))
        return case.image[(slice(None), *box)], case.label[box]


def _class_index(
    label: npt.NDArray[np.uint8], inside: npt.NDArray[np.bool_], classes: int
) -> dict[int, npt.NDArray[np.int64]]:
    """Flat voxel numbers by class; the background only inside the brain, the ignore label never."""
    index = {}
    for c in range(classes):
        mask = (label == c) & inside if c == 0 else label == c
        voxels = np.flatnonzero(mask)
        if voxels.size:
            index[c] = voxels[:: -(-voxels.size // INDEXED)]
    return index


def _blur(batch: torch.Tensor, axis: int, sigma: float) -> torch.Tensor:
    """Gaussian along one spatial axis of (1, channel, x, y, z), edges repeated."""
    radius = max(1, round(3 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, device=batch.device) / sigma) ** 2)
    moved = batch.movedim(2 + axis, -1)
    rows = F.pad(moved.reshape(-1, 1, moved.shape[-1]), (radius, radius), mode="replicate")
    return F.conv1d(rows, (kernel / kernel.sum())[None, None]).reshape(moved.shape).movedim(-1, 2 + axis)
