"""The job queue: rows that a worker claims with one atomic UPDATE, beats a heart for, and settles."""

import time
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from activedints.core.errors import NotFound
from activedints.core.job import JobKind, JobStatus, ProgressEvent, check_change
from activedints.store.schema import Event, Job, WorkerRow, now

SERVICE = "service"
"""Who claimed a job: the worker service, or else a command that runs it here and now."""
FRESH_SECONDS = 60.0
"""A running job whose heart is older than this is lost, whoever ran it."""
ALIVE_SECONDS = 10.0
"""A worker service that has not beaten its heart for this long is shown as gone."""


def enqueue(
    session: Session,
    kind: JobKind,
    arguments: dict[str, Any] | None = None,
    experiment_id: int | None = None,
    cycle_id: int | None = None,
) -> Job:
    job = Job(
        kind=kind, status=JobStatus.QUEUED, arguments=arguments or {}, experiment_id=experiment_id, cycle_id=cycle_id
    )
    session.add(job)
    session.flush()
    return job


def get(session: Session, job_id: int) -> Job:
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}; the Jobs page lists what there is.")
    return job


def newest(session: Session, limit: int = 50) -> list[Job]:
    return list(session.scalars(select(Job).order_by(Job.id.desc()).limit(limit)))


def unfinished(session: Session, experiment_id: int | None = None) -> list[Job]:
    query = select(Job).where(Job.status.in_([JobStatus.QUEUED, JobStatus.RUNNING])).order_by(Job.id)
    return list(session.scalars(query if experiment_id is None else query.where(Job.experiment_id == experiment_id)))


def newest_done(session: Session, kind: JobKind, experiment_id: int) -> Job | None:
    """The last job of a kind that ended well."""
    query = select(Job).where(Job.kind == kind, Job.experiment_id == experiment_id, Job.status == JobStatus.DONE)
    return session.scalar(query.order_by(Job.id.desc()).limit(1))


def newest_study(session: Session, study: str, *statuses: JobStatus) -> Job | None:
    """The newest side study of this name, in one of the statuses if any are given."""
    query = select(Job).where(Job.kind == JobKind.STUDY, Job.arguments["study"].as_string() == study)
    if statuses:
        query = query.where(Job.status.in_(statuses))
    return session.scalar(query.order_by(Job.id.desc()).limit(1))


def claim(session: Session, by: str = SERVICE, experiment_id: int | None = None) -> Job | None:
    """Take the oldest queued job (of one experiment): one UPDATE, so that two claimants never get the same.

    ``by`` is SERVICE, or names the command that runs the job in its own process.
    """
    queued = select(Job.id).where(Job.status == JobStatus.QUEUED).order_by(Job.id).limit(1)
    if experiment_id is not None:
        queued = queued.where(Job.experiment_id == experiment_id)
    oldest = queued.scalar_subquery()
    taken = session.scalar(
        update(Job)
        .where(Job.id == oldest, Job.status == JobStatus.QUEUED)
        .values(
            status=JobStatus.RUNNING, started_at=now(), heartbeat=time.time(), attempts=Job.attempts + 1, claimed_by=by
        )
        .returning(Job.id)
    )
    return None if taken is None else session.get(Job, taken, populate_existing=True)


def settle(
    session: Session, job: Job, status: JobStatus, result: dict[str, Any] | None = None, error: str | None = None
) -> None:
    """End a job, or give it back to the queue."""
    check_change(JobStatus(job.status), status)
    job.status, job.result, job.error = status, result, error
    job.finished_at = None if status is JobStatus.QUEUED else now()
    if status is JobStatus.QUEUED:
        job.cancel_requested = False
    session.flush()


def give_back(session: Session, job: Job, why: str) -> None:
    """A running job whose process is gone waits to be taken again; one that was asked to stop has stopped."""
    if job.cancel_requested:
        settle(session, job, JobStatus.CANCELLED, error=f"Cancelled. {why}")
    else:
        append(session, job.id, ProgressEvent(0, 0, f"{why} It resumes from its last checkpoint."))
        settle(session, job, JobStatus.QUEUED)


def beat(session: Session, job_id: int) -> None:
    session.execute(update(Job).where(Job.id == job_id).values(heartbeat=time.time()))


def reclaim(session: Session, stale_after: float = FRESH_SECONDS, service_only: bool = False) -> list[int]:
    """Queue again the running jobs whose worker vanished. They resume from their last checkpoint."""
    oldest = time.time() - stale_after
    query = select(Job).where(Job.status == JobStatus.RUNNING, Job.heartbeat < oldest)
    lost = session.scalars(query.where(Job.claimed_by == SERVICE) if service_only else query).all()
    for job in lost:
        give_back(session, job, "The worker vanished.")
    return [job.id for job in lost]


def lost_since(session: Session, job: Job) -> float | None:
    """When a running job gave its last sign of life, if neither it nor a worker service is alive; epoch seconds."""
    beaten = job.heartbeat or 0.0
    if job.status != JobStatus.RUNNING or beaten > time.time() - ALIVE_SECONDS or worker_alive(session):
        return None
    return beaten


def request_cancel(session: Session, job: Job) -> None:
    """Ask a running job to stop; a queued one is cancelled at once."""
    if job.status == JobStatus.QUEUED:
        settle(session, job, JobStatus.CANCELLED, error="Cancelled before it started.")
    elif job.status == JobStatus.RUNNING:
        job.cancel_requested = True
    session.flush()


def append(session: Session, job_id: int, event: ProgressEvent) -> None:
    session.add(
        Event(job_id=job_id, step=event.step, total=event.total, message=event.message, metrics=dict(event.metrics))
    )
    session.flush()


def events_since(session: Session, job_id: int, event_id: int = 0, limit: int = 5000) -> list[Event]:
    query = select(Event).where(Event.job_id == job_id, Event.id > event_id).order_by(Event.id).limit(limit)
    return list(session.scalars(query))


def last_event(session: Session, job_id: int) -> Event | None:
    return session.scalar(select(Event).where(Event.job_id == job_id).order_by(Event.id.desc()).limit(1))


def worker_beat(session: Session, pid: int, device: str) -> None:
    """Note that the worker service of this workspace is alive."""
    row = session.get(WorkerRow, 1)
    if row is None or row.pid != pid:
        session.merge(WorkerRow(id=1, pid=pid, device=device, started_at=now(), heartbeat=time.time()))
    else:
        row.heartbeat = time.time()


def worker_alive(session: Session) -> WorkerRow | None:
    """The worker service, if its heartbeat is fresh."""
    row = session.get(WorkerRow, 1)
    return row if row is not None and row.heartbeat > time.time() - ALIVE_SECONDS else None
