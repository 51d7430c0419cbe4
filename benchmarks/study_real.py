"""Region queries on real brains (``activedints bench study-real``): 8 BraTS cases, leave-two-out, boxes of 40^3, the
rest ignored, 5 seeds; the same table as on the cohort, whatever it says. BraTS 2021, CC BY 4.0.

Settings are fixed here, before their seeds are run: every training starts from the starter, as in the product.
"""

import json
from pathlib import Path
from statistics import fmean
from typing import Any

from activedints.core.comparing import areas, band, paired, sentence
from activedints.core.metrics import ANY_FOREGROUND
from activedints.core.strategies import DEFAULT_STRATEGY
from activedints.worker.study.dataset import load
from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.results import Row, curves, tables
from activedints.worker.study.runner import run_study
from benchmarks.arms import RUNS, shared_data
from benchmarks.cells import last, spent, trained_on
from benchmarks.cohorts import numbers
from benchmarks.figures import figure, printed, result, told

FOLDS = json.loads((Path(__file__).parent / "folds.json").read_text())["folds"]
CONTROL = "foreground-random"
ARMS = (DEFAULT_STRATEGY, CONTROL, "random")
CYCLES = 3
START = "starter"
ALL = "all six cases"
DICE, AREA = "mean_class_dice", "area_against_foreground_random"
UNITS = {"auroc_of_errors": "AUROC", "share_of_voxels": "share"}


def plan_of(fold: list[str], seeds: tuple[int, ...], steps: int) -> Plan:
    """One whole case at first, then 3 boxes a cycle; no calibration cases, for there are six to learn from."""
    return Plan(
        dataset=str(shared_data() / "brats2021_2mm"),
        arms=tuple(Arm(name, start=START) for name in ARMS),
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


def of_fold(number: int, seeds: tuple[int, ...], steps: int, processes: int) -> dict[tuple[str, str], list[float]]:
    """(arm, figure) -> a value per seed."""
    plan, folder = plan_of(FOLDS[number], seeds, steps), folder_of(number, steps)
    run_study(plan, folder, told, processes)
    data = load(plan)
    rows, _ = tables(plan, data, folder, {})
    curve = {arm.strategy: curves(rows, arm.name, unit="voxels") for arm in plan.arms}
    every = tuple(data.candidates)
    found = {(ALL, DICE): [trained_on(every, data, folder, seed, steps) for seed in seeds]}
    for arm in plan.arms:
        name = arm.strategy
        ends = [end_of(rows, arm.name, seed) for seed in seeds]
        found[name, DICE] = [last(rows, arm.name, seed) for seed in seeds]
        found[name, "any_foreground_dice"] = [end["dice"] for end in ends]
        found[name, "auroc_of_errors"] = [end["auroc"] for end in ends]
        found[name, "share_of_voxels"] = [end["voxels"] / sum(map(data.voxels, every)) for end in ends]
        found[name, AREA] = areas(curve[name], curve[CONTROL])
    return found


def folder_of(number: int, steps: int) -> Path:
    return RUNS / f"study-real-{number}-{steps}"


def end_of(rows: list[Row], arm: str, seed: int) -> Row:
    """The any-foreground row of an arm's last cycle."""
    mine = [row for row in rows if (row["arm"], row["seed"], row["label"]) == (arm, seed, ANY_FOREGROUND)]
    return max(mine, key=lambda row: row["cycle"])


def run(seeds: str = "0-4", folds: str = "0,1,2,3", steps: int = 300, processes: int = 1) -> dict[str, Any]:
    """Paired over seeds, each seed's figure the mean over folds; cost in voxels."""
    chosen, parts = numbers(seeds), numbers(folds)
    by_fold = [of_fold(number, chosen, steps, processes) for number in parts]
    found = {key: [fmean(values) for values in zip(*(fold[key] for fold in by_fold))] for key in by_fold[0]}
    figures, sentences = [], []
    for (arm, what), values in found.items():
        interval = band(values)
        if what == AREA and arm == CONTROL:
            continue
        if what == AREA:
            gain = paired(values)
            interval = (gain.low, gain.high) if gain.low is not None and gain.high is not None else None
            sentences.append(sentence(arm, CYCLES, gain))
        figures.append(
            figure(
                f"{what}, {arm}",
                fmean(values),
                None,
                UNITS.get(what, "Dice"),
                n=len(values),
                interval=interval,
                smaller_is_better=False,
            )
        )
    minutes = sum(spent(folder_of(number, steps)) for number in parts)
    return result("study-real", figures, minutes) | {"sentences": sentences}


if __name__ == "__main__":
    printed(run())
