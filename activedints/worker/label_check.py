"""The label-error finder: Members that never saw a case say how much its label surprises them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.architecture import Architecture, same_network
from activedints.core.errors import EmptyPool
from activedints.core.experiment import Start
from activedints.core.job import Report
from activedints.core.label_errors import Suspicion, folds, suspicion
from activedints.core.settings import LabelSet, ScoreSettings, TrainSettings
from activedints.learn.compute import pick_device
from activedints.learn.data import TrainingCase
from activedints.learn.model import load_model, read_card
from activedints.learn.predict import predict
from activedints.learn.train import train
from activedints.loop import experiments
from activedints.store.database import Session, Store
from activedints.store.schema import Job
from activedints.worker.gather import begun_cases, job_folder, training_case, turn_of, working_spacing
from activedints.worker.networks import architecture_named

FOLDS = 4
FEWEST = 4
"""Labelled cases under which nobody can be cross-validated in earnest."""


def check_labels(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Rank the labelled cases by confident disagreement; costs FOLDS trainings as long as the experiment's own.

    Resumes fold by fold. The joint regime's last weights are never a start here, for they saw every case.
    """
    with store.read() as session:
        turn = turn_of(session, job)
        rows = begun_cases(session, turn, job_folder(store, job))
    settings = turn.settings
    learning = [training_case(store, case, annotation, settings) for case, annotation in rows]
    device = job.arguments.get("device", "auto")
    plan = TrainSettings(
        seconds=settings.seconds,
        steps=settings.steps,
        seed=settings.seed * 1009 + turn.cycle.number + 500,
        device=device,
        spacing=working_spacing(learning, settings, on_gpu=pick_device(device).type == "cuda"),
    )
    architecture = architecture_named(settings.architecture)
    start = None
    if settings.start is Start.STARTER and same_network(read_card(experiments.STARTER).architecture, architecture):
        start = experiments.STARTER
    given = (learning, architecture, settings.channels, settings.labels, plan, report)
    found = cross_validated(*given, job_folder(store, job), start)
    ranking = [
        {"case_id": case.id, "case": case.name, "annotation": annotation.id, **facts(found[case.name], one)}
        for (case, annotation), one in zip(rows, learning)
    ]
    ranking.sort(key=lambda row: (-row["suspicion"], row["case"]))
    return lambda session: {"ranking": ranking, "folds": min(FOLDS, len(rows)), "cycle": turn.cycle.number}


def facts(found: Suspicion, case: TrainingCase) -> dict[str, Any]:
    """A Suspicion as JSON, with the disagreeing volume in mL."""
    volume = found.disagreeing * float(np.prod(case.spacing)) / 1000
    return asdict(found) | {"suspicion": found.total, "disagreeing_ml": volume}


def cross_validated(
    cases: Sequence[TrainingCase],
    architecture: Architecture | str,
    channels: tuple[str, ...],
    labels: LabelSet,
    plan: TrainSettings,
    report: Report,
    folder: Path,
    start: Path | None = None,
    number: int = FOLDS,
) -> dict[str, Suspicion]:
    """The Suspicion of every case from a Member trained without it, by case name."""
    if len(cases) < FEWEST:
        raise EmptyPool(
            f"Looking for label errors needs {FEWEST} labelled cases or more, so that every case is judged by a model"
            f" that never saw it; there are {len(cases)}: annotate more first."
        )
    found: dict[str, Suspicion] = {}
    for turn, fold in enumerate(folds(list(range(len(cases))), number, plan.seed)):
        report(turn, number, f"Training without {len(fold)} of {len(cases)} cases")
        rest = [case for index, case in enumerate(cases) if index not in fold]
        settings = replace(plan, seed=plan.seed + turn)
        made = train(rest, architecture, channels, labels, settings, report, folder / f"fold-{turn}", start)
        model = load_model(made.path, plan.device)
        looking = ScoreSettings(draws=1, patch=plan.patch, threads=plan.threads, precision=plan.precision)
        for case in (cases[index] for index in fold):
            seen = predict(model, case.image, case.brain, case.spacing, channels, looking)
            assert case.label is not None
            found[case.case_id] = suspicion(seen.probability, case.label, case.brain, case.spacing, labels.foreground)
    return found
