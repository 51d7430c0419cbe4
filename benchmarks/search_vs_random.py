"""The searched architecture against random ones of equal memory, trained for equal core-seconds.

``activedints bench search-vs-random``: 6 random architectures whose counted activation memory is within 3 % of the
searched one's, the same training core-seconds, 3 seeds, mean foreground Dice on the 8 holdout cases of cohort-v1. It
goes on where it was interrupted.
"""

import time
from statistics import fmean, median
from typing import Any

from activedints.learn.candidates import random_like
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.search import searched
from benchmarks.standalone import PATCH, dice_after, mean_dice

SEEDS = (0, 1, 2)
RANDOM = 6
CORE_SECONDS = 120.0


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
    kept: dict[str, Any] = {"smaller_is_better": False}
    return result(
        "search-vs-random",
        [
            figure("mean_foreground_dice", mine, middle, "Dice", n=len(SEEDS) * 8, bar=1.0, **kept),
            figure("random_gap", fmean(gaps), None, "Dice", n=len(gaps), interval=bootstrap(gaps), **kept),
            figure("best_random", mine, max(scores), "Dice", n=len(scores), **kept),
        ],
        (time.process_time() - began) / 60,
        cohort="cohort-v1",
    ) | {"searched": [mean_dice(o) for o in ours], "random": [[mean_dice(o) for o in d] for d in theirs]}


if __name__ == "__main__":
    printed(run())
