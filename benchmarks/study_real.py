"""Region queries on real brains (``activedints bench study-real``): 8 BraTS cases, leave-two-out, boxes of 40^3, the
rest ignored, 5 seeds; the same table as on the cohort, whatever it says. BraTS 2021, CC BY 4.0.

Settings are fixed here, before their seeds are run.
"""

import json
import time
from pathlib import Path
from statistics import fmean
from typing import Any

from activedints.core.comparing import areas, paired, sentence
from activedints.core.strategies import DEFAULT_STRATEGY
from activedints.worker.study.dataset import load
from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.results import curves, tables
from activedints.worker.study.runner import run_study
from benchmarks.arms import RUNS, shared_data
from benchmarks.cohorts import numbers, told
from benchmarks.figures import figure, printed, result

FOLDS = json.loads((Path(__file__).parent / "folds.json").read_text())["folds"]
ARMS = (DEFAULT_STRATEGY, "foreground-random", "random")
CYCLES = 3


def plan_of(fold: list[str], seeds: tuple[int, ...], steps: int) -> Plan:
    """One whole case at first, then 3 boxes a cycle; no calibration cases, for there are six to learn from."""
    return Plan(
        dataset=str(shared_data() / "brats2021_2mm"),
        arms=tuple(Arm(name) for name in ARMS),
        seeds=seeds,
        cycles=CYCLES,
        budget=3,
        initial=1,
        holdout=len(fold),
        calibration=0,
        unit="region",
        side=40,
        steps=steps,
        patch=32,
        holdout_names=tuple(fold),
    )


def run(seeds: str = "0-4", folds: str = "0,1,2,3", steps: int = 300, processes: int = 1) -> dict[str, Any]:
    """Paired over seeds, each seed's figure the mean over folds; cost in voxels."""
    began = time.monotonic()
    chosen = numbers(seeds)
    by_arm: dict[str, list[list[float]]] = {name: [] for name in ARMS}
    sentences = {}
    for number in numbers(folds):
        plan = plan_of(FOLDS[number], chosen, steps)
        folder = RUNS / f"study-real-{number}-{steps}"
        sentences[number] = run_study(plan, folder, told, processes)["sentences"]
        rows, _ = tables(plan, load(plan), folder, {})
        control = curves(rows, "foreground-random", unit="voxels")
        for name in ARMS:
            by_arm[name].append(areas(curves(rows, name, unit="voxels"), control))
    figures, told_sentences = [], []
    for name in ARMS:
        if name == "foreground-random":
            continue
        found = paired([fmean(fold[i] for fold in by_arm[name]) for i in range(len(chosen))])
        interval = (found.low, found.high)
        figures.append(
            figure(
                f"area_against_foreground_random, {name}",
                found.mean,
                None,
                "Dice",
                n=found.n,
                interval=interval,
                smaller_is_better=False,
            )
        )
        told_sentences.append(sentence(name, CYCLES, found))
    answer = result("study-real", figures, processes * (time.monotonic() - began) / 60)
    return answer | {"sentences": told_sentences, "by_fold": sentences}


if __name__ == "__main__":
    printed(run())
