"""The tables. Facts live here, arrays and weights as files named by SHA-256 and referenced by row."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def now() -> str:
    """The present as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON, list[Any]: JSON}


class File(Base):
    """A stored file: ``name`` is '<sha256><suffix>', its place below files/."""

    __tablename__ = "file"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    size: Mapped[int]
    created_at: Mapped[str] = mapped_column(default=now)


class Setting(Base):
    """Workspace-wide facts, such as the active experiment."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Case(Base):
    __tablename__ = "case"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    channels: Mapped[list[Any]]
    """Channel names in the order of ``images``; absent ones included."""
    absent: Mapped[list[Any]]
    images: Mapped[list[Any]]
    """File names: one 4-D image (channels last) or one 3-D image per channel."""
    originals: Mapped[list[Any]]
    """Files as they came, where ``images`` are resampled or converted from them."""
    brain: Mapped[str] = mapped_column(ForeignKey("file.name"))
    brain_how: Mapped[str]
    reference: Mapped[str | None] = mapped_column(ForeignKey("file.name"))
    """The label file that came with the image, if one did: what a simulated reader answers with."""
    shape: Mapped[list[Any]]
    affine: Mapped[list[Any]]
    warnings: Mapped[list[Any]]
    simulated: Mapped[bool]
    created_at: Mapped[str] = mapped_column(default=now)


class Experiment(Base):
    __tablename__ = "experiment"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    settings: Mapped[str]
    created_at: Mapped[str] = mapped_column(default=now)


class Membership(Base):
    """A case's Role in an experiment."""

    __tablename__ = "membership"
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    role: Mapped[str]
    case: Mapped[Case] = relationship()


