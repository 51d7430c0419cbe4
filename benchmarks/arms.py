"""One arm of a comparison: a network trained and measured through the product's own loop in a fresh workspace."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from activedints.core.experiment import ExperimentSettings
from activedints.core.job import silent
from activedints.loop import experiments
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import cases, cycles
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
    from dataclasses import replace

    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        import_cases(store, ImportRequest(dataset, labels="all", holdout=",".join(holdout)))
        settings: ExperimentSettings = replace(
            experiments.active_settings(store),
            architecture=architecture,
            start=type(experiments.active_settings(store).start)(start),
            seconds=seconds,
            seed=seed,
            draws=draws,
        )
        experiments.create(store, "arm", settings)
        with store.write() as session:
            _copy_annotations(session)
        run_turn(store, None, {}, "cpu", silent)
        with store.read() as session:
            experiment = cases.active_experiment(session)
            assert experiment is not None
            model = cycles.newest_model(session, experiment.id)
            assert model is not None
            rows = cycles.evaluations(session, model.id, "holdout")
            found = {row.case.name: _dice(row.metrics) for row in rows}
            facts = {"cases": found, "steps": model.steps, "seconds": model.seconds}
        store.engine.dispose()
        return facts
