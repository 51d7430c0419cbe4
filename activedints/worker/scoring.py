"""The job that turns a model into drafts, heat maps, Scores and holdout figures, one case after the other."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from activedints.core import metrics, strategies
from activedints.core.cycle import Phase, Role
from activedints.core.job import Report
from activedints.core.spot_errors import spot_errors
from activedints.core.volume import spacing, voxel_millilitres
from activedints.formats.nifti import read_labelmap, read_map
from activedints.learn.model import load_model
from activedints.loop import experiments, turns
from activedints.loop.calibrating import fitted_temperature
from activedints.loop.decisions import Verdict, verdict
from activedints.loop.querying import asks_by
from activedints.loop.regions import check_boxes
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Evaluation, Job, Model, Prediction
from activedints.worker.gather import Turn, turn_of
from activedints.worker.measuring import How, predict_case


def score(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Predict the fixed cases and the pool with the cycle's model, then close the cycle and ask for the next cases.

    Every case is recorded as soon as it is done: what a killed run finished is not computed again, and when nothing
    changed there is no forward pass at all.
    """
    turn, model_id = _model_of(job, store)
    check_boxes(store, turn.experiment, turn.settings)
    fixed = _measure_fixed(job, store, turn, model_id, report)
    found = fixed.found
    with store.read() as session:
        pool = _pool(session, turn, asks_by(turn.settings, found))
    report(0, len(pool), f"{found.sentence} {found.reduction_sentence} {fixed.words}")
    anew = fixed.anew + _predict_missing(job, store, turn, model_id, pool, fixed.how, report)

    def finish(session: Session) -> dict[str, Any]:
        experiment, cycle = cases.experiment(session, turn.experiment.id), cycles.get(session, turn.cycle.id)
        facts: dict[str, Any] = {"model": model_id, "scored": anew}
        facts |= {"cases": fixed.cases + len(pool), "temperature": fixed.how.temperature}
        facts |= {"source": found.source, "draws": found.draws, "draws_verdict": found.sentence, "trust": found.trust}
        if cycle.phase == Phase.SCORE:  # a score asked for between turns moves nothing
            cycle.model_id = model_id
            facts |= turns.after_scoring(session, experiment, cycle)
        return facts

    return finish


