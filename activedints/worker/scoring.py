"""The job that turns a model into drafts, heat maps, Scores and holdout figures, one case after the other."""

import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core import metrics
from activedints.core.calibration import error_auroc
from activedints.core.cycle import Phase, Role
from activedints.core.job import Report
from activedints.core.score import case_scores, uncertain_spots
from activedints.core.settings import LabelSet, ScoreSettings
from activedints.core.spot_errors import spot_errors
from activedints.core.volume import LabelMap, spacing, voxel_millilitres
from activedints.formats.nifti import read_labelmap, read_map, write_heat_map, write_labelmap
from activedints.learn.model import Model as LoadedModel
from activedints.learn.model import load_model
from activedints.learn.predict import predict
from activedints.loop import experiments, turns
from activedints.loop.draws import DRAWS, ONE_PASS, verdict
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Case, Evaluation, Job, Model, Prediction
from activedints.worker.gather import Scan, Turn, read_scan, turn_of


def score(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Predict the fixed cases and the pool with the cycle's model, then close the cycle and ask for the next cases.

    Every case is recorded as soon as it is done: what a killed run finished is not computed again, and when nothing
    changed there is no forward pass at all.
    """
    turn, model_id = _model_of(job, store)
    with store.read() as session:
        fixed, pool = _fixed(session, turn), _pool(session, turn)
    anew = _predict_missing(job, store, turn, model_id, fixed, turn.settings.draws, report)
    evaluate_fixed(store, turn, model_id)
    with store.read() as session:
        found = verdict(session, turn.experiment.id, model_id, turn.settings)
    report(0, len(pool), found.sentence)
    anew += _predict_missing(job, store, turn, model_id, pool, found.draws, report)

    def finish(session: Session) -> dict[str, Any]:
        experiment, cycle = cases.experiment(session, turn.experiment.id), cycles.get(session, turn.cycle.id)
        facts: dict[str, Any] = {"model": model_id, "cases": len(fixed) + len(pool), "scored": anew}
        facts |= {"draws": found.draws, "draws_verdict": found.sentence}
        if cycle.phase == Phase.SCORE:  # a score asked for between turns moves nothing
            cycle.model_id = model_id
            facts |= turns.after_scoring(session, experiment, cycle)
        return facts

    return finish


def evaluate(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Measure the newest model on the annotated holdout and calibration cases, predicting those it has not seen."""
    turn, model_id = _model_of(job, store)
    with store.read() as session:
        fixed = _fixed(session, turn)
    anew = _predict_missing(job, store, turn, model_id, fixed, turn.settings.draws, report)
    evaluate_fixed(store, turn, model_id)
    return lambda session: {"model": model_id, "cases": len(fixed), "predicted": anew}


def _predict_missing(
    job: Job, store: Store, turn: Turn, model_id: int, wanted: list[Case], draws: int, report: Report
) -> int:
    """Predict the cases that this model has no prediction of; returns how many these were."""
    with store.read() as session:
        row = session.get_one(Model, model_id)
        known = cycles.predictions(session, model_id)
        path = store.files.path(row.file)
    missing = [case for case in wanted if case.id not in known]
    if missing:
        loaded = load_model(path, job.arguments.get("device", "auto"))
        for number, case in enumerate(missing):
            report(number, len(missing), f"Scoring {case.name}")
            predict_case(store, turn, model_id, case, loaded, draws)
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


def _fixed(session: Session, turn: Turn) -> list[Case]:
    """Annotated holdout and calibration cases."""
    annotated = cases.annotated_ids(session, turn.experiment.id)
    roles = (Role.HOLDOUT, Role.CALIBRATION)
    return [c for role in roles for c in cases.members(session, turn.experiment.id, role) if c.id in annotated]


def _pool(session: Session, turn: Turn) -> list[Case]:
    return [cases.case(session, case_id) for case_id in turns.pool(session, turn.experiment, None)]


def predict_case(store: Store, turn: Turn, model_id: int, case: Case, model: LoadedModel, draws: int) -> None:
    """Predict one case and record its draft, heat map, spots and Scores (of a calibration case: of its errors too)."""
    settings = turn.settings
    scan = read_scan(store, case, settings.channels)
    plan = ScoreSettings(draws=draws, patch=model.card.patch, seed=settings.seed)
    made = predict(model, scan.image, scan.brain, spacing(scan.affine), settings.channels, plan)
    names = model.card.labels.names
    spots = uncertain_spots(made.maps["entropy"], made.probability, scan.brain, scan.affine, names)
    heat = np.clip(made.maps["entropy"] / np.log(len(names)), 0, 1)
    values = in_label_set(made.label_index, model.card.labels, settings.labels)
    like = store.files.path(case.images[0])
    scores = case_scores(made.maps, made.probability, scan.brain, scan.affine)
    scores |= _error_aurocs(store, turn, case, scan, model, made.maps["entropy"], values, plan)
    with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        label, uncertainty = Path(scratch) / "draft.nii.gz", Path(scratch) / "uncertainty.nii.gz"
        write_labelmap(label, LabelMap(values, scan.affine), like)
        write_heat_map(uncertainty, heat, scan.affine, like)
        with store.write() as session:
            session.merge(
                Prediction(
                    model_id=model_id,
                    case_id=case.id,
                    draws=made.draws,
                    label=store.files.add(session, label, ".nii.gz"),
                    uncertainty=store.files.add(session, uncertainty, ".nii.gz"),
                    scores=scores,
                    spots=[asdict(spot) for spot in spots],
                    seconds=made.seconds,
                )
            )


def _error_aurocs(
    store: Store,
    turn: Turn,
    case: Case,
    scan: Scan,
    model: LoadedModel,
    entropy: np.ndarray,
    predicted: np.ndarray,
    plan: ScoreSettings,
) -> dict[str, float]:
    """How well entropy finds the wrong voxels of an annotated calibration case: with Draws, and with one pass."""
    with store.read() as session:
        newest = annotations.newest(session, turn.experiment.id, case.id)
        role = cases.role_of(session, turn.experiment.id, case.id)
    if role is not Role.CALIBRATION or newest is None or plan.draws == 1:
        return {}
    reference = read_labelmap(store.files.path(newest.file)).array
    single = replace(plan, draws=1)
    one = predict(model, scan.image, scan.brain, spacing(scan.affine), turn.settings.channels, single)
    labels = in_label_set(one.label_index, model.card.labels, turn.settings.labels)
    found = {
        DRAWS: error_auroc(entropy, reference, predicted, scan.brain),
        ONE_PASS: error_auroc(one.maps["entropy"], reference, labels, scan.brain),
    }
    return {name: value for name, value in found.items() if value is not None}


def in_label_set(index: np.ndarray, model: LabelSet, experiment: LabelSet) -> np.ndarray:
    """A model's class indices as the experiment's label values; another label set is only any foreground, and all
    of it gets the first foreground label."""
    if model.names == experiment.names:
        return experiment.value_of(index)
    return np.where(index > 0, experiment.values[1], 0).astype(np.uint8)


def evaluate_fixed(store: Store, turn: Turn, model_id: int) -> None:
    """Measure the model on every annotated holdout and calibration case whose newest version it was not yet held to."""
    with store.read() as session:
        model = session.get_one(Model, model_id)
        newest = annotations.newest_of_each(session, turn.experiment.id)
        done = {row.case_id: row.annotation_id for row in cycles.evaluations(session, model_id)}
        todo = [
            (role, prediction.case, prediction, newest[prediction.case_id])
            for prediction in cycles.predictions(session, model_id).values()
            if (role := cases.role_of(session, turn.experiment.id, prediction.case_id)) is not Role.LEARNING
            and prediction.case_id in newest
            and done.get(prediction.case_id) != newest[prediction.case_id].id
        ]
    known = model.settings.get("labels")
    only_foreground = known is not None and tuple(known) != turn.settings.labels.names
    for role, case, prediction, annotation in todo:
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
