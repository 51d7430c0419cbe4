"""Does the case Score find the worst cases: rank correlation with 1 - mean class Dice over 32 unseen simulated
volumes, 3 trainings (``activedints bench score-vs-error``). Size alone is in the table; the fitted Score has seen the
errors of Calibration cases only.
"""

import time
from statistics import fmean
from typing import Any

from activedints.core.job import silent
from activedints.core.metrics import ANY_FOREGROUND
from activedints.core.score import DEFAULT_REDUCTION
from activedints.core.score_choice import fit_score, partial_spearman, score_table, spearman
from activedints.worker.study.cell import Cell, compute, read_result
from activedints.worker.study.dataset import load
from activedints.worker.study.plan import Arm, Plan
from benchmarks.arms import RUNS
from benchmarks.cohorts import frozen_cohort, numbers, version
from benchmarks.figures import figure, printed, result

LEARNING, HOLDOUT, CALIBRATION = 24, 32, 8
FITTED = "fitted on calibration"


def run(seeds: str = "0,1,2", steps: int = 500) -> dict[str, Any]:
    """Mean correlations over the trainings of ``seeds``; every Score in ``table``."""
    import math

    import numpy as np

    began = time.monotonic()
    chosen = numbers(seeds)
    dataset = frozen_cohort(LEARNING + HOLDOUT + CALIBRATION + 1)
    plan = Plan(
        str(dataset), (Arm("entropy"),), chosen, 1, 1, LEARNING, HOLDOUT, CALIBRATION, steps=steps, temperature=True
    )
    data = load(plan)
    folder = RUNS / f"score-vs-error-{version().replace(' ', '-')}-{steps}"
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in chosen:
        cell = Cell(seed, 0, tuple(data.candidates[:LEARNING]), "weights-only", "scratch", True)
        if read_result(folder, cell.key) is None:
            compute(cell, data, folder, silent)
        measured = read_result(folder, cell.key) or {}
        holdout, calibration = (usable(measured[role]) for role in ("holdout", "calibration"))
        errors, volumes = [e for _, e in holdout], [case["true_ml"] for case, _ in holdout]
        rows = score_table([case["scores"] for case, _ in holdout], errors, volumes)
        fitted = fit_score([case["scores"] for case, _ in calibration], [e for _, e in calibration])
        if fitted is not None:
            values = [fitted.of(case["scores"]) for case, _ in holdout]
            partial = partial_spearman(values, errors, [math.log(v + 1) for v in volumes])
            rows.append({"score": FITTED, "spearman": spearman(values, errors), "partial": partial, "n": len(errors)})
        for row in rows:
            found.setdefault(row["score"], []).append(row)
    table = [averaged(name, rows) for name, rows in found.items()]
    table.sort(key=lambda row: -row["spearman"])
    default = f"entropy/{DEFAULT_REDUCTION}"
    by_name = {row["score"]: row for row in table}
    kept: dict[str, Any] = {"n": len(chosen), "smaller_is_better": False}
    figures = []
    for name in dict.fromkeys([default, FITTED, "expected_dice_loss", "minus_log_predicted_ml"]):
        if name in by_name:
            row = by_name[name]
            bars = {"spearman": 0.60, "partial": 0.30} if name == default else {}
            for what in ("spearman", "partial"):
                figures.append(figure(f"{what}, {name}", row[what], None, "rho", limit=bars.get(what), **kept))
    negative = [row["score"] for row in table if row["spearman"] < 0]
    answer = result("score-vs-error", figures, (time.monotonic() - began) / 60, version())
    spread = {name: float(np.std([r["spearman"] for r in rows])) for name, rows in found.items()}
    return answer | {"table": table, "ranks_the_best_first": negative, "spread": spread}


def usable(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], float]]:
    """Cases whose mean class Dice is defined, with their error."""
    found = []
    for case in rows:
        classes = [d for name, d in case["dice"].items() if name != ANY_FOREGROUND and d is not None]
        if classes:
            found.append((case, 1 - fmean(classes)))
    return found


def averaged(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the trainings."""
    known = {what: [row[what] for row in rows if row[what] is not None] for what in ("spearman", "partial")}
    means = {what: fmean(values) if values else float("nan") for what, values in known.items()}
    return {"score": name, **means, "n": rows[0]["n"], "trainings": len(rows)}


if __name__ == "__main__":
    printed(run())
