"""The searched architecture against random ones of equal memory, trained for equal core-seconds.

``activedints bench search-vs-random``: 6 random architectures whose counted activation memory is within 3 % of the
searched one's, the same training core-seconds, 3 seeds, mean foreground Dice on the 8 holdout cases of cohort-v1; then
the searched one against the median of the first 3 of them on the eight real cases (BraTS 2021, CC BY 4.0; four fixed
folds, one seed). It goes on where it was interrupted.
"""

import time
from statistics import fmean, median
from typing import Any

from activedints.core.architecture import Architecture
from activedints.learn.candidates import random_like
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.loop_real import FOLDS
from benchmarks.search import searched
from benchmarks.standalone import PATCH, dice_after, dice_on_real, mean_dice

SEEDS = (0, 1, 2)
RANDOM = 6
ON_REAL = 3
CORE_SECONDS = 120.0


def real_gaps(found: Architecture, others: list[Architecture], core_seconds: float) -> list[float]:
    """Per real case: the searched architecture's mean class Dice minus the median of the others'."""
    gaps = []
    for fold in range(len(FOLDS)):
        mine = dice_on_real(found, "searched", core_seconds, fold)["cases"]
        drawn = [dice_on_real(a, f"random-{n}", core_seconds, fold)["cases"] for n, a in enumerate(others)]
        gaps += [mine[case] - median(one[case] for one in drawn) for case in mine]
    return gaps


def run(core_seconds: float = CORE_SECONDS) -> dict[str, Any]:
    began = time.process_time()
    found = searched(0).architecture
    others = random_like(RANDOM, 0, found, PATCH)
    ours = [dice_after(found, "searched", core_seconds, seed) for seed in SEEDS]
    theirs = [
        [dice_after(a, f"random-{number}", core_seconds, seed) for number, a in enumerate(others)] for seed in SEEDS
    ]
    gaps = [
        mine["cases"][case] - median(one["cases"][case] for one in drawn)
        for mine, drawn in zip(ours, theirs)
        for case in mine["cases"]
        if mine["cases"][case] is not None
    ]
    scores = [mean_dice(one) for drawn in theirs for one in drawn]
    middle = fmean(median(mean_dice(one) for one in drawn) for drawn in theirs)
    mine = fmean(mean_dice(one) for one in ours)
    real = real_gaps(found, others[:ON_REAL], core_seconds)
    kept: dict[str, Any] = {"smaller_is_better": False}
    return result(
        "search-vs-random",
        [
            figure("mean_foreground_dice", mine, middle, "Dice", n=len(SEEDS) * 8, bar=1.0, **kept),
            figure("random_gap", fmean(gaps), None, "Dice", n=len(gaps), interval=bootstrap(gaps), **kept),
            figure("real_gap", fmean(real), None, "Dice", n=len(real), interval=bootstrap(real), limit=-0.02, **kept),
            figure("best_random", mine, max(scores), "Dice", n=len(scores), **kept),
        ],
        (time.process_time() - began) / 60,
        cohort="cohort-v1",
    ) | {"searched": [mean_dice(o) for o in ours], "random": [[mean_dice(o) for o in d] for d in theirs]}


if __name__ == "__main__":
    printed(run())
