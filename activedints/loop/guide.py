"""What to do next: one sentence and one action, from where the workspace stands."""

from dataclasses import dataclass
from enum import StrEnum

from activedints.core.job import JobKind, JobStatus
from activedints.loop import running, views
from activedints.loop.running import JobView
from activedints.loop.views import HomeView
from activedints.store.database import Store

LOOP = {JobKind.SEARCH, JobKind.TRAIN, JobKind.SCORE}
"""Jobs that the cycle cannot go on without."""

DOING = {
    JobKind.SEARCH: "A search looks for an architecture; training follows",
    JobKind.TRAIN: "The model learns from the annotated cases; scoring follows",
    JobKind.SCORE: "The model scores the pool; the next cases follow",
    JobKind.EVALUATE: "The model is measured on the holdout",
    JobKind.BASELINE: "A baseline is trained like the newest model",
    JobKind.SIMULATE: "Cases are being simulated",
    JobKind.STUDY: "A study runs",
    JobKind.LABEL_CHECK: "Members that never saw a case judge its label",
    JobKind.META_TRAIN: "A few-shot learner is trained",
    JobKind.LEAVE_OUT: "Each stream of queries is left out in turn",
}


class Action(StrEnum):
    """What the one primary button of the home page does."""

    FILL = "fill"
    """Import or simulate cases."""
    WATCH = "watch"
    RESUME = "resume"
    ANNOTATE = "annotate"
    TRAIN = "train"
    REVIEW = "review"
    """Nothing is left to do: look at the results."""


@dataclass(frozen=True)
class NextStep:
    """``job`` is the job to watch or to resume."""

    action: Action
    sentence: str
    button: str
    job: int | None = None


def next_step(store: Store) -> NextStep:
    """The one thing that moves the experiment on."""
    home, job, stopped = views.home(store), running.current_job(store), running.stopped_job(store)
    if job is not None:
        return NextStep(Action.WATCH, f"{DOING[JobKind(job.kind)]}.", "Watch it", job.id)
    if stopped is not None and stopped.kind in (LOOP if home else {JobKind.SIMULATE}):
        return _stopped(stopped)
    if home is None:
        return NextStep(Action.FILL, "This workspace is empty: bring scans of your own, or simulate some.", "Add cases")
    return _waiting(home)


def _stopped(job: JobView) -> NextStep:
    what = "failed" if job.status == JobStatus.FAILED else "was cancelled"
    return NextStep(Action.RESUME, f"Job {job.id} ({job.kind}) {what}: {job.error}", "Resume it", job.id)


def _waiting(home: HomeView) -> NextStep:
    waiting = home.waiting + home.unread_fixed
    if waiting:
        fixed = f", {home.unread_fixed} of them for holdout and calibration" if home.unread_fixed else ""
        verb = "case waits" if waiting == 1 else "cases wait"
        return NextStep(Action.ANNOTATE, f"{waiting} {verb} for a reader{fixed}.", "Annotate the next case")
    if home.can_train:
        return NextStep(Action.TRAIN, "Everything asked for is annotated; the model can learn from it.", "Train now")
    return NextStep(Action.REVIEW, "Nothing waits: the pool is empty, or every case was set aside.", "See the results")
