"""Simulated cohorts, as a job and as a command."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from activedints.cohort.simulate import simulate_cohort
from activedints.core.job import Report
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store.database import Store
from activedints.store.schema import Job


def simulate(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Simulate ``arguments['cases']`` cases and import them into the workspace, with their roles."""
    arguments = job.arguments
    with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        simulate_cohort(Path(scratch), arguments["cases"], arguments.get("seed", 0), report=report)
        request = ImportRequest(
            Path(scratch),
            holdout=arguments.get("holdout"),
            calibration=arguments.get("calibration"),
            simulated=True,
        )
        done = import_cases(store, request, report)
    return lambda session: {"imported": list(done.imported)}
