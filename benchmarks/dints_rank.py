"""The DiNTS benchmark: architectures of the small space trained alone for equal core-seconds on the simulated cohort,
then ranked: leave-one-out Spearman of predicted with measured Dice, the seed-to-seed ceiling beside it, and as
reference the rank by number of parameters, which costs nothing. (``activedints bench dints-rank``)

Each training is remembered (``.run/``): an interrupted benchmark goes on, and prints its n when it is unfinished.
``--table 1`` writes what is measured to ``data/dints_benchmark.json`` for the pages.
"""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.architecture import Architecture
from activedints.learn.cost import cost
from activedints.learn.networks import shipped
from activedints.nas.rank.agreement import spearman
from activedints.nas.rank.dints_space import dints_benchmark, leave_one_out
from benchmarks.arms import RUNS
from benchmarks.figures import figure, printed, result
from benchmarks.standalone import PATCH, dice_after, mean_dice, random_architectures

COUNT, SEEDS, CORE_SECONDS = 32, 2, 120.0
TABLE = Path(__file__).resolve().parents[1] / "data" / "dints_benchmark.json"


def measured(count: int, core_seconds: float, unfinished: bool) -> list[tuple[Architecture, list[float]]]:
    """Architectures with one Dice a seed; only those that are finished already when ``unfinished``."""
    found = []
    for one in random_architectures(count, 3, shipped("small")):
        keys = [RUNS / f"alone-rank-{one.name}-{core_seconds:g}-{seed}.json" for seed in range(SEEDS)]
        if not unfinished or all(key.is_file() for key in keys):
            runs = [dice_after(one, f"rank-{one.name}", core_seconds, seed) for seed in range(SEEDS)]
            found.append((one, [mean_dice(run) for run in runs]))
    return found


def run(count: int = COUNT, core_seconds: float = CORE_SECONDS, unfinished: int = 0, table: int = 0) -> dict[str, Any]:
    """``--unfinished 1`` reports on what is trained so far."""
    began = time.process_time()
    pairs = measured(count, core_seconds, bool(unfinished))
    architectures, dice = [one for one, _ in pairs], np.array([values for _, values in pairs])
    costs = [cost(one, 4, 4, PATCH) for one in architectures]
    columns = {
        "parameters": np.array([c.parameters for c in costs]) / 1e6,
        "gflops": np.array([c.gflops for c in costs]),
        "activation_megabytes": np.array([c.activation_megabytes for c in costs]),
    }
    found = leave_one_out(dints_benchmark(architectures, dice, columns))
    if table:
        rows = [asdict(one) | {"dice": values.tolist()} for one, values in zip(architectures, dice)]
        said = {
            "core_seconds": core_seconds,
            "cohort": "cohort-v1",
            "costs": {k: v.tolist() for k, v in columns.items()},
        }
        TABLE.write_text(json.dumps(said | {"architectures": rows}) + "\n")
    free = spearman(columns["parameters"], dice.mean(1))
    names = {"smaller_is_better": False, "n": found.n}
    figures = [
        figure("leave_one_out_spearman", found.spearman, free, "correlation", **names),
        figure("seed_ceiling", found.ceiling, None, "correlation", **names),
    ]
    minutes = len(pairs) * SEEDS * core_seconds / 60 + (time.process_time() - began) / 60
    return result("dints-rank", figures, minutes, "cohort-v1")


if __name__ == "__main__":
    printed(run())
