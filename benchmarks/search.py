"""One search on the 24 training cases of the frozen simulated cohort at 2 mm (``activedints bench search``).

Bounded by steps and run on one thread; its core-minutes are the minutes it takes alone on one core, whatever else the
machine does meanwhile. ``python -m benchmarks.search STEPS`` makes what a search of so many steps finds the package's
``small`` architecture, with how it was found.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from activedints.cohort.simulate import simulate_cohort
from activedints.core.architecture import Architecture
from activedints.core.job import Report
from activedints.core.settings import LabelSet, SearchSettings
from activedints.learn.cost import measure
from activedints.learn.data import TrainingCase
from activedints.learn.search import SearchResult, search
from benchmarks.arms import ROOT, RUNS, remembered
from benchmarks.figures import figure, printed, result, told
from benchmarks.starter import load_cases

STEPS = 1600
SEED = 2026
TRAINING, HOLDOUT = 24, 8
"""The frozen cohort: its seed, its first cases to learn from, the rest to measure on."""


def cohort() -> tuple[list[TrainingCase], list[TrainingCase], tuple[str, ...], LabelSet]:
    """Training cases, holdout cases, channels and labels of the cohort that ``bench train`` uses."""
    folder = RUNS / "cohort-train"
    if not (folder / "dataset.json").is_file():
        simulate_cohort(folder, TRAINING + HOLDOUT, SEED)
    cases, channels, labels = load_cases(folder)
    return cases[:TRAINING], cases[TRAINING:], channels, labels


def searched(seed: int = 0, report: Report | None = None, **changes: Any) -> SearchResult:
    """The search of this seed: run, resumed, or read where it is finished."""
    training, _, channels, labels = cohort()
    settings = replace(SearchSettings(steps=STEPS, threads=1, seed=seed), **changes)
    name = "-".join(["search", str(seed), *(f"{key}={value}" for key, value in sorted(changes.items()))])
    return search(training, channels, labels, settings, report or told, RUNS / name)


def memory(architecture: Architecture, key: str) -> float:
    """Measured peak megabytes of one training step of two 48^3 patches."""
    found = remembered(f"memory-{key}", lambda: measure(architecture, 4, 4, (48, 48, 48)).peak_megabytes)
    return float(found)


def run(seed: int = 0) -> dict[str, Any]:
    found = searched(seed)
    story = json.loads(found.history_path.read_text())
    measured, estimate = story["measured"], story["estimate"]
    minutes = measured["core_seconds"] / 60
    figures = [
        figure("minutes", minutes, estimate["seconds"] / 60, "core-min", limit=20),
        figure("peak_megabytes", measured["megabytes"], estimate["megabytes"], "MB", limit=4096),
        figure("stable", float(found.reason.startswith("stable")), None, "", limit=1.0, smaller_is_better=False),
        figure("path_gflops", measured["path_gflops"], estimate["all_gflops"], "GFLOPs"),
    ]
    return result("search", figures, minutes, cohort="cohort-v1") | {"reason": found.reason, "steps": found.steps}


def keep(steps: int, seed: int = 0) -> Path:
    """Write the architecture that a search of so many steps finds into the package, as the default one."""
    found = searched(seed, steps=steps)
    drawn = json.loads((RUNS / "cohort-train" / "dataset.json").read_text())
    made = (
        f"`python -m benchmarks.search {steps}` on the {TRAINING} training cases of {drawn['cohort']} (settings "
        f"{drawn['hash'][:12]}, seed {drawn['seed']}). "
    )
    architecture = replace(found.architecture, name="small", provenance=made + found.architecture.provenance)
    path = ROOT / "activedints" / "learn" / "architectures" / "small.json"
    path.write_text(architecture.to_json() + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(keep(int(sys.argv[1])), file=sys.stderr)
    else:
        printed(run())
