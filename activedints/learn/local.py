"""Prediction of a small box of a case, for a reader who waits: the box and its surroundings, one deterministic pass."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from activedints.core.settings import ScoreSettings
from activedints.core.volume import Box
from activedints.learn.compute import threads
from activedints.learn.data import Spacing, bounding_box, normalise, resample, working_size
from activedints.learn.model import Model, channel_order
from activedints.learn.sources import draw_weights
from activedints.learn.windows import window_features

CONTEXT = 24.0
"""Millimetres around the box that the network sees as well."""


def predict_box(
    model: Model,
    image: npt.NDArray[np.generic],
    brain: npt.NDArray[np.bool_],
    spacing: Spacing,
    channels: Sequence[str],
    box: Box,
    settings: ScoreSettings,
) -> npt.NDArray[np.uint8]:
    """Class indices (x, y, z) of ``box`` (half-open voxels of ``image`` (channel, x, y, z), RAS+).

    Intensities are normalised over the whole brain, as in a whole prediction; background outside the brain. The
    windows lie otherwise than in a whole prediction, so single voxels at borders may differ from it.
    """
    order = channel_order(model.card.channels, tuple(channels), "the model")
    whole = bounding_box(brain)
    wide = tuple(
        slice(max(around.start, lo - margin), min(around.stop, hi + margin))
        for lo, hi, around, margin in zip(*box, whole, (int(np.ceil(CONTEXT / s)) for s in spacing))
    )
    answer = np.zeros([hi - lo for lo, hi in zip(*box)], np.uint8)
    if any(side.stop <= side.start for side in wide):
        return answer  # the box lies outside the brain
    inside = tuple(slice(side.start - a.start, side.stop - a.start) for side, a in zip(wide, whole))
    with threads(settings.threads), torch.inference_mode():
        device = next(model.network.parameters()).device
        scan = normalise(image[(order, *whole)], brain[whole])[(slice(None), *inside)]
        shape = scan.shape[1:]
        part = torch.from_numpy(np.ascontiguousarray(scan)).to(device)
        part = resample(part, working_size(shape, spacing, model.card.spacing))
        features = resample(window_features(model.network, part, settings), (shape[0], shape[1], shape[2]))
        weight, bias = draw_weights(model.network, ScoreSettings(draws=1))
        logits = torch.einsum("cf,fxyz->cxyz", weight[0], features) + bias[:, None, None, None]
        label = logits.argmax(0).to(torch.uint8).cpu().numpy()
    label = np.where(brain[wide], label, 0).astype(np.uint8)
    here = [(max(lo, w.start), min(hi, w.stop)) for lo, hi, w in zip(*box, wide)]
    target = tuple(slice(a - lo, b - lo) for (a, b), lo in zip(here, box[0]))
    source = tuple(slice(a - w.start, b - w.start) for (a, b), w in zip(here, wide))
    answer[target] = label[source]
    return answer
