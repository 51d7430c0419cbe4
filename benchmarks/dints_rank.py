"""The DiNTS benchmark: architectures of the small space trained alone for equal core-seconds on the simulated cohort,
then ranked: leave-one-out Spearman of predicted with measured Dice, the seed-to-seed ceiling beside it, and as
reference the rank by number of parameters, which costs nothing. (``activedints bench dints-rank``)

Each training is remembered (``.run/``): an interrupted benchmark goes on, also within a training, and with
``--unfinished 1`` it reports on what is trained so far, with its n. ``--table 1`` writes what is measured to
``data/dints_benchmark.json``, which the Architecture ranking and Search pages show.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.architecture import Architecture
from activedints.learn.candidates import counted_costs, draw_candidates
from activedints.learn.networks import shipped
from activedints.nas.rank.agreement import spearman
from activedints.nas.rank.dints_space import dints_benchmark, leave_one_out
from activedints.nas.rank.dints_table import TABLE, DintsTable, write_dints_table
from benchmarks.arms import RUNS
from benchmarks.figures import figure, printed, result
from benchmarks.standalone import PATCH, dice_after, mean_dice

COUNT, SEEDS, CORE_SECONDS, DRAWN_BY = 32, 2, 60.0, 3
ENOUGH = 5
"""Measured architectures from which leaving one out means anything."""


def key_of(architecture: Architecture) -> str:
    return f"rank-{architecture.name.replace(' ', '-')}"


def measured(count: int, core_seconds: float, unfinished: bool) -> list[tuple[Architecture, list[float]]]:
    """Architectures with one Dice a seed; only those that are finished already when ``unfinished``."""
    found = []
    for one in draw_candidates(count, DRAWN_BY, shipped("small"), PATCH):
        keys = [RUNS / f"alone-{key_of(one)}-{core_seconds:g}-{seed}.json" for seed in range(SEEDS)]
        if not unfinished or all(key.is_file() for key in keys):
            runs = [dice_after(one, key_of(one), core_seconds, seed) for seed in range(SEEDS)]
            found.append((one, [mean_dice(run) for run in runs]))
    return found


def run(
    count: int = COUNT, core_seconds: float = CORE_SECONDS, unfinished: int = 0, table: int = 0, out: str = str(TABLE)
) -> dict[str, Any]:
    """``--unfinished 1`` reports on what is trained so far; ``--table 1`` writes it to ``--out``."""
    began = time.process_time()
    pairs = measured(count, core_seconds, bool(unfinished))
    if not pairs:
        return result("dints-rank", [], 0.0, "cohort-v1")
    architectures, dice = tuple(one for one, _ in pairs), np.array([values for _, values in pairs])
    costs = counted_costs(architectures, PATCH)
    if table:
        sizes = costs["activation_megabytes"]
        write_dints_table(DintsTable("cohort-v1", core_seconds, PATCH, architectures, dice, sizes), Path(out))
    figures = [figure("architectures", len(pairs), None, "networks", n=len(pairs) * SEEDS)]
    if len(pairs) >= ENOUGH:
        found = leave_one_out(dints_benchmark(architectures, dice, costs))
        free = spearman(costs["parameters"], dice.mean(1))
        names = {"smaller_is_better": False, "n": found.n}
        figures += [
            figure("leave_one_out_spearman", found.spearman, free, "correlation", **names),
            figure("seed_ceiling", found.ceiling, None, "correlation", **names),
        ]
    minutes = len(pairs) * SEEDS * core_seconds / 60 + (time.process_time() - began) / 60
    return result("dints-rank", figures, minutes, "cohort-v1")


if __name__ == "__main__":
    printed(run())
