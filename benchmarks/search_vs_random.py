"""The searched architecture against random ones of equal memory, and the baselines, trained for equal core-seconds.

``activedints bench search-vs-random``: 6 random architectures whose counted activation memory is within 3 % of the
searched one's, the same training core-seconds, 3 seeds, mean foreground Dice on the 8 holdout cases of cohort-v1.
``activedints bench baselines``: SegResNet, DynUNet by nnU-Net's rules, the published DiNTS code, the hand-made small
architecture and the median random one in one table. Both go on where they were interrupted.
"""

import sys
import time
from dataclasses import replace
from statistics import fmean, median
from typing import Any

from activedints.core.architecture import Architecture
from activedints.learn.cost import cost
from activedints.learn.networks import shipped
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.search import searched
from benchmarks.standalone import PATCH, Network, core_seconds_a_step, dice_after, mean_dice, random_architectures

SEEDS = (0, 1, 2)
RANDOM = 6
TOLERANCE = 0.03
CORE_SECONDS = 120.0


def run(core_seconds: float = CORE_SECONDS) -> dict[str, Any]:
    began = time.process_time()
    found = searched(0).architecture
    others = random_architectures(RANDOM, 0, found, TOLERANCE)
    ours = [dice_after(found, "searched", core_seconds, seed) for seed in SEEDS]
    theirs = [[dice_after(a, a.name, core_seconds, seed) for a in others] for seed in SEEDS]
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


def baselines(core_seconds: float = CORE_SECONDS, seed: int = 0) -> dict[str, Any]:
    """One row a network: Dice after equal core-seconds, steps, parameters, GFLOPs and activation memory of a patch."""
    began = time.process_time()
    found = searched(0).architecture
    networks: dict[str, Network] = {
        "searched": found,
        "hand-made": shipped("hand-made"),
        "random": random_architectures(1, 0, found, TOLERANCE)[0],
        "segresnet": "segresnet",
        "dynunet": "dynunet",
        "cvpr2021": replace(shipped("cvpr2021"), channel_mul=0.25),
    }
    table, figures = [], []
    reference = dice_after("segresnet", "segresnet", core_seconds, seed)
    for name, network in networks.items():
        key = network.name if name == "random" and isinstance(network, Architecture) else name
        one, counted = dice_after(network, key, core_seconds, seed), cost(network, 4, 4, PATCH)
        gaps = [d - reference["cases"][c] for c, d in one["cases"].items() if d is not None]
        row = {
            "network": name,
            "dice": mean_dice(one),
            "segresnet_gap": fmean(gaps),
            "interval": bootstrap(gaps),
            "steps": one["steps"],
            "core_seconds_a_step": core_seconds_a_step(network, key),
            "parameters": counted.parameters,
            "gflops": counted.gflops,
            "activation_megabytes": counted.activation_megabytes,
        }
        table.append(row)
        kept: dict[str, Any] = {"n": len(gaps), "interval": row["interval"], "smaller_is_better": False}
        figures.append(figure(f"{name}_dice", row["dice"], mean_dice(reference), "Dice", **kept))
    minutes = (time.process_time() - began) / 60
    return result("baselines", figures, minutes, cohort="cohort-v1") | {"table": table}


if __name__ == "__main__":
    printed(baselines() if "baselines" in sys.argv else run())
