"""The job that holds the newest model against a baseline: the same cases, the same seconds, the same holdout."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from activedints.core import metrics
from activedints.core.architecture import Architecture
from activedints.core.cycle import Role
from activedints.core.job import Report
from activedints.core.settings import ScoreSettings, TrainSettings
from activedints.core.volume import spacing
from activedints.formats.nifti import read_labelmap
from activedints.learn.candidates import random_like
from activedints.learn.cost import Size, cost, measure
from activedints.learn.data import working_size
from activedints.learn.model import load_model
from activedints.learn.predict import predict
from activedints.learn.train import train
from activedints.loop.baselines import RANDOM
from activedints.store import cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Job, Model
from activedints.worker.gather import Turn, job_folder, read_scan, training_case, turn_of
from activedints.worker.measuring import in_label_set
from activedints.worker.networks import architecture_named


def baseline(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Train ``arguments['network']`` from random weights on the annotation versions behind model
    ``arguments['model']`` for the seconds that it took; measure both on the holdout, and what both cost."""
    report(0, 1, "Loading the cases that the model learned from")
    with store.read() as session:
        turn = turn_of(session, job)
        model = session.get_one(Model, job.arguments["model"])
        learned = [(a.case, a) for a in cycles.trained_on(session, model.id)]
        rows = cycles.evaluations(session, model.id, Role.HOLDOUT)
        held = [(row.case, session.get_one(Annotation, row.annotation_id), dice(row.metrics)) for row in rows]
    plan = training_like(model, job.arguments.get("device", "auto"))
    network = opponent(job.arguments["network"], model, plan)
    learning = [training_case(store, case, annotation, turn.settings) for case, annotation in learned]
    report(0, 1, f"Training {job.arguments['network']} from random weights on {len(learning)} labelled case(s)")
    settings = turn.settings
    made = train(learning, network, settings.channels, settings.labels, plan, report, job_folder(store, job))
    cases = [
        {"case": case.name, "ours": ours, "theirs": measured(store, turn, made.path, case, reference)}
        for case, reference, ours in held
    ]
    report(1, 1, "Measuring what both networks cost")
    costs = {
        name: cost_of(one, turn, plan, volume_of(held[0][0], plan))
        for name, one in (("ours", architecture_named(model.architecture)), ("theirs", network))
    }
    facts = {"network": job.arguments["network"], "model": model.id, "steps": made.steps, "seconds": made.seconds}
    return lambda session: {**facts, "cases": cases, "costs": costs, "regime": settings.regime}


def opponent(name: str, model: Model, plan: TrainSettings) -> Architecture | str:
    """The baseline's network; ``random`` is drawn by the model's number from its space, with its memory."""
    like = architecture_named(model.architecture)
    if name == RANDOM and isinstance(like, Architecture):
        return random_like(1, model.id, like, plan.patch)[0]
    return architecture_named(name)


def training_like(model: Model, device: str) -> TrainSettings:
    """The settings of the model's training, bounded by the seconds that it took."""
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in model.settings.items()}
    return replace(TrainSettings(**fields), steps=None, seconds=max(model.seconds, 0.1), device=device)


def volume_of(case: Case, plan: TrainSettings) -> Size:
    """Voxels of a case at the working spacing, no smaller than a patch."""
    own = spacing(np.asarray(case.affine))
    x, y, z = (max(side, patch) for side, patch in zip(working_size(case.shape, own, plan.spacing), plan.patch))
    return x, y, z


def measured(store: Store, turn: Turn, path: Path, case: Case, reference: Annotation) -> dict[str, Any]:
    """Dice of a model file on one annotated case: any foreground, and the mean over its labels where defined."""
    model, scan = load_model(path), read_scan(store, case, turn.settings.channels)
    plan = ScoreSettings(draws=1, patch=model.card.patch, seed=turn.settings.seed)
    made = predict(model, scan.image, scan.brain, spacing(scan.affine), turn.settings.channels, plan)
    found = in_label_set(made.label_index, model.card.labels, turn.settings.labels)
    truth = read_labelmap(store.files.path(reference.file))
    return dice(asdict(metrics.evaluate(truth.array, found, turn.settings.labels, spacing(truth.affine))))


def dice(found: dict[str, Any]) -> dict[str, Any]:
    """Any foreground's Dice and the mean over the labels of one case; None where nothing defines it."""
    defined = [label["dice"] for label in found["labels"].values() if label["dice"] is not None]
    return {"any_foreground": found["any_foreground"]["dice"], "labels": fmean(defined) if defined else None}


def cost_of(network: Architecture | str, turn: Turn, plan: TrainSettings, volume: Size) -> dict[str, Any]:
    """Counted and measured cost of one network for patches and volumes of this experiment."""
    channels, classes = len(turn.settings.channels), turn.settings.labels.classes
    tried = measure(network, channels, classes, plan.patch, volume=volume, threads=plan.threads, device=plan.device)
    return asdict(cost(network, channels, classes, plan.patch)) | asdict(tried)
