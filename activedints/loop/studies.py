"""The side studies as jobs: asking for one, following it, and reading what the newest one found."""

import json
from dataclasses import dataclass
from typing import Any

from activedints.core.errors import IllegalChange
from activedints.core.job import JobKind, JobStatus
from activedints.loop.views import JobView, job_view
from activedints.store import jobs
from activedints.store.database import Store

Row = dict[str, Any]
UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True)
class Found:
    """What a finished study found, as plain rows, and the job that found it."""

    job: JobView
    rows: Row


def start(store: Store, study: str, settings: Row) -> str:
    """Enqueue a study; IllegalChange while one of the same name is unfinished."""
    with store.write() as session:
        waiting = jobs.newest_study(session, study, *UNFINISHED)
        if waiting is not None:
            raise IllegalChange(f"Job {waiting.id} studies the same already: wait for it, or cancel it.")
        job = jobs.enqueue(session, JobKind.STUDY, {"study": study, "settings": settings})
        return f"Job {job.id} is queued: it appears here when it is done."


def unfinished(store: Store, study: str) -> JobView | None:
    """The study that waits or runs."""
    with store.read() as session:
        job = jobs.newest_study(session, study, *UNFINISHED)
        return job_view(session, job) if job else None


def stopped(store: Store, study: str) -> JobView | None:
    """The newest study of this name, if it failed or was cancelled."""
    with store.read() as session:
        job = jobs.newest_study(session, study)
        ended_badly = job is not None and job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
        return job_view(session, job) if job and ended_badly else None


def newest(store: Store, study: str) -> Found | None:
    """What the newest finished study of this name found; None before the first."""
    with store.read() as session:
        job = jobs.newest_study(session, study, JobStatus.DONE)
        if job is None:
            return None
        file = store.files.path((job.result or {})["file"])
        return Found(job_view(session, job), json.loads(file.read_text(encoding="utf-8")))
