"""The handlers of the loop's jobs: ``run(job, store, report) -> finish``.

``run`` computes and writes working files; ``finish(session)`` records files, rows and the next phase, and is called
in the one transaction that also ends the job. A handler takes no global state, so that another executor can call it.
"""

import json
from collections.abc import Callable
from typing import Any

from activedints.core.errors import NotFound
from activedints.core.job import JobKind, Report
from activedints.core.settings import TrainSettings
from activedints.learn.compute import pick_device
from activedints.learn.ensemble import train_ensemble
from activedints.learn.train import train as run_training
from activedints.loop import turns
from activedints.loop.regions import check_boxes
from activedints.store import cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Job, Model
from activedints.worker.baselines import baseline
from activedints.worker.gather import begun_cases, job_folder, training_case, turn_of, working_spacing
from activedints.worker.label_check import check_labels
from activedints.worker.leave_out import leave_out
from activedints.worker.meta_training import meta_train
from activedints.worker.networks import architecture_named
from activedints.worker.scoring import evaluate, score
from activedints.worker.searching import search
from activedints.worker.simulating import simulate
from activedints.worker.starting import training_patch, weights_to_start_from
from activedints.worker.studies import study

Finish = Callable[[Session], dict[str, Any]]
Handler = Callable[[Job, Store, Report], Finish]


def train(job: Job, store: Store, report: Report) -> Finish:
    """Train from the experiment's start on every labelled case, in its newest version when the job began."""
    report(0, 1, "Loading the labelled cases")
    with store.read() as session:
        turn = turn_of(session, job)
        rows = begun_cases(session, turn, job_folder(store, job))
    settings = turn.settings
    check_boxes(store, turn.experiment, settings)
    learning = [training_case(store, case, annotation, settings) for case, annotation in rows]
    device = job.arguments.get("device", "auto")
    architecture = architecture_named(settings.architecture)
    plan = TrainSettings(
        patch=training_patch(architecture, settings.space),
        seconds=settings.seconds,
        steps=settings.steps,
        seed=settings.seed * 1009 + turn.cycle.number,
        device=device,
        spacing=working_spacing(learning, settings, on_gpu=pick_device(device).type == "cuda"),
        snapshots=settings.members if "snapshots" in settings.sources else 1,
    )
    with store.read() as session:
        start, words = weights_to_start_from(session, store, turn, architecture)
    report(0, 1, f"Training on {len(learning)} labelled case(s) at {plan.spacing} mm; it {words}")
    given = (learning, architecture, settings.channels, settings.labels, plan, report, job_folder(store, job))
    if "deep-ensemble" in settings.sources:
        trained = train_ensemble(*given, settings.members, start)
    else:
        trained = run_training(*given, start)

    def finish(session: Session) -> dict[str, Any]:
        model = Model(
            experiment_id=turn.experiment.id,
            cycle_number=turn.cycle.number,
            file=store.files.add(session, trained.path, ".safetensors"),
            origin="trained",
            settings=json.loads(json.dumps(plan.__dict__)),
            architecture=architecture if isinstance(architecture, str) else architecture.to_json(),
            seed=plan.seed,
            steps=trained.steps,
            seconds=trained.seconds,
        )
        cycles.add_model(session, model, [annotation for _, annotation in rows])
        cycles.add_members(session, model.id, [store.files.add(session, p, ".safetensors") for p in trained.members])
        turns.after_training(session, turn.experiment, cycles.get(session, turn.cycle.id), model.id)
        facts = {"regime": settings.regime, "start": words, "architecture": model.architecture}
        return {"model": model.id, "steps": trained.steps, "seconds": trained.seconds, "loss": trained.loss, **facts}

    return finish


HANDLERS: dict[JobKind, Handler] = {
    JobKind.TRAIN: train,
    JobKind.SEARCH: search,
    JobKind.SCORE: score,
    JobKind.EVALUATE: evaluate,
    JobKind.BASELINE: baseline,
    JobKind.SIMULATE: simulate,
    JobKind.LABEL_CHECK: check_labels,
    JobKind.LEAVE_OUT: leave_out,
    JobKind.STUDY: study,
    JobKind.META_TRAIN: meta_train,
}


def handler(kind: str) -> Handler:
    """The handler of a kind of job; NotFound for a kind that this version does not know."""
    if kind not in HANDLERS:
        raise NotFound(f"This version has no handler for jobs of kind '{kind}'; upgrade the worker.")
    return HANDLERS[JobKind(kind)]
