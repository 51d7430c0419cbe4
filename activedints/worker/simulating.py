"""Simulated cohorts, as a job and as a command."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activedints.cohort.simulate import anatomy_files, simulate_cohort
from activedints.core.job import Report
from activedints.core.settings import MOST_CASES, check_number, check_seed
from activedints.loop.importing import ImportReport, ImportRequest, import_cases
from activedints.store.database import Session, Store
from activedints.store.schema import Job


def write_cohort(folder: Path, cases: int, seed: int, report: Report, anatomies: Path | None = None) -> Path:
    """Simulate ``cases`` cases into ``folder`` in MSD layout; the path of dataset.json.

    ``anatomies`` is a folder of label maps of real brains; without one the heads are bent from the MNI152 average.
    """
    check_number("The number of simulated cases", cases, MOST_CASES)
    check_seed(seed)
    templates = anatomy_files(anatomies) if anatomies else ()
    return simulate_cohort(folder, cases, seed, report=report, templates=templates, processes=os.cpu_count() or 1)


def simulate(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Simulate ``arguments['cases']`` cases and import them into the workspace, with their roles."""
    done = simulate_into(store, report=report, **{k: v for k, v in job.arguments.items() if k != "device"})
    return lambda session: {"imported": list(done.imported)}


def simulate_into(
    store: Store, cases: int, report: Report, seed: int = 0, holdout: str | None = None, calibration: str | None = None
) -> ImportReport:
    """Simulate cases and import them; holdout and calibration are annotated with what was simulated."""
    with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        write_cohort(Path(scratch), cases, seed, report)
        request = ImportRequest(Path(scratch), labels="fixed", holdout=holdout, calibration=calibration)
        return import_cases(store, request, report)
