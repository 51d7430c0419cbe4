"""The zero-label start (``activedints bench zero-label``): models trained on simulated cases alone, on real scans; and
the first cycle from the shipped one against the first from scratch at equal labels.

The simulation was tuned on 00006, 01476, 01478 and 01480 only; the other four report. BraTS 2021, CC BY 4.0.
"""

import time
from statistics import fmean
from typing import Any

from activedints.core.comparing import Difference, paired
from activedints.core.metrics import ANY_FOREGROUND
from activedints.worker.study.dataset import load
from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.results import MEAN, curves, tables
from activedints.worker.study.runner import run_study
from benchmarks.arms import RUNS, remembered, shared_data
from benchmarks.cohorts import numbers
from benchmarks.figures import figure, printed, result, told
from benchmarks.starter import RECIPE, TUNED_ON, dice_of, load_cases, trained_starter

FEW = 2
"""Labels at which both starts are compared."""


def zero_label(seed: int, steps: int, cases: int, device: str) -> dict[str, float]:
    """Any-foreground Dice per real case of a model made as the starter is, from any seed; the last checkpoint."""
    made = trained_starter(seed, steps, cases, device=device)
    found = dice_of(made.path, *load_cases(shared_data() / "brats2021_2mm"))
    return {name: value[0] for name, value in found.items() if value[0] is not None}


def run(
    seeds: str = "0,1,2",
    steps: int = 3000,
    cases: int = 128,
    first: str = "0-4",
    few: int = 300,
    device: str = "auto",
) -> dict[str, Any]:
    """``seeds`` of the simulated trainings; ``first`` are the seeds of the first cycles, ``few`` steps long."""
    began = time.monotonic()
    by_seed = {
        seed: remembered(
            f"zero-label-{RECIPE.hash[:8]}-{cases}-{steps}-{seed}",
            lambda s=seed: zero_label(s, steps, cases, device),
        )
        for seed in numbers(seeds)
    }
    others = [fmean(v for n, v in found.items() if n not in TUNED_ON) for found in by_seed.values()]
    tuned = [fmean(v for n, v in found.items() if n in TUNED_ON) for found in by_seed.values()]
    gain, class_gain, starts = first_cycles(numbers(first), few)
    kept: dict[str, Any] = {"smaller_is_better": False}
    figures = [
        figure(
            "zero_label_dice_others",
            fmean(others),
            None,
            "Dice",
            n=len(others),
            interval=(min(others), max(others)),
            limit=0.65,
            **kept,
        ),
        figure(
            "zero_label_dice_development",
            fmean(tuned),
            None,
            "Dice",
            n=len(tuned),
            interval=(min(tuned), max(tuned)),
            **kept,
        ),
        figure(
            "first_cycle_gain", gain.mean, None, "Dice", n=gain.n, interval=(gain.low, gain.high), limit=0.0, **kept
        ),
        figure(
            "first_cycle_class_gain",
            class_gain.mean,
            None,
            "Dice",
            n=class_gain.n,
            interval=(class_gain.low, class_gain.high),
            **kept,
        ),
    ]
    return result("zero-label", figures, 2 * (time.monotonic() - began) / 60, RECIPE.version) | {
        "cases": by_seed,
        "first_cycles": starts,
    }


def first_cycles(seeds: tuple[int, ...], steps: int) -> tuple[Difference, Difference, dict[str, Any]]:
    """Dice after the first training from the starter minus from scratch, same labels, same steps, paired by seed: of
    any foreground and, second, the mean over labels; and all of it."""
    plan = Plan(
        dataset=str(shared_data() / "brats2021_2mm"),
        arms=(Arm("random", start="starter"), Arm("random")),
        seeds=seeds,
        cycles=1,
        budget=1,
        initial=FEW,
        holdout=4,
        calibration=0,
        steps=steps,
        spacing=2.0,
        holdout_names=tuple(f"BraTS2021_{n}" for n in ("01477", "01482", "01483", "01485")),
    )
    folder = RUNS / f"first-cycles-{steps}"
    run_study(plan, folder, told)
    rows, _ = tables(plan, load(plan), folder, {})
    gains, heights = [], {}
    for label in (ANY_FOREGROUND, MEAN):
        ours, theirs = (
            {seed: curve[0][1] for seed, curve in curves(rows, arm.name, label).items()} for arm in plan.arms
        )
        gains.append(paired([ours[seed] - theirs[seed] for seed in seeds]))
        heights[label] = {"starter": ours, "scratch": theirs}
    return gains[0], gains[1], heights


if __name__ == "__main__":
    printed(run())
