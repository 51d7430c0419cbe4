"""Frozen views for screens and `--json`: what there is, read in one consistent look."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from activedints.core.cycle import Phase, Role
from activedints.core.job import JobKind
from activedints.loop import experiments, turns
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Cycle, Evaluation, Experiment, Job


def mean_of(values: list[float | None]) -> tuple[float | None, int]:
    """Mean without the nulls, and how many values it is made of.

    >>> mean_of([0.5, None, 1.0])
    (0.75, 2)
    """
    present = [v for v in values if v is not None]
    return (fmean(present) if present else None), len(present)


def summarise(rows: list[Evaluation]) -> dict[str, Any]:
    """Dice per label and for any foreground over cases; null where no case defines it."""
    labels = list(dict.fromkeys(label for row in rows for label in row.metrics["labels"]))
    dice = {label: mean_of([row.metrics["labels"][label]["dice"] for row in rows])[0] for label in labels}
    foreground, n = mean_of([row.metrics["any_foreground"]["dice"] for row in rows])
    return {"dice": dice, "any_foreground_dice": foreground, "n": n}


def no_status() -> dict[str, Any]:
    """The status where there is no experiment, or no workspace."""
    empty = {"labelled": 0, "pool": 0, "calibration": 0, "holdout": 0}
    nothing: dict[str, Any] = {"dice": {}, "any_foreground_dice": None, "n": 0}
    return {"experiment": None, "cycle": None, "phase": None, "counts": empty, "metrics": nothing}


def status(store: Store) -> dict[str, Any]:
    """The stable contract of `activedints status --json`."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        if experiment is None:
            return no_status()
        cycle = cycles.current(session, experiment.id)
        return {
            "experiment": experiment.name,
            "cycle": cycle.number,
            "phase": str(cycle.phase),
            "counts": cases.count(session, experiment.id),
            "metrics": _newest_metrics(session, experiment),
        }


def _newest_metrics(session: Session, experiment: Experiment) -> dict[str, Any]:
    for model in reversed(cycles.models(session, experiment.id)):
        rows = cycles.evaluations(session, model.id, Role.HOLDOUT)
        if rows:
            return summarise(rows)
    return {"dice": {}, "any_foreground_dice": None, "n": 0}


@dataclass(frozen=True)
class JobView:
    """A job as a screen shows it."""

    id: int
    kind: str
    status: str
    message: str
    step: int
    total: int
    error: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    attempts: int
    cycle: int | None
    lost_at: str | None
    """The last sign of life of a running job whose worker is gone; it goes on when a worker is started."""


def job_view(session: Session, job: Job) -> JobView:
    event = jobs.last_event(session, job.id)
    cycle = session.get(Cycle, job.cycle_id) if job.cycle_id else None
    lost = jobs.lost_since(session, job)
    message = "The worker is starting it." if job.status == "running" else "Waiting for the worker."
    return JobView(
        id=job.id,
        kind=job.kind,
        status=job.status,
        message=event.message if event else message,
        step=event.step if event else 0,
        total=event.total if event else 0,
        error=job.error,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        attempts=job.attempts,
        cycle=cycle.number if cycle else None,
        lost_at=datetime.fromtimestamp(lost, UTC).isoformat() if lost is not None else None,
    )


@dataclass(frozen=True)
class HomeView:
    """Where the experiment stands and what to do next."""

    experiment: str
    simulated: bool
    cycle: int
    phase: Phase
    counts: dict[str, int]
    metrics: dict[str, Any]
    waiting: int
    annotated: int
    queried: int
    unread_fixed: int
    working: JobView | None
    failed: JobView | None
    worker_alive: bool
    can_simulate: bool
    can_train: bool
    strategy: str
    regime: str


def home(store: Store) -> HomeView | None:
    """None while the workspace holds no experiment."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        if experiment is None:
            return None
        cycle = cycles.current(session, experiment.id)
        settings = turns.settings_of(experiment, cycle)
        waiting = turns.outstanding(session, experiment, cycle)
        annotated = cases.annotated_ids(session, experiment.id)
        queries = cycles.queries(session, cycle.id)
        fixed = [c for role in (Role.HOLDOUT, Role.CALIBRATION) for c in cases.members(session, experiment.id, role)]
        unread = [c for c in fixed if c.id not in annotated]
        running = jobs.unfinished(session, experiment.id)
        recent = [
            j
            for j in jobs.newest(session, 1)
            if j.status == "failed" and j.kind not in (JobKind.STUDY, JobKind.META_TRAIN)
        ]
        to_answer = [q.case for q in waiting] + unread
        return HomeView(
            experiment=experiment.name,
            simulated=settings.simulated,
            cycle=cycle.number,
            phase=Phase(cycle.phase),
            counts=cases.count(session, experiment.id),
            metrics=_newest_metrics(session, experiment),
            waiting=len(waiting),
            annotated=sum(q.case_id in annotated for q in queries),
            queried=len(queries),
            unread_fixed=len(unread),
            working=job_view(session, running[0]) if running else None,
            failed=job_view(session, recent[0]) if recent and not running else None,
            worker_alive=jobs.worker_alive(session) is not None,
            can_simulate=bool(to_answer) and all(c.reference for c in to_answer),
            can_train=cycle.phase == Phase.ANNOTATE and bool(turns.labelled(session, experiment)) and not running,
            strategy=settings.strategy,
            regime=settings.regime,
        )


def case_table(store: Store) -> list[dict[str, Any]]:
    """One row per case of the active experiment: what it is, what it is for, where it came from."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        if experiment is None:
            return []
        newest = annotations.newest_of_each(session, experiment.id)
        rows = []
        for case in cases.members(session, experiment.id):
            annotation = newest.get(case.id)
            rows.append(
                {
                    "id": case.id,
                    "case": case.name,
                    "role": cases.role_of(session, experiment.id, case.id).value,
                    "annotated": f"v{annotation.version} by {annotation.reader}" if annotation else "",
                    "channels": ", ".join(case.channels),
                    "absent": ", ".join(case.absent),
                    "voxels": " x ".join(str(s) for s in case.shape),
                    "brain mask": case.brain_how,
                    "simulated": case.simulated,
                    "warnings": "; ".join(case.warnings),
                }
            )
        return rows


def job_table(store: Store, limit: int = 50) -> list[dict[str, Any]]:
    """The newest jobs, newest first."""
    with store.read() as session:
        return [asdict(job_view(session, job)) for job in jobs.newest(session, limit)]


def worker_state(store: Store) -> dict[str, Any] | None:
    with store.read() as session:
        row = jobs.worker_alive(session)
        return {"pid": row.pid, "device": row.device, "since": row.started_at} if row else None


def experiment_names(store: Store) -> tuple[list[str], str | None]:
    """All experiments, and the active one."""
    with store.read() as session:
        active = cases.active_experiment(session)
        return [e.name for e in cases.experiments(session)], active.name if active else None


def settings_view(store: Store) -> dict[str, Any]:
    return experiments.describe(store)
