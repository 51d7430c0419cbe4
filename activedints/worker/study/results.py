"""What a study found: tidy tables, curves with bands, paired differences against both controls, and the sentences."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from activedints.core.comparing import Curve, Missing, areas, band, paired, sentence
from activedints.core.metrics import ANY_FOREGROUND
from activedints.core.score_choice import score_table
from activedints.worker.study.arms import Embedding, Step, finished_seeds, replay
from activedints.worker.study.dataset import PER_CASE, Data
from activedints.worker.study.plan import CONTROLS, Arm, Plan
from activedints.worker.study.report import write_report

Row = dict[str, Any]
MEAN = "mean over labels"
COLUMNS = ("arm", "seed", "cycle", "volumes", "voxels", "minutes", "label", "dice", "n")


def write_results(plan: Plan, data: Data, folder: Path, cold: Embedding) -> dict[str, Any]:
    """All files of a study from its finished cells; returns the summary."""
    rows, queries = tables(plan, data, folder, cold)
    pd.DataFrame(rows).to_parquet(folder / "results.parquet", index=False)
    pd.DataFrame(queries).to_parquet(folder / "queries.parquet", index=False)
    summary = summarised(plan, rows, queries, ended(plan, data, folder, cold))
    summary["scores"] = scores_against_errors(plan, data, folder, cold)
    partial = folder / "summary.partial"
    partial.write_text(json.dumps(summary, indent=1))
    partial.replace(folder / "summary.json")
    write_report(folder / "report.html", summary)
    return summary


def summarise_study(plan: Plan, data: Data, folder: Path, cold: Embedding) -> dict[str, Any]:
    """The summary of what is finished so far; writes nothing."""
    return summarised(plan, *tables(plan, data, folder, cold), ended(plan, data, folder, cold))


def ended(plan: Plan, data: Data, folder: Path, cold: Embedding) -> dict[str, set[int]]:
    """Arm -> the seeds at which it went to its end."""
    return {arm.name: finished_seeds(data, folder, arm, plan.seeds, cold) for arm in plan.arms}


def tables(plan: Plan, data: Data, folder: Path, cold: Embedding) -> tuple[list[Row], list[Row]]:
    """Tidy rows: a figure per arm, seed, cycle and label; and a row per queried candidate."""
    rows: list[Row] = []
    queries: list[Row] = []
    for arm in plan.arms:
        for seed in plan.seeds:
            spent = {"volumes": 0.0, "voxels": 0.0, "minutes": 0.0}
            for step in replay(data, folder, arm, seed, cold):
                for candidate in step.queried:
                    _spend(spent, data, candidate)
                    queries.append(_query_row(arm, step, data, candidate))
                if step.result is not None:
                    rows += _figures(arm, step, dict(spent), plan)
    return rows, queries


def _spend(spent: dict[str, float], data: Data, candidate: int) -> None:
    spent["volumes"] += data.volumes(candidate)
    spent["voxels"] += data.voxels(candidate)
    spent["minutes"] += data.minutes(candidate) or 0.0


def _query_row(arm: Arm, step: Step, data: Data, candidate: int) -> Row:
    box = data.boxes.get(candidate)
    return {
        "arm": arm.name,
        "seed": step.cell.seed,
        "cycle": step.cell.cycle,
        "case": data.cases[candidate // PER_CASE].case_id,
        "low": list(box[0]) if box else None,
        "high": list(box[1]) if box else None,
        "voxels": data.voxels(candidate),
    }


def _figures(arm: Arm, step: Step, spent: dict[str, float], plan: Plan) -> list[Row]:
    result = step.result
    assert result is not None
    labels = list(result["holdout"][0]["dice"])
    shared = {"arm": arm.name, "seed": step.cell.seed, "cycle": step.cell.cycle, **spent}
    shared["minutes"] = spent["minutes"] if plan.minutes_per_case is not None else None
    more = {"auroc": result["auroc"], "cpu_seconds": result["cpu_seconds"], "steps": result["steps"]}
    means = {}
    rows = []
    for label in labels:
        values = [case["dice"][label] for case in result["holdout"] if case["dice"][label] is not None]
        means[label] = fmean(values) if values else None
        rows.append({**shared, "label": label, "dice": means[label], "n": len(values), **more})
    classes = [mean for label, mean in means.items() if label != ANY_FOREGROUND and mean is not None]
    whole = {"label": MEAN, "dice": fmean(classes) if classes else None, "n": len(result["holdout"])}
    return [*rows, {**shared, **whole, **more}]


def curves(rows: list[Row], arm: str, label: str = MEAN, unit: str = "volumes") -> dict[int, Curve]:
    """Seed -> (cost, Dice) per cycle."""
    found: dict[int, list[tuple[float, float]]] = {}
    for row in rows:
        if row["arm"] == arm and row["label"] == label and row["dice"] is not None:
            found.setdefault(row["seed"], []).append((row[unit], row["dice"]))
    return {seed: sorted(points) for seed, points in found.items()}


def summarised(plan: Plan, rows: list[Row], queries: list[Row], complete: dict[str, set[int]]) -> dict[str, Any]:
    """Bands per arm, cycle and label, differences against both controls, the sentences. ``complete``: arm -> the seeds
    at which it went to its end, of which alone differences are told."""
    unit = plan.budget_unit if plan.unit == "volume" else "voxels"
    names = [arm.name for arm in plan.arms]
    bands = []
    for name in names:
        for label in dict.fromkeys(row["label"] for row in rows):
            for cycle in range(plan.cycles):
                mine = [r for r in rows if (r["arm"], r["label"], r["cycle"]) == (name, label, cycle)]
                values = [r["dice"] for r in mine if r["dice"] is not None]
                if values:
                    edges = band(values)
                    costs = {u: fmean(r[u] for r in mine) for u in ("volumes", "voxels")}
                    minutes = fmean(r["minutes"] for r in mine) if plan.minutes_per_case is not None else None
                    at = {"arm": name, "label": label, "cycle": cycle, **costs, "minutes": minutes}
                    low, high = edges or (None, None)
                    bands.append(at | {"dice": fmean(values), "low": low, "high": high, "n": len(values)})
    found, told = [], []
    for arm in plan.arms:
        for control in CONTROLS:
            if arm.strategy in CONTROLS and (arm.strategy == control or control == "random"):
                continue
            row, words = _against(rows, complete, arm, control, unit)
            found += [row] if row else []
            told.append(words)
    return {
        "name": Path(plan.dataset).name,
        "unit": unit,
        "plan": json.loads(plan.to_json()),
        "hash": plan.hash,
        "bands": bands,
        "differences": found,
        "sentences": told,
        "queries": queries,
        "core_minutes": sum({(r["arm"], r["seed"], r["cycle"]): r["cpu_seconds"] for r in rows}.values()) / 60,
        "finished": {name: len(seeds) for name, seeds in complete.items()},
        "seeds": len(plan.seeds),
    }


def _against(
    rows: list[Row], complete: dict[str, set[int]], arm: Arm, control: str, unit: str
) -> tuple[Row | None, str]:
    """An arm's control differs from it in the strategy alone: same regime, same cold start, same start. They may end
    at different costs: areas are taken over those that both reached."""
    name, beside = arm.name, replace(arm, strategy=control).name
    cycles = max((row["cycle"] for row in rows if row["arm"] == name), default=-1) + 1
    both = complete[name] & complete.get(beside, set())
    if not both:
        return None, sentence(name, cycles, _missing(complete, name, beside), control)
    mine = {s: c for s, c in curves(rows, name, unit=unit).items() if s in both}
    theirs = {s: c for s, c in curves(rows, beside, unit=unit).items() if s in both}
    difference = paired(areas(mine, theirs))
    row = {"arm": name, "control": control, "difference": difference.mean, "low": difference.low}
    row |= {"high": difference.high, "n": difference.n, "cycles": cycles}
    return row, sentence(name, cycles, difference, control)


def _missing(complete: dict[str, set[int]], name: str, beside: str) -> Missing:
    if beside not in complete:
        return Missing.CONTROL
    return Missing.CONTROL_END if complete[name] else Missing.END


def scores_against_errors(plan: Plan, data: Data, folder: Path, cold: Embedding) -> list[Row]:
    """Does a Score rank the holdout's errors: mean correlations over the finished cells of all arms."""
    found: dict[str, list[Row]] = {}
    seen = set()
    for arm in plan.arms:
        for seed in plan.seeds:
            for step in replay(data, folder, arm, seed, cold):
                if step.result is None or step.cell.key in seen:
                    continue
                seen.add(step.cell.key)
                cases = [(case, _error(case["dice"])) for case in step.result["holdout"]]
                usable = [(case, error) for case, error in cases if error is not None]
                errors, volumes = [error for _, error in usable], [case["true_ml"] for case, _ in usable]
                for row in score_table([case["scores"] for case, _ in usable], errors, volumes):
                    found.setdefault(row["score"], []).append(row)
    return sorted((_averaged(name, rows) for name, rows in found.items()), key=lambda row: -(row["spearman"] or -2))


def _error(dice: dict[str, float | None]) -> float | None:
    classes = [value for label, value in dice.items() if label != ANY_FOREGROUND and value is not None]
    return 1 - fmean(classes) if classes else None


def _averaged(name: str, rows: list[Row]) -> Row:
    means = {}
    for what in ("spearman", "partial"):
        values = [row[what] for row in rows if row[what] is not None]
        means[what] = fmean(values) if values else None
    warning = "ranks the best cases first" if means["spearman"] is not None and means["spearman"] < 0 else ""
    return {"score": name, **means, "cells": len(rows), "cases": rows[0]["n"], "warning": warning}
