"""What each stream of queries taught: the Dice that is lost when as many of its cases are left out."""

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np

from activedints.core.cycle import Role
from activedints.core.errors import EmptyPool
from activedints.core.experiment import Regime
from activedints.core.job import Report
from activedints.core.metrics import evaluate
from activedints.core.settings import ScoreSettings, TrainSettings
from activedints.core.volume import spacing
from activedints.formats.nifti import read_labelmap
from activedints.learn.compute import pick_device
from activedints.learn.data import TrainingCase
from activedints.learn.model import Model, load_model
from activedints.learn.predict import predict
from activedints.learn.train import train
from activedints.loop.streams import cases_of_streams
from activedints.store import annotations, cases
from activedints.store.database import Session, Store
from activedints.store.schema import Job
from activedints.worker.gather import (
    Turn,
    begun_cases,
    job_folder,
    read_scan,
    training_case,
    turn_of,
    working_spacing,
)
from activedints.worker.measuring import in_label_set
from activedints.worker.networks import architecture_named
from activedints.worker.starting import weights_to_start_from

EVERYTHING = "everything"


def leave_out(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Train three times with one seed: on everything, and without as many cases of either stream; measure the holdout.

    A report for the page: nothing is decided by it.
    """
    with store.read() as session:
        turn = turn_of(session, job)
        rows = begun_cases(session, turn, job_folder(store, job))
        begun = {case.id for case, _ in rows}
        streams = {name: set(found) & begun for name, found in cases_of_streams(session, turn.experiment.id).items()}
        holdout = cases.members(session, turn.experiment.id, Role.HOLDOUT)
        newest = annotations.newest_of_each(session, turn.experiment.id)
    fewest = min(len(members) for members in streams.values())
    if not fewest or fewest >= len(rows) or not any(case.id in newest for case in holdout):
        raise EmptyPool(
            "Leaving a stream out needs an annotated case of each stream, one more case to learn from, and an annotated"
            f" holdout; there are {', '.join(f'{len(m)} of the {n}' for n, m in streams.items())} stream."
        )
    rng = np.random.default_rng(turn.settings.seed)
    without: dict[str, set[int]] = {EVERYTHING: set()}
    for name, members in streams.items():
        without[name] = {int(c) for c in rng.permutation(sorted(members))[:fewest]}
    found = {}
    for number, (name, left_out) in enumerate(without.items()):
        report(number, len(without), f"Training without the {name} stream" if left_out else "Training on everything")
        learning = [training_case(store, c, a, turn.settings) for c, a in rows if c.id not in left_out]
        model = _trained(job, store, turn, learning, name, report)
        found[name] = _holdout_dice(store, turn, model)
    gains = {name: found[EVERYTHING] - found[name] for name in streams}
    return lambda session: {"left_out": fewest, "dice": found, "gain": gains, "holdout": len(holdout)}


def _trained(job: Job, store: Store, turn: Turn, learning: list[TrainingCase], name: str, report: Report) -> Model:
    settings, device = turn.settings, job.arguments.get("device", "auto")
    plan = TrainSettings(
        seconds=settings.seconds,
        steps=settings.steps,
        seed=settings.seed * 1009 + turn.cycle.number,
        device=device,
        spacing=working_spacing(learning, settings, on_gpu=pick_device(device).type == "cuda"),
    )
    architecture = architecture_named(settings.architecture)
    alone = replace(
        turn, settings=replace(settings, regime=Regime.WEIGHTS_ONLY)
    )  # never from weights that saw the cases
    with store.read() as session:
        start, _ = weights_to_start_from(session, store, alone, architecture)
    folder = job_folder(store, job) / name
    made = train(learning, architecture, settings.channels, settings.labels, plan, report, folder, start)
    return load_model(made.path, device)


def _holdout_dice(store: Store, turn: Turn, model: Model) -> float:
    """Mean class Dice over the annotated holdout cases."""
    values = []
    with store.read() as session:
        newest = annotations.newest_of_each(session, turn.experiment.id)
        members = cases.members(session, turn.experiment.id, Role.HOLDOUT)
    for case in members:
        if case.id not in newest:
            continue
        scan, settings = read_scan(store, case, turn.settings.channels), turn.settings
        plan = ScoreSettings(draws=1, patch=model.card.patch)
        made = predict(model, scan.image, scan.brain, spacing(scan.affine), settings.channels, plan)
        label = in_label_set(made.label_index, model.card.labels, settings.labels)
        reference = read_labelmap(store.files.path(newest[case.id].file)).array
        measured = evaluate(reference, label, settings.labels, spacing(scan.affine), distances=False)
        known = [one.dice for one in measured.labels.values() if one.dice is not None]
        values += [fmean(known)] if known else []
    return fmean(values)
