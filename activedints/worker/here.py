"""Jobs run here and now, by the command that asked for them; the same handlers as in the worker service."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from activedints.core.errors import ActiveDintsError
from activedints.core.job import JobKind, JobStatus, Report
from activedints.learn.compute import pick_device
from activedints.loop import commands, experiments, turns
from activedints.store import cases, cycles, jobs
from activedints.store.database import Store
from activedints.store.schema import Job
from activedints.worker.child import reporter, run_job

BEAT_SECONDS = 5.0


def run_step(
    store: Store,
    kind: JobKind,
    given: dict[str, Any],
    device: str,
    report: Report,
    arguments: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run one step of the current cycle (and a search that must come before it); its result.

    ``given`` are settings of the cycle, ``arguments`` those of this step alone.
    """
    pick_device(device)  # before anything is queued
    with store.write() as session:
        experiment_id = commands.prepare_step(session, kind, given, arguments).id
    while True:
        job = _run_next(store, experiment_id, device, report)
        if job is None or job.kind == kind:
            return (job.result if job else None) or {}


def run_turn(store: Store, oracle: Path | None, given: dict[str, Any], device: str, report: Report) -> str:
    """One whole turn: finish what is queued, let the oracle answer, train, score and query. Returns what happened."""
    pick_device(device)
    if oracle is not None:
        commands.check_oracle(oracle)
    with store.read() as session:
        experiment_id = experiments.active(session).id
    before = _trained(store, experiment_id)
    for _ in range(2):  # before the first training a turn is two steps: the starter asks, then the answers train
        with store.write() as session:
            commands.begin_turn(session, given if oracle is None else {"control": 0.0, **given})
        if oracle is not None and commands.oracle_answers(store, oracle):
            with store.write() as session:
                commands.begin_turn(session, {})
        _run_all(store, experiment_id, device, report)
        if _trained(store, experiment_id) > before:
            break
    return _told(store, experiment_id, before)


def _told(store: Store, experiment_id: int, before: int) -> str:
    with store.read() as session:
        experiment = cases.experiment(session, experiment_id)
        cycle = cycles.current(session, experiment_id)
        labelled, pool = len(turns.labelled(session, experiment)), len(turns.pool(session, experiment, None))
        waiting = len(turns.outstanding(session, experiment, cycle))
    if _trained(store, experiment_id) == before:
        return f"Nothing was trained: {waiting} queried case(s) wait for a reader (or give --oracle DIR)."
    if not pool:
        return f"The pool is empty: trained and evaluated on all {labelled} labelled case(s)."
    return f"Trained on {labelled} labelled case(s); cycle {cycle.number} asks for {waiting} more."


def _trained(store: Store, experiment_id: int) -> int:
    with store.read() as session:
        return sum(model.origin == "trained" for model in cycles.models(session, experiment_id))


def _run_all(store: Store, experiment_id: int, device: str, report: Report) -> None:
    while _run_next(store, experiment_id, device, report) is not None:
        pass


def _run_next(store: Store, experiment_id: int, device: str, report: Report) -> Job | None:
    """Run the experiment's next job (or wait for the service that runs it); None when there is none."""
    with store.write() as session:
        jobs.reclaim(session)
        job = jobs.claim(session, by=f"command {os.getpid()}", experiment_id=experiment_id)
        running = jobs.unfinished(session, experiment_id)
    if job is None:
        if not running:
            return None
        return _wait_for(store, running[0].id, report)
    job.arguments = {"device": device, **job.arguments}
    stored = reporter(store, job.id)

    def both(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        report(step, total, message, metrics)
        stored(step, total, message, metrics)

    with _beating(store, job.id):
        status = run_job(store, job, both)
    return _ended(store, job.id, status)


def _wait_for(store: Store, job_id: int, report: Report) -> Job:
    """Follow a job that the worker service runs."""
    seen = 0
    while True:
        with store.read() as session:
            job = jobs.get(session, job_id)
            for event in jobs.events_since(session, job_id, seen):
                report(event.step, event.total, event.message, event.metrics)
                seen = event.id
        if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            return _ended(store, job_id, JobStatus(job.status))
        time.sleep(0.5)


def _ended(store: Store, job_id: int, status: JobStatus) -> Job:
    with store.read() as session:
        job = jobs.get(session, job_id)
    if status is not JobStatus.DONE:
        raise ActiveDintsError(f"The {job.kind} {status}: {job.error}")
    return job


@contextmanager
def _beating(store: Store, job_id: int) -> Iterator[None]:
    """Beat the job's heart while this process computes, however long one step takes."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            with store.write() as session:
                jobs.beat(session, job_id)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()
