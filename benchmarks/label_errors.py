"""Planted label errors (``activedints bench label-errors``): 5 of 24 labelled simulated cases spoiled, 5 seeds; how
many stand in the first 8 of the finder's list. Honest hard cases that stand there too are printed.

Planted are: the map shifted by 3 to 6 mm, one pair of labels swapped, one lobe of 30 % or more removed; never the whole
label.
"""

import time
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np

from activedints.core.settings import TrainSettings
from activedints.learn.data import TrainingCase
from activedints.learn.networks import shipped
from activedints.worker.label_check import cross_validated
from activedints.worker.study.dataset import load
from activedints.worker.study.plan import Arm, Plan
from benchmarks.arms import RUNS, remembered
from benchmarks.cohorts import frozen_cohort, numbers, version
from benchmarks.figures import figure, printed, result, told

CASES, SPOILED, FIRST, FOUND = 24, 5, 8, 4
KINDS = ("shifted", "swapped", "lobe removed")


def shifted(label: np.ndarray, spacing: tuple[float, float, float], rng: np.random.Generator) -> np.ndarray:
    """Moved by 3 to 6 mm in a random direction, to the voxel; what leaves the array is lost."""
    while True:
        direction = rng.normal(size=3)
        wanted = direction / np.linalg.norm(direction) * rng.uniform(3, 6)
        steps = np.round(wanted / np.asarray(spacing)).astype(int)
        if 3 <= float(np.linalg.norm(steps * np.asarray(spacing))) <= 6:
            break
    moved = np.zeros_like(label)
    to = tuple(slice(max(0, s), n + min(0, s)) for s, n in zip(steps, label.shape))
    from_ = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(steps, label.shape))
    moved[to] = label[from_]
    return moved


def swapped(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two foreground labels that are both there change places."""
    present = [int(v) for v in np.unique(label) if v > 0]
    one, other = (int(v) for v in rng.choice(present, 2, replace=False))
    return np.where(label == one, other, np.where(label == other, one, label)).astype(label.dtype)


def lobe_removed(label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A plane cuts off 30 to 50 % of the foreground, which becomes background."""
    places = np.argwhere(label > 0)
    direction = rng.normal(size=3)
    along = places @ direction
    cut = places[along > np.quantile(along, 1 - rng.uniform(0.3, 0.5))]
    spoiled = label.copy()
    spoiled[tuple(cut.T)] = 0
    return spoiled


def plant(cases: list[TrainingCase], seed: int) -> tuple[list[TrainingCase], dict[str, str]]:
    """Spoil SPOILED cases; returns all cases and what was done to which."""
    rng = np.random.default_rng(seed)
    able = [i for i, case in enumerate(cases) if len(np.unique(case.label[case.label > 0])) > 1]
    chosen = rng.choice(able, SPOILED, replace=False)
    done: dict[str, str] = {}
    spoiled = list(cases)
    for turn, index in enumerate(chosen):
        case, kind = cases[int(index)], KINDS[turn % len(KINDS)]
        label = {
            "shifted": lambda c=case: shifted(c.label, c.spacing, rng),
            "swapped": lambda c=case: swapped(c.label, rng),
            "lobe removed": lambda c=case: lobe_removed(c.label, rng),
        }[kind]()
        spoiled[int(index)] = replace(case, label=label)
        done[case.case_id] = kind
    return spoiled, done


def measure(seed: int, steps: int, threads: int) -> dict[str, Any]:
    """The finder's list on one planting: names with their suspicion, and what was planted."""
    plan = Plan(str(frozen_cohort(CASES + 2)), (Arm("random"),), (0,), 1, 1, 1, 1, 0)
    data = load(plan)
    cases, planted = plant([data.cases[i] for i in data.learning][:CASES], seed)
    settings = TrainSettings(steps=steps, seed=seed, threads=threads, device="cpu")
    folder = RUNS / f"label-errors-{version().replace(' ', '-')}-{steps}-{seed}"
    found = cross_validated(cases, shipped("small"), data.channels, data.labels, settings, told, folder)
    ranked = sorted(found, key=lambda name: -found[name].total)
    rows = [
        {"case": n, "suspicion": found[n].total, "looks": found[n].repair.words, "planted": planted.get(n)}
        for n in ranked
    ]
    return {"list": rows, "planted": planted}


def run(seeds: str = "0-4", steps: int = 400, threads: int = 2) -> dict[str, Any]:
    """Planted cases among the first FIRST of the list, mean over seeds."""
    began = time.monotonic()
    stamp = f"label-errors-{version().replace(' ', '-')}-{steps}"
    found = {s: remembered(f"{stamp}-{s}", lambda seed=s: measure(seed, steps, threads)) for s in numbers(seeds)}
    hits = [sum(row["planted"] is not None for row in one["list"][:FIRST]) for one in found.values()]
    by_kind = {
        kind: fmean(
            row["planted"] is not None and place < FIRST
            for one in found.values()
            for place, row in enumerate(one["list"])
            if row["planted"] == kind
        )
        for kind in KINDS
    }
    honest = {s: [row["case"] for row in one["list"][:FIRST] if row["planted"] is None] for s, one in found.items()}
    chance = SPOILED * FIRST / CASES
    figures = [
        figure(
            "planted_in_first_8",
            fmean(hits),
            chance,
            "cases of 5",
            n=len(hits),
            limit=FOUND,
            smaller_is_better=False,
            interval=(min(hits), max(hits)),
        )
    ]
    answer = result("label-errors", figures, threads * (time.monotonic() - began) / 60, version())
    return answer | {"by_kind": by_kind, "honest_cases_listed": honest, "lists": found}


if __name__ == "__main__":
    printed(run())
