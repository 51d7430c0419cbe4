"""The worker service: one per workspace, claims jobs and runs each in a child process, beats a heart."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from activedints.core.errors import WorkspaceBusy
from activedints.core.job import JobStatus
from activedints.store import jobs
from activedints.store.database import Store
from activedints.worker.lanes import InteractiveLane

POLL_SECONDS = 0.5
BEAT_SECONDS = 2.0
CRASHES_ALLOWED = 3
"""A job whose process dies this often is given up: something in it kills it every time."""


class Worker:
    """The worker service of one workspace. ``serve`` runs until interrupted; ``once`` until the queue is empty."""

    def __init__(self, store: Store, device: str = "auto", children: int = 1):
        self.store, self.device, self.slots = store, device, children
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.beaten = -BEAT_SECONDS

    def serve(self, once: bool = False) -> None:
        """Claim, start, reap, until told to stop; children die with this process."""
        lane = InteractiveLane(self.store.folder, self.device, wanted=not once)
        with _sole_worker(self.store.folder), lane:
            self._take_over()
            try:
                while True:
                    self._beat()
                    lane.ensure()
                    self._reap()
                    claimed = self._claim()
                    if once and not claimed and not self.running:
                        return
                    if not claimed:
                        time.sleep(POLL_SECONDS)
            finally:
                self._stop_children()

    def _take_over(self) -> None:
        """Holding the lock means that no other service lives: what it ran is lost and resumes here."""
        with self.store.write() as session:
            jobs.reclaim(session, service_only=True, stale_after=0.0)

    def _beat(self) -> None:
        if time.monotonic() - self.beaten < BEAT_SECONDS:
            return
        self.beaten = time.monotonic()
        with self.store.write() as session:
            jobs.worker_beat(session, os.getpid(), self.device)
            for job_id in self.running:
                jobs.beat(session, job_id)
            jobs.reclaim(session)

    def _claim(self) -> bool:
        if len(self.running) >= self.slots:
            return False
        with self.store.write() as session:
            job = jobs.claim(session)
        if job is None:
            return False
        words = [str(self.store.folder), str(job.id), self.device, str(os.getpid())]
        self.running[job.id] = subprocess.Popen([sys.executable, "-m", "activedints.worker.child", *words])
        return True

    def _reap(self) -> None:
        for job_id, child in list(self.running.items()):
            code = child.poll()
            if code is None:
                continue
            del self.running[job_id]
            with self.store.write() as session:
                job = jobs.get(session, job_id)
                if job.status != JobStatus.RUNNING:
                    continue
                why = f"The computing process died (code {code}; out of memory, or a fault of the device)."
                if job.attempts < CRASHES_ALLOWED or job.cancel_requested:
                    jobs.give_back(session, job, why)
                else:
                    jobs.settle(session, job, JobStatus.FAILED, error=f"{why} It was tried {job.attempts} times.")

    def _stop_children(self) -> None:
        for job_id, child in self.running.items():
            child.kill()
            child.wait()
            with self.store.write() as session:
                job = jobs.get(session, job_id)
                if job.status == JobStatus.RUNNING:
                    job.attempts -= 1  # the service was stopped, the job did not fail
                    jobs.give_back(session, job, "The worker was stopped.")


class _sole_worker:
    """Holds the workspace's worker lock; the kernel frees it when the process dies, however it dies."""

    def __init__(self, folder: Path):
        self.path = folder / "worker.lock"

    def __enter__(self) -> None:
        self.file = self.path.open("a+")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.file.seek(0)
            holder = self.file.read().strip() or "unknown"
            self.file.close()
            raise WorkspaceBusy(
                f"A worker service (process {holder}) serves {self.path.parent} already; one is enough, stop it first."
            ) from None
        self.file.truncate(0)
        self.file.write(str(os.getpid()))
        self.file.flush()

    def __exit__(self, *_: object) -> None:
        self.file.close()
