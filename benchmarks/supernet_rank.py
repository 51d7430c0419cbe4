"""Does a loss inside the supernet rank networks as their Dice alone does? (``activedints bench supernet-rank``)

Kendall tau over the architectures of the DiNTS benchmark (``dints_rank.py``: drawn from the small space, trained alone
for equal core-seconds, mean holdout Dice of its seeds), between minus the loss with the weights of a supernet trained
on uniform paths and that Dice; beside it the tau of the number of parameters, which costs nothing. Intervals by
resampling the architectures. ``--unfinished 1`` takes those that the DiNTS benchmark has trained so far.
"""

import time
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from activedints.core.architecture import Architecture
from activedints.core.settings import SearchSettings
from activedints.learn.bilevel import Bilevel
from activedints.learn.checkpoint import drop_checkpoints, load_checkpoint, save_checkpoint
from activedints.learn.compute import threads
from activedints.learn.cost import cost
from activedints.learn.topology import Path
from benchmarks.arms import RUNS, remembered
from benchmarks.dints_rank import CORE_SECONDS, COUNT, measured
from benchmarks.figures import figure, printed, result, told
from benchmarks.search import cohort
from benchmarks.standalone import PATCH

STEPS = 1200


def supernet_losses(steps: int, networks: list[Architecture]) -> list[float]:
    """Loss of each architecture on the alphas' half with the weights of a supernet of uniform paths."""
    training, _, _, labels = cohort()
    learn = Bilevel(training, labels.classes, SearchSettings(steps=steps, threads=1))
    folder, purpose = RUNS / f"supernet-rank-{steps}", "uniform paths"
    if state := load_checkpoint(folder, purpose):
        learn.load(state)
    with threads(1):
        while learn.step < steps:
            learn.weight_step(learn.step / steps)
            learn.step += 1
            if learn.step % 50 == 0:
                save_checkpoint(folder, learn.step, {"purpose": purpose, **learn.state()})
                told(learn.step, steps, f"supernet on uniform paths: loss {learn.mean_loss:.3f}")
        losses = [learn.path_loss(Path.of(a)) for a in networks]
    drop_checkpoints(folder)
    return losses


def tau(scores: list[float], dice: list[float], draws: int = 2000) -> tuple[float, tuple[float, float]]:
    """Kendall tau and its 95 % interval over resampled architectures."""
    pairs, random = np.array([scores, dice]), np.random.default_rng(0)
    drawn = [kendalltau(*pairs[:, random.integers(len(dice), size=len(dice))]).statistic for _ in range(draws)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(kendalltau(*pairs).statistic), (float(low), float(high))


def run(steps: int = STEPS, core_seconds: float = CORE_SECONDS, unfinished: int = 0) -> dict[str, Any]:
    began = time.process_time()
    pairs = measured(COUNT, core_seconds, bool(unfinished))
    networks, dice = [one for one, _ in pairs], [fmean(values) for _, values in pairs]
    losses = remembered(f"supernet-rank-{steps}-of-{len(networks)}", lambda: supernet_losses(steps, networks))
    costs = [cost(a, 4, 4, PATCH) for a in networks]
    figures = []
    for what, scores in (
        ("supernet_tau", [-loss for loss in losses]),
        ("parameters_tau", [float(c.parameters) for c in costs]),
        ("gflops_tau", [c.gflops for c in costs]),
    ):
        value, interval = tau(scores, dice)
        figures.append(
            figure(what, value, None, "Kendall tau", n=len(dice), interval=interval, smaller_is_better=False)
        )
    minutes = (time.process_time() - began) / 60
    return result("supernet-rank", figures, minutes, cohort="cohort-v1") | {"dice": dice, "losses": losses}


if __name__ == "__main__":
    printed(run())
