"""What a finished study's cells say beyond its own tables: a training on other labels, Dice at the end of an arm."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from activedints.core.metrics import ANY_FOREGROUND
from activedints.worker.study.cell import Cell, compute, read_result
from activedints.worker.study.dataset import Data
from activedints.worker.study.results import MEAN
from benchmarks.figures import told


def trained_on(labelled: tuple[int, ...], data: Data, folder: Path, seed: int, steps: int) -> float:
    """Mean class Dice of a training on these labels alone, at as many steps; kept beside the study."""
    plan = data.plan
    cell = Cell(seed, plan.cycles - 1, labelled, "weights-only", plan.arms[0].start, True)
    apart = folder.with_name(f"{folder.name}-{len(labelled)}-labels-{steps}")
    if read_result(apart, cell.key) is None:
        compute(cell, replace(data, plan=replace(plan, steps=steps)), apart, told)
    return class_dice(read_result(apart, cell.key) or {})


def class_dice(found: dict[str, Any]) -> float:
    """Mean over labels of the mean over holdout cases, as the study has it."""
    labels = [name for name in found["holdout"][0]["dice"] if name != ANY_FOREGROUND]
    means = []
    for label in labels:
        values = [case["dice"][label] for case in found["holdout"] if case["dice"][label] is not None]
        means += [fmean(values)] if values else []
    return fmean(means)


def last(rows: list[dict[str, Any]], arm: str, seed: int) -> float:
    """Mean class Dice of an arm's last cycle."""
    mine = [r for r in rows if (r["arm"], r["seed"], r["label"]) == (arm, seed, MEAN)]
    return float(max(mine, key=lambda row: row["cycle"])["dice"])


def spent(folder: Path) -> float:
    """Core-minutes of all cells, whenever they were computed."""
    found = [read_result(folder, path.stem) for path in (folder / "cells").glob("*.json")]
    return sum(cell["cpu_seconds"] for cell in found if cell is not None) / 60
