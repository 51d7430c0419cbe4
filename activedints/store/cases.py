"""Cases, experiments, and what a case is for in an experiment."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from activedints.core.cycle import Role
from activedints.core.errors import IllegalChange, NotFound
from activedints.core.experiment import ExperimentSettings
from activedints.store.schema import Annotation, Case, Experiment, Membership, Setting

ACTIVE = "active_experiment"


def case(session: Session, case_id: int) -> Case:
    """The case with this id, or NotFound."""
    found = session.get(Case, case_id)
    if found is None:
        raise NotFound(f"There is no case {case_id} in this workspace; the Data page lists what there is.")
    return found


def case_named(session: Session, name: str) -> Case:
    """The case called ``name``, or NotFound."""
    found = session.scalar(select(Case).where(Case.name == name))
    if found is None:
        raise NotFound(f"There is no case '{name}' in this workspace; `activedints status` says how many there are.")
    return found


def all_cases(session: Session) -> list[Case]:
    return list(session.scalars(select(Case).order_by(Case.id)))


def subjects(session: Session) -> dict[str, str]:
    """Subject key -> name of the first case of that subject."""
    return {
        subject: name for name, subject in session.execute(select(Case.name, Case.subject).order_by(Case.id.desc()))
    }


def add_experiment(session: Session, name: str, settings: ExperimentSettings) -> Experiment:
    if session.scalar(select(Experiment).where(Experiment.name == name)) is not None:
        raise IllegalChange(f"There is an experiment '{name}' already; choose another name.")
    experiment = Experiment(name=name, settings=settings.to_json())
    session.add(experiment)
    session.flush()
    use_experiment(session, experiment)
    return experiment


def use_experiment(session: Session, experiment: Experiment) -> None:
    """Make this the active experiment of the workspace."""
    session.merge(Setting(key=ACTIVE, value=str(experiment.id)))


def experiments(session: Session) -> list[Experiment]:
    return list(session.scalars(select(Experiment).order_by(Experiment.id)))


def experiment(session: Session, experiment_id: int) -> Experiment:
    """The experiment with this id, or NotFound."""
    found = session.get(Experiment, experiment_id)
    if found is None:
        raise NotFound(f"There is no experiment {experiment_id} in this workspace.")
    return found


def experiment_named(session: Session, name: str) -> Experiment:
    found = session.scalar(select(Experiment).where(Experiment.name == name))
    if found is None:
        names = ", ".join(e.name for e in experiments(session)) or "none yet"
        raise NotFound(f"There is no experiment '{name}'; there are: {names}.")
    return found


def active_experiment(session: Session) -> Experiment | None:
    chosen = session.get(Setting, ACTIVE)
    return session.get(Experiment, int(chosen.value)) if chosen else None


def join(session: Session, experiment_id: int, case_id: int, role: Role) -> None:
    """Give a case its Role in an experiment."""
    session.add(Membership(experiment_id=experiment_id, case_id=case_id, role=role))
    session.flush()


def members(session: Session, experiment_id: int, role: Role | None = None) -> list[Case]:
    """Cases of an experiment in the order of import, all or those of one Role."""
    query = select(Case).join(Membership, Membership.case_id == Case.id)
    query = query.where(Membership.experiment_id == experiment_id).order_by(Case.id)
    return list(session.scalars(query if role is None else query.where(Membership.role == role)))


def role_of(session: Session, experiment_id: int, case_id: int) -> Role:
    found = session.get(Membership, (experiment_id, case_id))
    if found is None:
        raise NotFound(f"Case {case_id} does not belong to this experiment.")
    return Role(found.role)


def annotated_ids(session: Session, experiment_id: int) -> set[int]:
    """Ids of the cases with one Annotation or more."""
    query = select(Annotation.case_id).where(Annotation.experiment_id == experiment_id).distinct()
    return set(session.scalars(query))


def count(session: Session, experiment_id: int) -> dict[str, int]:
    """Numbers of labelled, pool, calibration and holdout cases."""
    annotated = annotated_ids(session, experiment_id)
    learning = [c.id for c in members(session, experiment_id, Role.LEARNING)]
    rows = session.execute(
        select(Membership.role, func.count()).where(Membership.experiment_id == experiment_id).group_by(Membership.role)
    )
    by_role = {str(role): int(number) for role, number in rows}
    return {
        "labelled": sum(c in annotated for c in learning),
        "pool": sum(c not in annotated for c in learning),
        "calibration": by_role.get(Role.CALIBRATION, 0),
        "holdout": by_role.get(Role.HOLDOUT, 0),
    }


def ids(cases: Sequence[Case]) -> list[int]:
    return [c.id for c in cases]
