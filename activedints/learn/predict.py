"""Prediction of one case with its uncertainty: the trunk once per window, Draws only in the last 1x1x1.

The head is linear, so windows are blended before it: the features of the trunk are averaged with Gaussian weights over
the windows (which equals blending every draw's logits with these weights), and each Draw is one mask of feature
channels folded into the head's weights, the same mask everywhere in the case, so that window seams look no more
unsure than the rest. Draws are then softmaxes of small matrix products over the brain's voxels, taken in chunks, of
which only running sums are kept: memory does not depend on their number.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from activedints.core.errors import InvalidGeometry
from activedints.core.job import Report, silent
from activedints.core.settings import ScoreSettings
from activedints.core.uncertainty import DrawStatistics
from activedints.learn.compute import threads
from activedints.learn.data import Spacing, bounding_box, normalise, resample, working_size
from activedints.learn.model import Model, channel_order
from activedints.learn.sources import MEMBERS, Pass, Scan, passes

VOXELS, DRAWS = 5_000, 20
"""So many voxels and Draws are in flight at once, whatever the case and the settings."""


@dataclass(frozen=True)
class Prediction:
    """On the given image's grid: ``label_index`` (x, y, z) uint8 of class indices, ``probability`` (class, x, y, z)
    float32, the mean over Draws, ``maps`` (x, y, z) float32 by measure. Outside the brain: background, certain.

    ``class_variance`` (class - 1, x, y, z) over the Draws, None after one. ``embedding`` (2 F,): the first pass' last
    features, averaged over the brain and over the predicted foreground.
    """

    label_index: npt.NDArray[np.uint8]
    probability: npt.NDArray[np.float32]
    maps: dict[str, npt.NDArray[np.float32]]
    draws: int
    seconds: float
    embedding: npt.NDArray[np.float32]
    class_variance: npt.NDArray[np.float32] | None = None


def predict(
    model: Model | Sequence[Model],
    image: npt.NDArray[np.generic],
    brain: npt.NDArray[np.bool_],
    spacing: Spacing,
    channels: tuple[str, ...],
    settings: ScoreSettings,
    report: Report = silent,
) -> Prediction:
    """Segment ``image`` (channel, x, y, z), RAS+ raw intensities, inside ``brain`` (x, y, z).

    ``channels`` names the image's channels; the model takes its own by name (InvalidChannels when one is missing).
    With ``draws`` 1 the pass is deterministic and ``maps`` holds ``entropy`` and ``margin`` alone. Several models are
    the Members of an Ensemble: they share card, channels and working spacing, and each is a Draw.
    """
    began = time.monotonic()
    models = [model] if isinstance(model, Model) else list(model)
    card = models[0].card
    order = channel_order(card.channels, channels, "the model")
    if image.ndim != 4 or image.shape[1:] != brain.shape or image.shape[0] != len(channels):
        raise InvalidGeometry(
            f"Image {image.shape}, brain {brain.shape} and channels {list(channels)} do not fit: "
            "give (channel, x, y, z), (x, y, z) and one name per channel."
        )
    box = bounding_box(brain)
    inside = brain[box]
    with threads(settings.threads), torch.inference_mode():
        device = next(models[0].network.parameters()).device
        scan = torch.from_numpy(normalise(image[(order, *box)], inside)).to(device)
        scan = resample(scan, working_size(inside.shape, spacing, card.spacing))
        mask = torch.from_numpy(np.ascontiguousarray(inside)).to(device)
        found = _stream(passes(models, Scan(scan, mask), settings, report), settings.temperature)
    probability = np.zeros((found.mean.shape[0], *brain.shape), np.float32)
    probability[0] = 1
    probability[(slice(None), *box)] = _unpacked(found.mean, inside, certain=True)
    whole = {name: np.zeros(brain.shape, np.float32) for name in found.maps}
    for name, values in found.maps.items():
        whole[name][box] = _unpacked(values, inside)
    variance = None
    if found.variance is not None:
        variance = np.zeros((found.variance.shape[0], *brain.shape), np.float32)
        variance[(slice(None), *box)] = _unpacked(found.variance, inside)
    draws = len(models) if settings.source in MEMBERS else settings.draws
    seconds = time.monotonic() - began
    label = probability.argmax(0).astype(np.uint8)
    return Prediction(label, probability, whole, draws, seconds, found.embedding, variance)


@dataclass(frozen=True)
class _Streamed:
    """Over the brain's voxels alone: ``mean`` (class, voxel), ``maps`` (voxel), ``variance`` (class - 1, voxel)."""

    mean: npt.NDArray[np.float32]
    maps: dict[str, npt.NDArray[np.float32]]
    variance: npt.NDArray[np.float32] | None
    embedding: npt.NDArray[np.float32]


def _stream(source: Iterator[Pass], temperature: float) -> _Streamed:
    """Running sums over all passes, a few voxels and Draws at a time: memory does not depend on their number."""
    statistics: dict[int, DrawStatistics] = {}
    embedding: npt.NDArray[np.float32] | None = None
    for one in source:
        for weight in one.weight.split(DRAWS):
            draws, classes, _ = weight.shape
            matrix = weight.transpose(0, 1).reshape(classes * draws, -1)
            for low in range(0, max(one.features.shape[1], 1), VOXELS):
                logits = (matrix @ one.features[:, low : low + VOXELS]).reshape(classes, draws, -1)
                p = torch.softmax((logits + one.bias[:, None, None]) / temperature, 0).transpose(0, 1)
                statistics.setdefault(low, DrawStatistics()).add(p)
        if embedding is None:
            foreground = torch.cat([1 - part.mean()[0] for part in statistics.values()])
            embedding = _embedding(one.features, foreground)
    parts = list(statistics.values())
    kept = [part.maps() for part in parts]
    names = [name for name in kept[0] if parts[0].draws > 1 or name != "expected_entropy"]
    maps = {name: torch.cat([part[name] for part in kept]).cpu().numpy() for name in names}
    mean = torch.cat([part.mean() for part in parts], 1).cpu().numpy()
    variance = torch.cat([p.class_variance() for p in parts], 1).cpu().numpy() if parts[0].draws > 1 else None
    assert embedding is not None
    return _Streamed(mean, maps, variance, embedding)


def _embedding(features: torch.Tensor, foreground: torch.Tensor) -> npt.NDArray[np.float32]:
    """Features (F, voxel) averaged over the brain and over the predicted foreground: (2 F,)."""
    weight = foreground / foreground.sum().clamp(min=1e-6)
    return torch.cat([features.mean(1), features @ weight]).nan_to_num().cpu().numpy()


def _unpacked(
    values: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_], certain: bool = False
) -> npt.NDArray[np.float32]:
    """Voxels (..., voxel) back in their box (..., x, y, z); outside 0, or with ``certain`` sure of the background."""
    whole = np.zeros((*values.shape[:-1], *mask.shape), np.float32)
    if certain:
        whole[0] = 1
    whole[..., mask] = values
    return whole
