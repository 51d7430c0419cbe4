"""One job in one process: a fault of the GPU or of memory kills this process and no other.

Started by the worker service as ``python -m activedints.worker.child WORKSPACE JOB DEVICE PARENT``; the command line
calls ``run_job`` in its own process.
"""

import ctypes
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from activedints.core.errors import ActiveDintsError, Cancelled
from activedints.core.job import JobStatus, ProgressEvent, Report
from activedints.store import jobs
from activedints.store.database import Store
from activedints.store.schema import Job
from activedints.worker.steps import handler


def reporter(store: Store, job_id: int) -> Report:
    """A Report that appends ProgressEvents, beats the job's heart, and raises Cancelled when asked to stop."""

    def report(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        with store.write() as session:
            jobs.append(session, job_id, ProgressEvent(step, total, message, metrics or {}))
            jobs.beat(session, job_id)
            stop = jobs.get(session, job_id).cancel_requested
        if stop:
            raise Cancelled("Stopped on request.")

    return report


def run_job(store: Store, job: Job, report: Report | None = None) -> JobStatus:
    """Run a claimed job to its end and settle it. Results, status and the next phase land in one transaction."""
    try:
        finish = handler(job.kind)(job, store, report or reporter(store, job.id))
        with store.write() as session:
            result = finish(session)
            jobs.settle(session, jobs.get(session, job.id), JobStatus.DONE, result=result)
        return JobStatus.DONE
    except Cancelled as stop:
        return _settle(store, job, JobStatus.CANCELLED, str(stop))
    except ActiveDintsError as fault:
        return _settle(store, job, JobStatus.FAILED, str(fault))
    except MemoryError:
        return _settle(store, job, JobStatus.FAILED, "The memory did not suffice; use a smaller patch or fewer cases.")
    except Exception as fault:
        log = write_log(store, job.id, traceback.format_exc())
        sentence = f"The {job.kind} met a fault of ours ({type(fault).__name__}); send {log} to the developers."
        return _settle(store, job, JobStatus.FAILED, sentence)


def _settle(store: Store, job: Job, status: JobStatus, error: str) -> JobStatus:
    with store.write() as session:
        jobs.settle(session, jobs.get(session, job.id), status, error=error)
    return status


def write_log(store: Store, job_id: int, text: str) -> Path:
    """Keep a traceback where developers find it, and no user has to see it."""
    folder = store.folder / "logs"
    folder.mkdir(exist_ok=True)
    path = folder / f"job-{job_id}.log"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")
    return path


def die_with_parent(parent: int) -> None:
    """On Linux, let the kernel kill this process when ``parent`` dies: two processes must never run one job."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("The worker service that asked for this is gone.")


def main(arguments: list[str]) -> None:
    folder, job_id, device, parent = arguments
    die_with_parent(int(parent))
    store = Store.open(Path(folder))
    with store.read() as session:
        job = jobs.get(session, int(job_id))
    job.arguments = {"device": device, **job.arguments}
    run_job(store, job)


if __name__ == "__main__":
    main(sys.argv[1:])
