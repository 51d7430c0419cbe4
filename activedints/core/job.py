"""Jobs: the one form of long work. A handler hears and says everything through ``report``."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from activedints.core.errors import IllegalChange


class JobKind(StrEnum):
    SEARCH = "search"
    TRAIN = "train"
    SCORE = "score"
    EVALUATE = "evaluate"
    BASELINE = "baseline"
    """A baseline trained like the newest model, and both measured."""
    SIMULATE = "simulate"
    STUDY = "study"
    LABEL_CHECK = "label-check"
    LEAVE_OUT = "leave-out"
    META_TRAIN = "meta-train"


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LEGAL_CHANGES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED}),
    # back to QUEUED: its worker vanished, the job resumes from its last checkpoint
    JobStatus.RUNNING: frozenset({JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.QUEUED}),
    JobStatus.DONE: frozenset(),
    JobStatus.FAILED: frozenset({JobStatus.QUEUED}),
    JobStatus.CANCELLED: frozenset({JobStatus.QUEUED}),
}


def check_change(old: JobStatus, new: JobStatus) -> None:
    """Raise IllegalChange unless a job may go from ``old`` to ``new``."""
    if new not in LEGAL_CHANGES[old]:
        raise IllegalChange(
            f"A job that is {old} cannot become {new}; it may become {sorted(LEGAL_CHANGES[old]) or 'nothing'}."
        )


@dataclass(frozen=True)
class ProgressEvent:
    """One line of a job's story. ``step`` of ``total``; ``metrics`` are numbers worth a curve."""

    step: int
    total: int
    message: str
    metrics: dict[str, float] = field(default_factory=dict)


class Report(Protocol):
    """How compute speaks to the screen: appends a ProgressEvent; raises Cancelled when asked to stop."""

    def __call__(self, step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None: ...


def silent(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
    """A Report that nobody listens to, for notebooks and tests."""
