"""One arm of a comparison: a network trained and measured through the product's own loop in a fresh workspace."""

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from activedints.core.experiment import Start
from activedints.core.job import silent
from activedints.loop import experiments
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import cycles
from activedints.store.database import Store
from activedints.worker.here import run_turn

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / ".run"
"""Unfinished and finished measurements, so that an interrupted benchmark goes on where it was (git-ignored)."""


def shared_data() -> Path:
    """Where the shared real data lies (``ACTIVEDINTS_SHARED_DATA``, else ``../shared/data``)."""
    return Path(os.environ.get("ACTIVEDINTS_SHARED_DATA", ROOT.parent / "shared" / "data"))


def remembered(key: str, measure: Any) -> Any:
    """``measure()``, or what it gave last time under this key."""
    path = RUNS / f"{key}.json"
    if path.is_file():
        return json.loads(path.read_text())
    found = measure()
    RUNS.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(found))
    partial.replace(path)
    return found


def run_arm(
    dataset: Path, holdout: list[str], architecture: str, start: str, seconds: float, seed: int = 0, draws: int = 1
) -> dict[str, Any]:
    """Train on all labels of ``dataset`` but the holdout's, measure the holdout.

    Returns ``{"cases": {name: {"any_foreground": dice, "classes": mean dice, "labels": {...}}}, "steps", "seconds"}``.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        done = import_cases(store, ImportRequest(dataset, holdout=",".join(holdout)))
        settings = replace(
            experiments.active_settings(store),
            architecture=architecture,
            start=Start(start),
            seconds=seconds,
            seed=seed,
            draws=draws,
        )
        experiments.create(store, "arm", settings, tuple(name for name in done.imported if name not in holdout))
        run_turn(store, dataset, {}, "cpu", silent)
        with store.read() as session:
            experiment = experiments.active(session)
            model = cycles.models(session, experiment.id)[-1]
            rows = cycles.evaluations(session, model.id, "holdout")
            found = {row.case.name: dice_of(row.metrics) for row in rows}
            facts = {"cases": found, "steps": model.steps, "seconds": model.seconds}
        store.engine.dispose()
    return facts


def dice_of(metrics: dict[str, Any]) -> dict[str, Any]:
    """Dice of one case: any foreground, the mean over its labels where defined, and each label's."""
    labels = {name: found["dice"] for name, found in metrics["labels"].items()}
    defined = [value for value in labels.values() if value is not None]
    mean = fmean(defined) if defined else None
    return {"any_foreground": metrics["any_foreground"]["dice"], "classes": mean, "labels": labels}


def mean_over(cases: dict[str, Any], what: str) -> float:
    """Mean over the cases where it is defined."""
    return fmean(case[what] for case in cases.values() if case[what] is not None)


def differences(ours: dict[str, Any], theirs: dict[str, Any], what: str) -> list[float]:
    """Ours minus theirs, case by case, where both are defined."""
    pairs = [(ours[name][what], theirs[name][what]) for name in ours]
    return [a - b for a, b in pairs if a is not None and b is not None]
