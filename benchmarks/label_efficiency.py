"""Label efficiency on the frozen cohort: Dice at 20 % of the labels as a share of Dice with all of them, the default
strategy against both controls over seeds, and what the same cells say of the uncertainty
(``activedints bench label-efficiency --seeds 0-9``). Resumes; unfinished it prints what it has.

Settings are fixed here, before their seeds are run: 40 cases to learn from, 4 at first, 2 a cycle, 3 cycles (8 of 40 =
20 %), holdout 12, calibration 6, every training from the starter as in the product, 600 steps of two patches of 32^3
at 2 mm. On a development cohort (seed 9100) mean class Dice after 300 / 600 / 1,200 such steps was .488 / .483 / .476
with 8 labels and .471 / .492 / .481 with 40: converged (before decision 10). From random weights it is not (4 mm, 1,000
steps: .344 with 8 labels, .295 with 40), and until it is, more labels do not help.
"""

from pathlib import Path
from statistics import fmean
from typing import Any

from activedints.core.comparing import areas, band, paired
from activedints.core.strategies import DEFAULT_STRATEGY
from activedints.worker.study.arms import replay
from activedints.worker.study.dataset import load
from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.results import curves, tables
from activedints.worker.study.runner import run_study
from benchmarks.arms import RUNS
from benchmarks.cells import class_dice, last, spent, trained_on
from benchmarks.cohorts import frozen_cohort, numbers, version
from benchmarks.figures import figure, printed, result, told

LEARNING, HOLDOUT, CALIBRATION, INITIAL, BUDGET, CYCLES = 40, 12, 6, 4, 2, 3
CONTROLS = ("foreground-random", "random")
SHARE, TOO_EASY, CONVERGED = 0.97, 0.95, 0.01
START = "starter"


def plan_of(dataset: Path, seeds: tuple[int, ...], steps: int, strategies: tuple[str, ...]) -> Plan:
    return Plan(
        dataset=str(dataset),
        arms=tuple(Arm(name, start=START) for name in strategies),
        seeds=seeds,
        cycles=CYCLES,
        budget=BUDGET,
        initial=INITIAL,
        holdout=HOLDOUT,
        calibration=CALIBRATION,
        steps=steps,
        patch=32,
        spacing=2.0,
    )


def run(seeds: str = "0-9", steps: int = 600, processes: int = 1) -> dict[str, Any]:
    """Figures over ``seeds``; the doubling of the steps is tried at the first seed."""
    chosen = numbers(seeds)
    dataset = frozen_cohort(LEARNING + HOLDOUT + CALIBRATION)
    plan = plan_of(dataset, chosen, steps, (DEFAULT_STRATEGY, *CONTROLS))
    folder = RUNS / f"label-efficiency-{version().replace(' ', '-')}-{steps}"
    summary = run_study(plan, folder, told, processes)
    data = load(plan)
    rows, _ = tables(plan, data, folder, {})
    every = tuple(data.candidates)
    whole = {seed: trained_on(every, data, folder, seed, steps) for seed in chosen}
    default, control, random = (arm.name for arm in plan.arms)
    shares = {arm.name: [last(rows, arm.name, seed) / whole[seed] for seed in chosen] for arm in plan.arms}
    ends = [replay(data, folder, plan.arms[0], seed, {})[-1] for seed in chosen]
    results = [end.result for end in ends if end.result is not None]
    first = chosen[0]
    doubled = trained_on(every, data, folder, first, 2 * steps) - whole[first]
    doubled_few = trained_on(ends[0].cell.labelled, data, folder, first, 2 * steps) - class_dice(results[0])
    gain = paired(areas(curves(rows, default), curves(rows, control)))
    ours, theirs = fmean(shares[default]), fmean(shares[random])
    kept: dict[str, Any] = {"n": len(chosen), "smaller_is_better": False}
    errors = {
        when: [fmean(e for e in found["calibration_error"][when] if e is not None) for found in results]
        for when in ("before", "after")
    }
    before, after = (fmean(errors[when]) for when in ("before", "after"))
    auroc = fmean(found["auroc"] for found in results)
    figures = [
        figure("share_at_20", ours, theirs, "share", interval=band(shares[default]), limit=SHARE, **kept),
        figure(
            "random_share_at_20", theirs, None, "share", interval=band(shares[random]), limit=TOO_EASY, n=len(chosen)
        ),
        figure("doubling_gain_all_labels", doubled, None, "Dice", limit=CONVERGED, n=1),
        figure("doubling_gain_at_20", doubled_few, None, "Dice", limit=CONVERGED, n=1),
        figure("area_against_foreground_random", gain.mean, None, "Dice", interval=(gain.low, gain.high), **kept),
        figure("auroc_of_errors", auroc, None, "AUROC", limit=0.95, **kept),
        figure("class_calibration_error", after, before, "ECE", limit=0.08, n=len(results)),
    ]
    answer = result("label-efficiency", figures, spent(folder), version())
    return answer | {"sentences": summary["sentences"], "shares": shares, "all_labels": whole}


if __name__ == "__main__":
    printed(run())