class Annotation(Base):
    """One version of a reader's label map of a case. Append-only."""

    __tablename__ = "annotation"
    __table_args__ = (UniqueConstraint("experiment_id", "case_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    version: Mapped[int]
    reader: Mapped[str]
    source: Mapped[str]
    """'reader', 'import' or 'simulated reader'."""
    file: Mapped[str] = mapped_column(ForeignKey("file.name"))
    """The composed label map: this version over the earlier ones, ignore outside every Region."""
    regions: Mapped[list[Any]]
    """Annotated boxes [lo, hi] on the source grid, half-open."""
    seconds: Mapped[float]
    draft_model_id: Mapped[int | None] = mapped_column(ForeignKey("model.id"))
    """The model whose draft the reader started from; none if no draft was shown."""
    comment: Mapped[str] = mapped_column(default="")
    difficulty: Mapped[str] = mapped_column(default="", server_default=text("''"))
    """How hard the reader found it, one of ``core.cycle.DIFFICULTIES``; '' if nothing was said."""
    changed_ml: Mapped[float | None]
    """mL in which this version differs from the draft that was shown; none if there was no draft."""
    blind: Mapped[bool] = mapped_column(default=False, server_default=text("0"))
    """Whether the model's draft was kept from the reader on purpose, to measure anchoring."""
    agreement: Mapped[float | None]
    """Any-foreground Dice with the draft of the newest model, shown or not; none without a draft."""
    created_at: Mapped[str] = mapped_column(default=now)
    case: Mapped[Case] = relationship()


class Draft(Base):
    """Unsubmitted work of one reader on one case: the autosave. The newest replaces the last."""

    __tablename__ = "draft"
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    reader: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(ForeignKey("file.name"))
    seconds: Mapped[float]
    updated_at: Mapped[str] = mapped_column(default=now, onupdate=now)


class Lease(Base):
    """A case that is open at a reader in one ``tab`` ('' is any), until ``until`` (epoch seconds)."""

    __tablename__ = "lease"
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    reader: Mapped[str]
    until: Mapped[float]
    tab: Mapped[str] = mapped_column(default="", server_default=text("''"))


class Remark(Base):
    """A case that a reader skipped (this cycle) or flagged (for good), and why."""

    __tablename__ = "remark"
    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    reader: Mapped[str]
    created_at: Mapped[str] = mapped_column(default=now)


class Cycle(Base):
    __tablename__ = "cycle"
    __table_args__ = (UniqueConstraint("experiment_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    number: Mapped[int]
    phase: Mapped[str]
    overrides: Mapped[dict[str, Any]]
    """Settings that held for this cycle only."""
    model_id: Mapped[int | None] = mapped_column(ForeignKey("model.id"))
    created_at: Mapped[str] = mapped_column(default=now)
    finished_at: Mapped[str | None]


class Query(Base):
    """A case chosen for annotation in a cycle, and why."""

    __tablename__ = "query"
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    rank: Mapped[int]
    strategy: Mapped[str]
    score: Mapped[float | None]
    reason: Mapped[str]
    regions: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    """Boxes [lo, hi] to annotate, on the source grid, half-open; empty for the whole volume."""
    blind: Mapped[bool] = mapped_column(default=False, server_default=text("0"))
    """Whether the case is shown without the model's draft, to measure anchoring."""
    probability: Mapped[float | None]
    """With which the case was drawn at its turn; none where nothing was drawn."""
    case: Mapped[Case] = relationship()


class Model(Base):
    """A trained network and exactly what it came from."""

    __tablename__ = "model"
    id: Mapped[int] = mapped_column(primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    cycle_number: Mapped[int]
    file: Mapped[str] = mapped_column(ForeignKey("file.name"))
    origin: Mapped[str]
    """'starter' or 'trained'."""
    settings: Mapped[dict[str, Any]]
    architecture: Mapped[str]
    seed: Mapped[int]
    steps: Mapped[int]
    seconds: Mapped[float]
    created_at: Mapped[str] = mapped_column(default=now)


class Member(Base):
    """A further network of an Ensemble; the first is the model's own file."""

    __tablename__ = "member"
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(ForeignKey("file.name"))


class TrainedOn(Base):
    """The exact annotation versions behind a model."""

    __tablename__ = "trained_on"
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)
    annotation_id: Mapped[int] = mapped_column(ForeignKey("annotation.id"), primary_key=True)


class Prediction(Base):
    """What a model made of a case: draft, heat map, spots and Scores."""

    __tablename__ = "prediction"
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    draws: Mapped[int]
    label: Mapped[str] = mapped_column(ForeignKey("file.name"))
    uncertainty: Mapped[str] = mapped_column(ForeignKey("file.name"))
    """uint8 heat map (slope 1/255) of predictive entropy / log(classes)."""
    scores: Mapped[dict[str, Any]]
    embedding: Mapped[list[Any] | None]
    """The network's own view of the case, a vector; none for predictions of earlier versions."""
    boxes: Mapped[list[Any] | None]
    """Where Regions are asked for, the case's boxes: low and high on the source grid, and their Scores."""
    sample: Mapped[str | None] = mapped_column(ForeignKey("file.name"))
    """A holdout or calibration case's voxels for calibration: npz of probability, truth, weight."""
    spots: Mapped[list[Any]]
    seconds: Mapped[float]
    case: Mapped[Case] = relationship()


class Evaluation(Base):
    """Measures of a model on one annotated case; null where a measure is undefined."""

    __tablename__ = "evaluation"
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    annotation_id: Mapped[int] = mapped_column(ForeignKey("annotation.id"))
    role: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    case: Mapped[Case] = relationship()


class Job(Base):
    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    experiment_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id"))
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"))
    arguments: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[str] = mapped_column(default=now)
    started_at: Mapped[str | None]
    finished_at: Mapped[str | None]
    heartbeat: Mapped[float | None]
    claimed_by: Mapped[str | None]


class Event(Base):
    """A stored ProgressEvent."""

    __tablename__ = "event"
    __table_args__ = (Index("event_of_job", "job_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    step: Mapped[int]
    total: Mapped[int]
    message: Mapped[str]
    metrics: Mapped[dict[str, Any]]
    created_at: Mapped[str] = mapped_column(default=now)


class WorkerRow(Base):
    """The worker service of this workspace: alive while its heartbeat is fresh."""

    __tablename__ = "worker"
    id: Mapped[int] = mapped_column(primary_key=True)
    pid: Mapped[int]
    device: Mapped[str]
    started_at: Mapped[str] = mapped_column(default=now)
    heartbeat: Mapped[float]
