"""Windows over a scan: where they lie, and a trunk's features blended over them."""

from itertools import product

import numpy as np
import torch

from activedints.core.job import Report, silent
from activedints.core.settings import ScoreSettings
from activedints.learn.compute import autocast
from activedints.learn.data import Size
from activedints.learn.networks import Network


def window_features(
    network: Network, scan: torch.Tensor, settings: ScoreSettings, report: Report = silent
) -> torch.Tensor:
    """Trunk features (F, x, y, z) of a normalised scan (channel, x, y, z), Gaussian-blended over its windows."""
    size = tuple(scan.shape[1:])
    patch = window_size(size, settings.patch, network)
    padded = [max(0, p - n) for p, n in zip(patch, size)]
    pad = [side for n in reversed(padded) for side in (n // 2, n - n // 2)]
    scan = torch.nn.functional.pad(scan, pad)
    total = torch.zeros((network.features, *scan.shape[1:]), device=scan.device)
    weight_sum = torch.zeros(scan.shape[1:], device=scan.device)
    importance = _gaussian(patch, scan.device)
    boxes = [box for box in windows(scan.shape[1:], patch, settings.overlap) if bool(scan[(slice(None), *box)].any())]
    for step, box in enumerate(boxes):
        part = scan[(slice(None), *box)][None].contiguous(memory_format=torch.channels_last_3d)
        with autocast(scan.device, settings.precision):
            features = network.trunk(part)[0]
        total[(slice(None), *box)] += features.float() * importance
        weight_sum[box] += importance
        report(step + 1, len(boxes), "Predicting", None)
    total /= weight_sum.clamp_(min=1e-6)
    start = [n // 2 for n in padded]
    return total[(slice(None), *(slice(s, s + n) for s, n in zip(start, size)))]


def window_size(size: tuple[int, ...], patch: Size, network: Network) -> Size:
    """The window for a scan, its sides rounded up to what the network can take.

    A network of batch norms gets a third more than the patch that it learned from, for a wider view, unless the scan
    ends before (docs/decisions/0008-batch-norm.md); the others get their patch, as their authors do it.
    """
    unit = network.divisor
    wide = 4 / 3 if network.remembers_brightness else 1
    x, y, z = (max(-(-p // unit), int(min(n, wide * p) // unit)) * unit for n, p in zip(size, patch))
    return x, y, z


def windows(size: tuple[int, ...], patch: Size, overlap: float) -> list[tuple[slice, slice, slice]]:
    """Boxes of ``patch`` that cover ``size``, evenly spread, neighbours sharing at least ``overlap`` of a side.

    >>> [box[2].start for box in windows((4, 4, 10), (4, 4, 4), 0.25)]
    [0, 3, 6]
    """
    starts = []
    for n, p in zip(size, patch):
        count = 1 if n <= p else 1 + int(np.ceil((n - p) / max(1, round(p * (1 - overlap)))))
        starts.append([round(i * (n - p) / max(1, count - 1)) for i in range(count)])
    return [(slice(x, x + patch[0]), slice(y, y + patch[1]), slice(z, z + patch[2])) for x, y, z in product(*starts)]


def _gaussian(patch: Size, device: torch.device) -> torch.Tensor:
    """Weights (x, y, z) of a window: a Gaussian of an eighth of the side, at least 1e-3, as nnU-Net's."""
    axes = [torch.exp(-0.5 * ((torch.arange(p, device=device) - (p - 1) / 2) / (p / 8)) ** 2) for p in patch]
    return (axes[0][:, None, None] * axes[1][:, None] * axes[2]).clamp(min=1e-3)
