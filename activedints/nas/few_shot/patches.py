"""Few-shot classes from annotated MRI: small in-plane patches around voxels of each label, and around healthy ones.

Arrays are handed in; nothing is read here. A patch spans ``extent`` mm and is resampled to 28 x 28, so that scans of 1
mm and of 2 mm give the same picture. Grey values are scaled per scan and channel, 1st to 99.5th percentile of the head,
to 0..255.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from activedints.core.errors import InvalidChannels, InvalidLabels, InvalidSettings
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE, LabelMap, Volume, spacing
from activedints.nas.few_shot.episodes import SIZE, ImageClasses

HEALTHY = "healthy"
PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The axis that stands still, for arrays (x, y, z) in RAS+."""


@dataclass(frozen=True)
class PatchSettings:
    """Channels, plane, width in mm, number a class and scan; healthy ones at least ``margin`` mm from any label."""

    channels: tuple[str, ...]
    plane: str = "axial"
    extent: float = 32.0
    per_class: int = 20
    margin: float = 10.0

    def __post_init__(self) -> None:
        if self.plane not in PLANES:
            raise InvalidSettings(f"A plane is one of {sorted(PLANES)}; got {self.plane!r}.")
        if not self.channels or self.extent <= 0 or self.per_class < 2:
            raise InvalidSettings(f"Patches need a channel, a positive extent and two a class or more; got {self}.")


def patch_classes(
    scans: dict[str, tuple[Volume, LabelMap]], labels: LabelSet, settings: PatchSettings, seed: int = 0
) -> dict[str, ImageClasses]:
    """For each scan (by name) its classes: every label with enough voxels, and "healthy", ``per_class`` patches each.

    Class names are ``SCAN/LABEL``, so that scans can be kept apart by patient. InvalidLabels where a scan has fewer
    than two classes.
    """
    return {
        name: scan_classes(name, volume, label, labels, settings, np.random.default_rng([seed, number]))
        for number, (name, (volume, label)) in enumerate(sorted(scans.items()))
    }


def scan_classes(
    name: str, volume: Volume, label: LabelMap, labels: LabelSet, settings: PatchSettings, rng: np.random.Generator
) -> ImageClasses:
    missing = [c for c in settings.channels if c not in volume.channels]
    if missing:
        raise InvalidChannels(f"{name} has channels {list(volume.channels)} and lacks {missing}: choose among its own.")
    head = np.abs(volume.array).max(0) > 0
    grey = np.stack([scaled(volume.array[volume.channels.index(c)], head) for c in settings.channels])
    step = np.asarray(spacing(volume.affine))
    found: dict[str, npt.NDArray[np.uint8]] = {}
    for kind, where in kinds(label.array, labels, head, settings.margin / step).items():
        voxels = np.argwhere(where)
        if len(voxels) >= settings.per_class:
            centres = voxels[rng.choice(len(voxels), settings.per_class, replace=False)]
            found[f"{name}/{kind}"] = patches(grey, centres, PLANES[settings.plane], settings.extent / step)
    if len(found) < 2:
        raise InvalidLabels(
            f"{name} has {len(found)} kinds of tissue with {settings.per_class} voxels and an episode needs two: "
            "ask for fewer patches a class or leave this scan out."
        )
    return ImageClasses(np.stack(list(found.values())), tuple(found))


def kinds(
    label: npt.NDArray[np.uint8], labels: LabelSet, head: npt.NDArray[np.bool_], margin: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Masks of the labels and of healthy voxels: annotated background in the head, ``margin`` voxels from any label."""
    masks = {text: label == value for value, text in zip(labels.values[1:], labels.names[1:])}
    near = torch.from_numpy(((label != 0) & (label != IGNORE)).astype(np.float32))[None, None]
    for axis, voxels in enumerate(np.maximum(1, np.round(margin)).astype(int)):
        kernel = [1, 1, 1]
        kernel[axis] = 2 * int(voxels) + 1
        near = F.max_pool3d(near, kernel, 1, [k // 2 for k in kernel])
    return masks | {HEALTHY: head & (label == 0) & (near[0, 0].numpy() == 0)}


def scaled(channel: npt.NDArray[np.floating], head: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Grey values between 0 and 1, by percentiles inside the head."""
    inside = channel[head] if head.any() else np.zeros(1)
    low, high = np.percentile(inside, [1, 99.5])
    return np.clip((channel - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32) * head


def patches(
    grey: npt.NDArray[np.float32], centres: npt.NDArray[np.int64], axis: int, extent: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """(channel, x, y, z) at centres (patch, 3), ``extent`` voxels wide -> (patch, channel, 28, 28); outside is 0."""
    in_plane = [a for a in range(3) if a != axis]
    slices = np.stack([np.take(grey, centre[axis], 1 + axis) for centre in centres])
    size = np.array([slices.shape[2], slices.shape[3]])
    theta = np.zeros((len(centres), 2, 3), np.float32)
    half, middle = extent[in_plane] / size, (2 * centres[:, in_plane] + 1) / size - 1
    theta[:, 0, 0], theta[:, 1, 1] = half[1], half[0]
    theta[:, 0, 2], theta[:, 1, 2] = middle[:, 1], middle[:, 0]
    shape = [len(centres), grey.shape[0], SIZE, SIZE]
    grid = F.affine_grid(torch.from_numpy(theta), shape, align_corners=False)
    picture = F.grid_sample(torch.from_numpy(slices), grid, align_corners=False)
    return (255 * picture).round().to(torch.uint8).numpy()
