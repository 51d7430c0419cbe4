"""Few-shot accuracy with its interval and its batch-normalisation mode, on a fixed list of episodes.

The two modes are the field's usual dishonesty, worth two to three points, hence never left out: *transductive*, where
all targets of an episode share one batch and so tell the network about each other; *one target*, where the batch is the
support and one target.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from activedints.core.job import Report, silent
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import EpisodePlan, Episodes, ImageClasses, gather
from activedints.nas.few_shot.functional import Network, Params, stack

Mode = Literal["transductive", "one target"]
MODES: tuple[Mode, ...] = ("transductive", "one target")

Predict = Callable[[Tensor], Tensor]
"""Images (episode, image, channel, y, x) -> logits (episode, image, way) of networks that were adapted already."""


@dataclass(frozen=True)
class Figure:
    """Mean accuracy over episodes in percent, half of its 95 % interval, the number of episodes and the mode."""

    mean: float
    interval: float
    episodes: int
    mode: Mode
    seconds: float = 0.0
    """CPU seconds for adapting to and telling all episodes."""

    def __str__(self) -> str:
        return f"{self.mean:.1f} +- {self.interval:.1f} % ({self.mode}, n = {self.episodes})"


def figure(accuracies: np.ndarray, mode: Mode, seconds: float = 0.0) -> Figure:
    """Mean and 1.96 standard errors of one accuracy (0..1) per episode.

    >>> print(figure(np.array([1.0, 0.8, 0.6, 0.8]), "transductive"))
    80.0 +- 16.0 % (transductive, n = 4)
    """
    spread = accuracies.std(ddof=1) / len(accuracies) ** 0.5
    return Figure(100 * float(accuracies.mean()), 196 * float(spread), len(accuracies), mode, seconds)


@torch.no_grad()
def correct(predict: Predict, batch: Episodes, mode: Mode) -> np.ndarray:
    """Accuracy of each episode (0..1)."""
    if mode == "transductive":
        scores = predict(batch.target)
    else:
        alone = (batch.target[:, i : i + 1] for i in range(batch.target.shape[1]))
        scores = torch.cat([predict(torch.cat([batch.support, one], 1))[:, -1:] for one in alone], 1)
    return (scores.argmax(-1) == batch.target_labels).double().mean(1).numpy()


Adapted = dict[str, Predict]
"""Networks that came out of one adaptation, by name: MetaNAS has several (mixture, pruned, ...)."""


def by_adaptation(network: Network, params: Params, adaptation: Adaptation) -> Callable[[Episodes], Adapted]:
    """What ``evaluate`` wants, for a network whose weights adapt and whose architecture does not."""

    def adapted(batch: Episodes) -> Adapted:
        fast = inner.adapt(network, stack(params, len(batch.support)), batch.support, batch.way, adaptation)
        return {"adapted": predictor(network, fast)}

    return adapted


def predictor(network: Network, params: Params) -> Predict:
    """Adapted weights with their head as a function of images."""
    return lambda images: inner.logits(network.features(params, images), params)


def evaluate(
    adapted: Callable[[Episodes], Adapted],
    images: ImageClasses,
    wanted: EpisodePlan,
    modes: tuple[Mode, ...] = MODES,
    together: int = 20,
    report: Report = silent,
    alone: int | None = None,
) -> dict[tuple[str, Mode], Figure]:
    """Adapt to every episode of the list, ``together`` at a time, and report each network's accuracy in each mode.

    ``alone``: one target at a time in the first so many episodes only (of 20 classes it costs 2,100 images an episode).
    """
    found: dict[tuple[str, Mode], list[np.ndarray]] = {}
    spent: dict[tuple[str, Mode], float] = {}
    for lo in range(0, len(wanted), together):
        batch = gather(images, wanted.part(lo, lo + together))
        start = time.process_time()
        networks = adapted(batch)
        shared = time.process_time() - start
        for name, predict in networks.items():
            for mode in modes:
                if mode == "one target" and alone is not None and lo >= alone:
                    continue
                start = time.process_time()
                found.setdefault((name, mode), []).append(correct(predict, batch, mode))
                spent[name, mode] = spent.get((name, mode), 0.0) + shared + time.process_time() - start
        report(min(lo + together, len(wanted)), len(wanted), "evaluating", None)
    return {key: figure(np.concatenate(parts), key[1], spent[key]) for key, parts in found.items()}
