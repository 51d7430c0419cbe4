"""Scoring 24 cases again when nothing changed, and the same seed twice (``activedints bench scoring-again``)."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import simulate_cohort
from activedints.core.experiment import Start
from activedints.core.job import JobKind, silent
from activedints.loop import commands, experiments
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import cycles
from activedints.store.database import Store
from activedints.worker import scoring
from activedints.worker.here import run_step, run_turn
from benchmarks.figures import figure, printed, result

CASES = 26


def turned(folder: Path, dataset: Path) -> Store:
    """A workspace after one turn of two training steps."""
    store = Store.open(folder)
    import_cases(store, ImportRequest(dataset, holdout="1"))
    settings = replace(experiments.active_settings(store), start=Start.SCRATCH, initial=1, seconds=None, steps=2)
    experiments.create(store, "again", settings)
    run_turn(store, dataset, {}, "cpu", silent)
    return store


def scores(store: Store) -> dict[str, Any]:
    with store.read() as session:
        model = cycles.newest_model(session, experiments.active(session).id)
        assert model is not None
        return {row.case.name: row.scores for row in cycles.predictions(session, model.id).values()}


def run() -> dict[str, Any]:
    """Seconds of the second scoring, forward passes in it, and whether two workspaces agree bit by bit."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        dataset = Path(place) / "cohort"
        simulate_cohort(dataset, CASES, 3, CohortSettings(spacing=4.0))
        first, second = (turned(Path(place) / name, dataset) for name in ("a", "b"))
        equal = scores(first) == scores(second)
        equal = equal and commands.query(first, {})["query"] == commands.query(second, {})["query"]
        passes = 0

        def counted(*arguments: Any) -> Any:
            nonlocal passes
            passes += 1
            return load(*arguments)

        load, scoring.load_model = scoring.load_model, counted
        start = time.monotonic()
        run_step(first, JobKind.SCORE, {}, "cpu", silent)
        seconds = time.monotonic() - start
        scoring.load_model = load
        scored = len(scores(first))
        for store in (first, second):
            store.engine.dispose()
    figures = [
        figure("seconds_again", seconds, None, "s", limit=1.0, n=scored),
        figure("models_loaded_again", float(passes), None, "models", limit=0.0, n=scored),
        figure("same_seed_differs", float(not equal), None, "0 or 1", limit=0.0, n=scored),
    ]
    return result("scoring-again", figures, (time.monotonic() - began) / 60, CohortSettings().version)


if __name__ == "__main__":
    printed(run())
