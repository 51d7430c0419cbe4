"""Jobs as a person meets them: starting, stopping and resuming them, and following their story while they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activedints.core.errors import IllegalChange, InvalidSettings
from activedints.core.job import JobKind, JobStatus
from activedints.loop import experiments, turns
from activedints.loop.views import JobView, job_view
from activedints.store import cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Job, now

SIDE_STUDIES = (JobKind.STUDY, JobKind.META_TRAIN)
"""Jobs that work for no experiment; each has its own screen."""
MOST_SIMULATED = 500
"""Cases that one press of a button may ask for; the command line has no such limit."""


def train_now(store: Store) -> str:
    """Train on what is annotated so far, without waiting for the rest of the query."""
    with store.write() as session:
        experiment = experiments.active(session)
        if jobs.unfinished(session, experiment.id):
            raise IllegalChange("A job of this experiment is unfinished: wait for it, or cancel it on the Jobs page.")
        job = turns.start_training(session, experiment, cycles.current(session, experiment.id))
        cases_ = len(turns.labelled(session, experiment))
        return f"Job {job.id} ({job.kind}) is queued: it learns from {cases_} annotated case(s)."


def cancel(store: Store, job_id: int) -> str:
    """Ask a job to stop: at once if it is queued, at its next report if it runs. Its checkpoint stays."""
    with store.write() as session:
        job = jobs.get(session, job_id)
        if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            raise IllegalChange(f"Job {job_id} is {job.status} already, so there is nothing to cancel.")
        jobs.request_cancel(session, job)
        stops = "is cancelled" if job.status == JobStatus.CANCELLED else "stops at its next report"
        return f"Job {job_id} ({job.kind}) {stops}; it can be resumed."


def resume(store: Store, job_id: int) -> str:
    """Queue a failed or cancelled job again; search and train go on from their last checkpoint."""
    with store.write() as session:
        job = jobs.get(session, job_id)
        if job.experiment_id and jobs.unfinished(session, job.experiment_id):
            raise IllegalChange(f"Job {job_id} cannot resume while another job of its experiment is unfinished.")
        jobs.settle(session, job, JobStatus.QUEUED)
        job.started_at = None
        return f"Job {job_id} ({job.kind}) is queued again."


def simulate(store: Store, cases_wanted: int, seed: int, holdout: int, calibration: int) -> str:
    """Enqueue the making and importing of simulated cases; holdout and calibration come with their label maps."""
    if not 1 <= cases_wanted <= MOST_SIMULATED:
        raise InvalidSettings(
            f"Simulate between 1 and {MOST_SIMULATED} cases at a time; {cases_wanted} were asked for."
        )
    if holdout + calibration >= cases_wanted:
        raise InvalidSettings(
            f"{holdout} holdout and {calibration} calibration cases leave none of {cases_wanted} to learn from;"
            " ask for more cases or for a smaller holdout."
        )
    fixed = {"holdout": str(holdout) if holdout else None, "calibration": str(calibration) if calibration else None}
    arguments = {"cases": cases_wanted, "seed": seed, **fixed}
    with store.write() as session:
        experiment = cases.active_experiment(session)
        job = jobs.enqueue(session, JobKind.SIMULATE, arguments, experiment.id if experiment else None)
        return f"Job {job.id} is queued: it simulates and imports {cases_wanted} case(s)."


@dataclass(frozen=True)
class Line:
    """One ProgressEvent of a job: ``id`` orders all events of a workspace, ``at`` is ISO 8601 in UTC."""

    id: int
    at: str
    step: int
    total: int
    message: str
    metrics: dict[str, float]


def events_since(store: Store, job_id: int, event_id: int = 0) -> list[Line]:
    """The job's events after ``event_id``, oldest first (at most 5000 at a time)."""
    with store.read() as session:
        rows = jobs.events_since(session, job_id, event_id)
        return [Line(e.id, e.created_at, e.step, e.total, e.message, dict(e.metrics)) for e in rows]


@dataclass(frozen=True)
class Progress:
    """How far a job is. ``share`` in 0..1 and ``seconds_left`` are None while nobody can tell.

    ``curves`` are the job's numbers: name -> [(share of the work in %, value)].
    """

    job: JobView
    share: float | None
    seconds: float
    seconds_left: float | None
    curves: dict[str, list[tuple[float, float]]]
    worker_alive: bool

    @property
    def unfinished(self) -> bool:
        return self.job.status in (JobStatus.QUEUED, JobStatus.RUNNING)


def progress(store: Store, job_id: int, lines: Sequence[Line], most_points: int = 400) -> Progress:
    """A job's Progress from its row and the ``lines`` read so far (``events_since`` brings the new ones)."""
    with store.read() as session:
        view = job_view(session, jobs.get(session, job_id))
        alive = jobs.worker_alive(session) is not None
    stretch = _last_stretch(lines, view.started_at)
    share = min(stretch[-1].step / stretch[-1].total, 1.0) if stretch else None
    return Progress(view, share, _seconds_run(view), _seconds_left(view, stretch), _curves(lines, most_points), alive)


def _last_stretch(lines: Sequence[Line], since: str | None) -> list[Line]:
    """The newest lines that count towards one total, within the present attempt."""
    stretch: list[Line] = []
    for line in reversed(lines):
        if line.total <= 0 or (since and line.at < since) or (stretch and line.total != stretch[0].total):
            break
        stretch.append(line)
    return stretch[::-1]


def _seconds_left(view: JobView, stretch: list[Line]) -> float | None:
    if view.status != JobStatus.RUNNING or view.lost_at or len(stretch) < 2 or stretch[-1].step <= stretch[0].step:
        return None
    per_step = _between(stretch[0].at, stretch[-1].at) / (stretch[-1].step - stretch[0].step)
    left = per_step * (stretch[-1].total - stretch[-1].step) - _between(stretch[-1].at, now())
    return left if left > 0 else None


def _seconds_run(view: JobView) -> float:
    return _between(view.started_at, view.finished_at or view.lost_at or now()) if view.started_at else 0.0


def _curves(lines: Sequence[Line], most_points: int) -> dict[str, list[tuple[float, float]]]:
    names = dict.fromkeys(name for line in lines for name in line.metrics)
    curves = {
        name: [(100 * li.step / li.total, li.metrics[name]) for li in lines if name in li.metrics and li.total]
        for name in names
    }
    return {name: points[:: len(points) // most_points + 1] for name, points in curves.items()}


def _between(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def current_job(store: Store) -> JobView | None:
    """The job that works for the active experiment, or the workspace's simulation; None if none is unfinished."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        found = _unfinished(session, experiment.id if experiment else None)
        return job_view(session, found) if found else None


def stopped_job(store: Store) -> JobView | None:
    """The newest job of the active experiment (or simulation), if it failed or was cancelled and nothing followed."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        mine = [j for j in jobs.newest(session) if _belongs(j, experiment.id if experiment else None)]
        stopped = mine and mine[0].status in (JobStatus.FAILED, JobStatus.CANCELLED)
        return job_view(session, mine[0]) if stopped else None


def _belongs(job: Job, experiment_id: int | None) -> bool:
    """Whether a job works for the experiment or brings cases; side studies have their own screens."""
    return job.experiment_id in (None, experiment_id) and job.kind not in SIDE_STUDIES


def _unfinished(session: Session, experiment_id: int | None) -> Job | None:
    waiting = [job for job in jobs.unfinished(session) if _belongs(job, experiment_id)]
    return next((job for job in waiting if job.status == JobStatus.RUNNING), waiting[0] if waiting else None)
