"""Prediction of one case with its uncertainty: the trunk once per window, Draws only in the last 1x1x1.

The head is linear, so windows are blended before it: the features of the trunk are averaged with Gaussian weights over
the windows (which equals blending every draw's logits with these weights), and each Draw is one mask of feature
channels folded into the head's weights, the same mask everywhere in the case, so that window seams look no more
unsure than the rest. Draws are then softmaxes of small matrix products over the brain's voxels, taken in chunks, of
which only running sums are kept: memory does not depend on their number.
"""

import time
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import torch

from activedints.core.errors import InvalidGeometry
from activedints.core.job import Report, silent
from activedints.core.settings import ScoreSettings
from activedints.core.uncertainty import DrawStatistics
from activedints.learn.compute import autocast, threads
from activedints.learn.data import Size, Spacing, bounding_box, normalise, resample, working_size
from activedints.learn.model import Model, channel_order
from activedints.learn.networks import Network

CHUNK = 400_000
"""About so many probabilities (draws x classes x voxels) are in flight at once."""


@dataclass(frozen=True)
class Prediction:
    """On the given image's grid: ``label_index`` (x, y, z) uint8 of class indices, ``probability`` (class, x, y, z)
    float32, the mean over Draws, ``maps`` (x, y, z) float32 by measure. Outside the brain: background, certain."""

    label_index: npt.NDArray[np.uint8]
    probability: npt.NDArray[np.float32]
    maps: dict[str, npt.NDArray[np.float32]]
    draws: int
    seconds: float


def predict(
    model: Model,
    image: npt.NDArray[np.generic],
    brain: npt.NDArray[np.bool_],
    spacing: Spacing,
    channels: tuple[str, ...],
    settings: ScoreSettings,
    report: Report = silent,
) -> Prediction:
    """Segment ``image`` (channel, x, y, z), RAS+ raw intensities, inside ``brain`` (x, y, z).

    ``channels`` names the image's channels; the model takes its own by name (InvalidChannels when one is missing).
    With ``draws`` 1 the pass is deterministic and ``maps`` holds ``entropy`` alone.
    """
    began = time.monotonic()
    order = channel_order(model.card.channels, channels, "the model")
    if image.ndim != 4 or image.shape[1:] != brain.shape or image.shape[0] != len(channels):
        raise InvalidGeometry(
            f"Image {image.shape}, brain {brain.shape} and channels {list(channels)} do not fit: "
            "give (channel, x, y, z), (x, y, z) and one name per channel."
        )
    box = bounding_box(brain)
    inside = brain[box]
    with threads(settings.threads), torch.inference_mode():
        device = next(model.network.parameters()).device
        scan = torch.from_numpy(normalise(image[(order, *box)], inside)).to(device)
        scan = resample(scan, working_size(inside.shape, spacing, model.card.spacing))
        features = window_features(model.network, scan, settings, report)
        features = resample(features, inside.shape)
        weights = draw_weights(model.network, settings)
        mean, maps = _statistics(features, weights, torch.from_numpy(np.ascontiguousarray(inside)).to(device))
    probability = np.zeros((mean.shape[0], *brain.shape), np.float32)
    probability[0] = 1
    probability[(slice(None), *box)] = mean
    whole = {name: np.zeros(brain.shape, np.float32) for name in maps}
    for name, values in maps.items():
        whole[name][box] = values
    label = probability.argmax(0).astype(np.uint8)
    return Prediction(label, probability, whole, settings.draws, time.monotonic() - began)


def window_features(
    network: Network, scan: torch.Tensor, settings: ScoreSettings, report: Report = silent
) -> torch.Tensor:
    """Trunk features (F, x, y, z) of a normalised scan (channel, x, y, z), Gaussian-blended over its windows."""
    size = tuple(scan.shape[1:])
    patch = window_size(size, settings.patch, network.divisor)
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


def window_size(size: tuple[int, ...], patch: Size, divisor: int) -> Size:
    """The settings' patch, its sides rounded up to what the network can take."""
    x, y, z = (-(-p // divisor) * divisor for p in patch)
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


def draw_weights(network: Network, settings: ScoreSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Head weights (draw, class, F) with each Draw's mask folded in (W * mask / keep), and the bias (class,).

    One draw: the plain weights. The masks are drawn on the CPU from the seed, the same on every device.
    """
    weight = network.head.weight.detach().float()[:, :, 0, 0, 0]
    bias = network.head.bias.detach().float()
    if settings.draws == 1:
        return weight[None], bias
    keep = 1 - network.dropout.p
    stream = torch.Generator().manual_seed(settings.seed)
    mask = (torch.rand(settings.draws, weight.shape[1], generator=stream) < keep).to(weight)
    return weight[None] * (mask / keep)[:, None].to(weight.device), bias


def _statistics(
    features: torch.Tensor, weights: tuple[torch.Tensor, torch.Tensor], inside: torch.Tensor
) -> tuple[npt.NDArray[np.float32], dict[str, npt.NDArray[np.float32]]]:
    """Mean probability (class, x, y, z) and maps (x, y, z) from features (F, x, y, z); certain background outside."""
    weight, bias = weights
    draws, classes, _ = weight.shape
    matrix = weight.transpose(0, 1).reshape(classes * draws, -1)
    brain = features.reshape(features.shape[0], -1)[:, inside.reshape(-1)]
    count = brain.shape[1]
    means = np.zeros((classes, count), np.float32)
    maps: dict[str, npt.NDArray[np.float32]] = {}
    chunk = max(1, CHUNK // (draws * classes))
    for low in range(0, count, chunk):
        part = brain[:, low : low + chunk]
        logits = (matrix @ part).reshape(classes, draws, -1) + bias[:, None, None]
        statistics = DrawStatistics()
        statistics.add(torch.softmax(logits, 0).transpose(0, 1))
        means[:, low : low + chunk] = statistics.mean().cpu().numpy()
        for name, values in statistics.maps().items():
            if draws == 1 and name != "entropy":
                continue
            maps.setdefault(name, np.zeros(count, np.float32))[low : low + chunk] = values.cpu().numpy()
    mask = inside.cpu().numpy()
    probability = np.zeros((classes, *mask.shape), np.float32)
    probability[0] = 1
    probability[:, mask] = means
    whole = {}
    for name, values in maps.items():
        whole[name] = np.zeros(mask.shape, np.float32)
        whole[name][mask] = values
    return probability, whole


def _gaussian(patch: Size, device: torch.device) -> torch.Tensor:
    """Weights (x, y, z) of a window: a Gaussian of an eighth of the side, at least 1e-3, as nnU-Net's."""
    axes = [torch.exp(-0.5 * ((torch.arange(p, device=device) - (p - 1) / 2) / (p / 8)) ** 2) for p in patch]
    return (axes[0][:, None, None] * axes[1][:, None] * axes[2]).clamp(min=1e-3)
