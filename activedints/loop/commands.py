"""Commands about whole turns: overrides of a cycle, answers of an oracle, asking anew."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from activedints.core.cycle import Phase, Role
from activedints.core.errors import IllegalChange, InvalidSettings, NotFound
from activedints.core.job import JobKind
from activedints.formats.export import copy_label
from activedints.formats.header import read_header
from activedints.formats.voxels import check_label
from activedints.loop import experiments, querying, turns
from activedints.loop.answering import answer_from
from activedints.store import cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Case, Cycle, Experiment, Job

ORACLE = "oracle"


def set_overrides(session: Session, cycle: Cycle, given: dict[str, Any]) -> None:
    """Store settings that hold for this cycle only."""
    if given:
        cycle.overrides = {**cycle.overrides, **given}
        session.flush()
        turns.settings_of(session.get_one(Experiment, cycle.experiment_id), cycle)  # refuses what is out of range


def prepare_step(
    session: Session, kind: JobKind, given: dict[str, Any], arguments: dict[str, Any] | None = None
) -> Experiment:
    """Enqueue one step of the current cycle, unless it waits in the queue already.

    ``given`` holds for the cycle, ``arguments`` for this job alone.
    """
    experiment = experiments.active(session)
    cycle = cycles.current(session, experiment.id)
    if kind is JobKind.TRAIN and cycle.phase == Phase.DONE:
        cycle = cycles.start(session, experiment.id, cycle.number + 1)
    set_overrides(session, cycle, given)
    waiting = jobs.unfinished(session, experiment.id)
    same = next((job for job in waiting if job.kind == kind), None)
    if same is not None:
        _check_same(same, arguments or {})
        return experiment
    if waiting:
        raise IllegalChange(
            f"Job {waiting[0].id} ({waiting[0].kind}) is unfinished, so no {kind} can start: let a worker of this"
            " workspace finish it (`activedints worker --once`), or cancel it on the Jobs page."
        )
    if kind is JobKind.TRAIN:
        if cycle.phase in (Phase.SEARCH, Phase.TRAIN):  # one that failed or was cancelled
            turns.take_up(session, experiment, cycle, anew=bool(given))
        else:
            turns.start_training(session, experiment, cycle)
    elif kind in (JobKind.SCORE, JobKind.EVALUATE) and cycles.newest_model(session, experiment.id) is None:
        raise NotFound("There is no trained model yet: run `activedints train` first.")
    else:
        jobs.enqueue(session, kind, arguments or {}, experiment.id, cycle.id)
    return experiment


def _check_same(job: Job, asked: dict[str, Any]) -> None:
    """Refuse to go on with an unfinished job under settings that it was not started with."""
    other = {name: value for name, value in asked.items() if job.arguments.get(name) != value}
    if other:
        words = ", ".join(f"{name} {value}" for name, value in other.items())
        began = ", ".join(f"{name} {job.arguments.get(name, 'not given')}" for name in other)
        raise InvalidSettings(
            f"Job {job.id} ({job.kind}) is unfinished and was started with other settings ({began}, not {words}): "
            "go on with those, or cancel it on the Jobs page first."
        )


def begin_turn(session: Session, given: dict[str, Any]) -> Experiment:
    """Make the cycle move if it can; what it enqueued is then run."""
    experiment = experiments.active(session)
    cycle = cycles.current(session, experiment.id)
    if cycle.phase == Phase.DONE:
        cycle = cycles.start(session, experiment.id, cycle.number + 1)
    set_overrides(session, cycle, given)
    if "budget" in given:
        _resize_initial(session, experiment, cycle)
    if turns.take_up(session, experiment, cycle, anew=bool(given)) is None:
        turns.move_on(session, experiment)
    return experiment


def _resize_initial(session: Session, experiment: Experiment, cycle: Cycle) -> None:
    """A budget given before anybody annotated also holds for an initial set that was drawn with another."""
    settings = turns.settings_of(experiment, cycle)
    queries, waiting = cycles.queries(session, cycle.id), turns.outstanding(session, experiment, cycle)
    if cycle.number == 0 and settings.initial == 0 and queries and len(queries) == len(waiting):
        cycles.drop_queries(session, cycle.id, [query.case_id for query in queries])


def check_oracle(folder: Path) -> None:
    """NotFound unless there is such a folder: said before anything is computed, as it is asked only afterwards."""
    if not folder.is_dir():
        raise NotFound(f"The oracle folder {folder} is no folder: check --oracle.")


def oracle_answers(store: Store, folder: Path) -> int:
    """Annotate what waits (query, holdout, calibration; nothing else) with the label maps of a folder.

    Maps are FOLDER/NAME.nii.gz or FOLDER/labelsTr/NAME.nii.gz. Returns how many were annotated; a missing or
    unfitting map refuses them all.
    """
    with store.write() as session, tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        annotated = cases.annotated_ids(session, experiment.id)
        asked = {q.case_id: q for q in turns.outstanding(session, experiment, cycle)}
        waiting = [q.case for q in asked.values()]
        for role in (Role.HOLDOUT, Role.CALIBRATION):
            waiting += [c for c in cases.members(session, experiment.id, role) if c.id not in annotated]
        labels = turns.settings_of(experiment).labels
        for case in waiting:
            path = _oracle_file(folder, case)
            image = store.files.path(case.images[0])
            check_label(path, read_header(image), labels)
            turned = copy_label(Path(scratch) / f"{case.name}.nii.gz", path, like=image)
            name = store.files.add(session, turned, ".nii.gz")
            answer_from(session, store, experiment, case, asked.get(case.id), ORACLE, name)
        return len(waiting)


def _oracle_file(folder: Path, case: Case) -> Path:
    for place in (folder, folder / "labelsTr"):
        for suffix in (".nii.gz", ".nii"):
            path = place / f"{case.name}{suffix}"
            if path.is_file():
                return path
    raise NotFound(f"The oracle folder {folder} holds no label map {case.name}.nii.gz (nor in its labelsTr).")


def query(store: Store, given: dict[str, Any]) -> dict[str, Any]:
    """The current query; with other settings, asked anew for what the answered part leaves of the budget."""
    with store.write() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        if given:
            _ask_anew(session, experiment, cycle, given)
        rows = cycles.queries(session, cycle.id)
        cases_ = [{"case": q.case.name, "rank": q.rank, "score": q.score, "reason": q.reason} for q in rows]
        return {"cycle": cycle.number, "phase": cycle.phase, "query": cases_}


def _ask_anew(session: Session, experiment: Experiment, cycle: Cycle, given: dict[str, Any]) -> None:
    model = cycles.newest_model(session, experiment.id)
    if cycle.phase != Phase.ANNOTATE or model is None:
        raise IllegalChange(
            "A query can be asked anew while a scored cycle waits for readers; run `activedints score`."
        )
    set_overrides(session, cycle, given)
    open_ids = [q.case_id for q in turns.outstanding(session, experiment, cycle)]
    cycles.drop_queries(session, cycle.id, open_ids)
    settings = turns.settings_of(experiment, cycle)
    spent = querying.spent(session, experiment, [cycle], settings.budget_unit)
    left = int(settings.budget - spent)
    if left < 1:
        raise IllegalChange(
            f"What readers answered in cycle {cycle.number} cost {spent:g} of its budget of {settings.budget}"
            f" {settings.budget_unit}, so nothing is left to ask for anew: give a larger budget (`--budget`), or train."
        )
    turns.query_next(session, experiment, cycle, model.id, replace(settings, budget=left))