def evaluate(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Measure the newest model on the holdout and calibration cases that were annotated, or corrected, since."""
    turn, model_id = _model_of(job, store)
    fixed = _measure_fixed(job, store, turn, model_id, report)
    return lambda session: {"model": model_id, "cases": fixed.cases, "predicted": fixed.anew}


@dataclass(frozen=True)
class _Fixed:
    """What the fixed cases say: the verdict, how the rest is predicted, the words on the temperature; and how many
    cases there are and how many were predicted anew."""

    found: Verdict
    how: How
    words: str
    cases: int
    anew: int


def _measure_fixed(job: Job, store: Store, turn: Turn, model_id: int, report: Report) -> _Fixed:
    """Look at the calibration cases in one pass each, decide by them how, look at the holdout in that way, and measure
    the model on both."""
    calibration = _measure(job, store, turn, model_id, Role.CALIBRATION, How(), report)
    with store.read() as session:
        found = verdict(session, turn.experiment.id, model_id, turn.settings)
        temperature, words = fitted_temperature(session, store, turn.experiment.id, model_id)
    how = How(found.source, found.draws, temperature)
    holdout = _measure(job, store, turn, model_id, Role.HOLDOUT, how, report)
    return _Fixed(found, how, words, calibration[0] + holdout[0], calibration[1] + holdout[1])


def _measure(
    job: Job, store: Store, turn: Turn, model_id: int, role: Role, how: How, report: Report
) -> tuple[int, int]:
    """Predict and measure the annotated cases of a fixed role; how many there are and how many were predicted anew."""
    with store.read() as session:
        annotated = cases.annotated_ids(session, turn.experiment.id)
        members = [case for case in cases.members(session, turn.experiment.id, role) if case.id in annotated]
    anew = _predict_missing(job, store, turn, model_id, members, how, report)
    _evaluate(store, turn, model_id, role)
    return len(members), anew


def _predict_missing(
    job: Job, store: Store, turn: Turn, model_id: int, wanted: list[Case], how: How, report: Report
) -> int:
    """Predict the cases that this model has no prediction of, or whose reference changed since; returns how many."""
    with store.read() as session:
        row = session.get_one(Model, model_id)
        changed = {prediction.case_id for prediction, _ in _unmeasured(session, turn, model_id)}
        known = cycles.predictions(session, model_id).keys() - changed
        paths = [store.files.path(name) for name in (row.file, *cycles.members(session, model_id))]
    missing = [case for case in wanted if case.id not in known]
    if missing:
        loaded = [load_model(path, job.arguments.get("device", "auto")) for path in paths]
        for number, case in enumerate(missing):
            report(number, len(missing), f"Scoring {case.name}")
            predict_case(store, turn, model_id, case, loaded, how)
    report(len(missing), len(missing), f"{len(wanted)} case(s) scored, {len(missing)} of them anew")
    return len(missing)


def _model_of(job: Job, store: Store) -> tuple[Turn, int]:
    """The cycle's model, else the newest; before any training that is the starter, which gets its row here."""
    with store.write() as session:
        turn = turn_of(session, job)
        if turn.cycle.model_id is not None:
            return turn, turn.cycle.model_id
        newest = cycles.newest_model(session, turn.experiment.id)
        return turn, (newest or _starter_row(session, store, turn)).id


def _starter_row(session: Session, store: Store, turn: Turn) -> Model:
    card = load_model(experiments.STARTER, "cpu").card
    architecture = card.architecture if isinstance(card.architecture, str) else card.architecture.to_json()
    model = Model(
        experiment_id=turn.experiment.id,
        cycle_number=turn.cycle.number,
        file=store.files.add(session, experiments.STARTER, ".safetensors"),
        origin="starter",
        settings={"labels": list(card.labels.names), "facts": card.facts},
        architecture=architecture,
        seed=int(card.settings.get("seed", 0)),
        steps=0,
        seconds=0.0,
    )
    return cycles.add_model(session, model, [])


def _pool(session: Session, turn: Turn, strategy: str) -> list[Case]:
    """The cases that may be asked for, and for a strategy that compares with them the labelled ones."""
    wanted = turns.pool(session, turn.experiment, None)
    if strategy in strategies.NEEDS_EMBEDDING:
        wanted = wanted + turns.labelled(session, turn.experiment)
    return [cases.case(session, case_id) for case_id in wanted]


def _unmeasured(
    session: Session, turn: Turn, model_id: int, role: Role | None = None
) -> list[tuple[Prediction, Annotation]]:
    """Predicted holdout and calibration cases to whose newest version the model was not yet held. Their prediction
    knows another version or none: its AUROC and its sample for the temperature are as old."""
    newest = annotations.newest_of_each(session, turn.experiment.id)
    done = {row.case_id: row.annotation_id for row in cycles.evaluations(session, model_id)}
    roles = (Role.CALIBRATION, Role.HOLDOUT) if role is None else (role,)
    return [
        (prediction, newest[prediction.case_id])
        for prediction in cycles.predictions(session, model_id).values()
        if cases.role_of(session, turn.experiment.id, prediction.case_id) in roles
        and prediction.case_id in newest
        and done.get(prediction.case_id) != newest[prediction.case_id].id
    ]


def _evaluate(store: Store, turn: Turn, model_id: int, role: Role) -> None:
    """Measure the model on every annotated case of a fixed role whose newest version it was not yet held to."""
    with store.read() as session:
        model = session.get_one(Model, model_id)
        todo = [(made.case, made, annotation) for made, annotation in _unmeasured(session, turn, model_id, role)]
    known = model.settings.get("labels")
    only_foreground = known is not None and tuple(known) != turn.settings.labels.names
    for case, prediction, annotation in todo:
        reference = read_labelmap(store.files.path(annotation.file))
        predicted = read_labelmap(store.files.path(prediction.label))
        measured = metrics.evaluate(reference.array, predicted.array, turn.settings.labels, spacing(reference.affine))
        figures = asdict(measured)
        if role is Role.CALIBRATION:
            heat, brain = (
                read_map(store.files.path(prediction.uncertainty)),
                read_labelmap(store.files.path(case.brain)),
            )
            voxel_ml = voxel_millilitres(reference.affine)
            figures["spots"] = spot_errors(heat, reference.array, predicted.array, brain.array > 0, voxel_ml)
        if only_foreground:
            for label in figures["labels"].values():  # which label is where, the starter does not say
                label.update(dice=None, hd95_mm=None, assd_mm=None)
        with store.write() as session:
            session.merge(
                Evaluation(model_id=model_id, case_id=case.id, annotation_id=annotation.id, role=role, metrics=figures)
            )
