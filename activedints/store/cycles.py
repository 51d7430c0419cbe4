"""Cycles and what they made: queries, models, predictions, evaluations."""

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from activedints.core.cycle import Phase, check_phase
from activedints.core.errors import NotFound
from activedints.store.schema import Annotation, Cycle, Evaluation, Member, Model, Prediction, Query, TrainedOn, now


def start(
    session: Session,
    experiment_id: int,
    number: int,
    phase: Phase = Phase.ANNOTATE,
    overrides: dict[str, Any] | None = None,
) -> Cycle:
    cycle = Cycle(experiment_id=experiment_id, number=number, phase=phase, overrides=overrides or {})
    session.add(cycle)
    session.flush()
    return cycle


def current(session: Session, experiment_id: int) -> Cycle:
    """The newest cycle of an experiment."""
    found = session.scalar(
        select(Cycle).where(Cycle.experiment_id == experiment_id).order_by(Cycle.number.desc()).limit(1)
    )
    if found is None:
        raise NotFound("This experiment has no cycle yet; import cases first.")
    return found


def get(session: Session, cycle_id: int) -> Cycle:
    found = session.get(Cycle, cycle_id)
    if found is None:
        raise NotFound(f"There is no cycle with id {cycle_id}.")
    return found


def all_of(session: Session, experiment_id: int) -> list[Cycle]:
    return list(session.scalars(select(Cycle).where(Cycle.experiment_id == experiment_id).order_by(Cycle.number)))


def move(session: Session, cycle: Cycle, phase: Phase) -> None:
    """Change a cycle's phase where that is legal."""
    check_phase(Phase(cycle.phase), phase)
    cycle.phase = phase
    if phase is Phase.DONE:
        cycle.finished_at = now()
    session.flush()


def add_query(session: Session, query: Query) -> None:
    """Record a chosen case. The database refuses a holdout case."""
    session.add(query)
    session.flush()


def queries(session: Session, cycle_id: int) -> list[Query]:
    return list(session.scalars(select(Query).where(Query.cycle_id == cycle_id).order_by(Query.rank)))


def count_queries(session: Session, experiment_id: int) -> int:
    """Cases asked for in all cycles of an experiment."""
    query = select(func.count()).select_from(Query).join(Cycle, Cycle.id == Query.cycle_id)
    return session.scalar(query.where(Cycle.experiment_id == experiment_id)) or 0


def drop_queries(session: Session, cycle_id: int, case_ids: list[int]) -> None:
    """Take back queries that nobody has answered."""
    session.execute(delete(Query).where(Query.cycle_id == cycle_id, Query.case_id.in_(case_ids)))
    session.expire_all()


def add_model(session: Session, model: Model, annotations: list[Annotation]) -> Model:
    """Record a trained network with the exact annotation versions behind it. The database refuses holdout ones."""
    session.add(model)
    session.flush()
    session.add_all(TrainedOn(model_id=model.id, annotation_id=a.id) for a in annotations)
    session.flush()
    return model


def add_members(session: Session, model_id: int, files: list[str]) -> None:
    """Record the further networks of an Ensemble."""
    session.add_all(Member(model_id=model_id, number=number, file=file) for number, file in enumerate(files, start=1))
    session.flush()


def members(session: Session, model_id: int) -> list[str]:
    """Files of the further networks of an Ensemble, in order; none for a model that is alone."""
    rows = session.scalars(select(Member).where(Member.model_id == model_id).order_by(Member.number))
    return [row.file for row in rows]


def newest_model(session: Session, experiment_id: int) -> Model | None:
    query = select(Model).where(Model.experiment_id == experiment_id).order_by(Model.id.desc()).limit(1)
    return session.scalar(query)


def models(session: Session, experiment_id: int) -> list[Model]:
    return list(session.scalars(select(Model).where(Model.experiment_id == experiment_id).order_by(Model.id)))


def trained_on(session: Session, model_id: int) -> list[Annotation]:
    query = select(Annotation).join(TrainedOn, TrainedOn.annotation_id == Annotation.id)
    return list(session.scalars(query.where(TrainedOn.model_id == model_id)))


def prediction(session: Session, model_id: int, case_id: int) -> Prediction | None:
    return session.get(Prediction, (model_id, case_id))


def predictions(session: Session, model_id: int) -> dict[int, Prediction]:
    rows = session.scalars(select(Prediction).where(Prediction.model_id == model_id))
    return {row.case_id: row for row in rows}


def evaluations(session: Session, model_id: int, role: str | None = None) -> list[Evaluation]:
    query = select(Evaluation).where(Evaluation.model_id == model_id).order_by(Evaluation.case_id)
    return list(session.scalars(query if role is None else query.where(Evaluation.role == role)))
