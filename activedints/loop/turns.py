"""What follows what in a cycle: each function is one step of a turn, inside the caller's transaction."""

from dataclasses import replace
from typing import Any

import numpy as np

from activedints.core import strategies
from activedints.core.cycle import Phase, Role
from activedints.core.errors import EmptyPool, IllegalChange
from activedints.core.experiment import ExperimentSettings, Regime, Start
from activedints.core.job import JobKind, JobStatus
from activedints.core.query import Candidates
from activedints.core.score import reason
from activedints.loop import querying, regions
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Session
from activedints.store.schema import Cycle, Experiment, Job, Query

FEWEST_TO_START = 2
"""Cases drawn at random for a first training, where the budget is not counted in cases."""


def settings_of(experiment: Experiment, cycle: Cycle | None = None) -> ExperimentSettings:
    """An experiment's settings, with the overrides of one cycle applied."""
    settings = ExperimentSettings.from_json(experiment.settings)
    if cycle is None or not cycle.overrides:
        return settings
    overrides = dict(cycle.overrides)
    if "steps" in overrides or "seconds" in overrides:
        overrides = {"steps": None, "seconds": None, **overrides}
    return replace(settings, **overrides)


def pool(session: Session, experiment: Experiment, cycle: Cycle | None) -> list[int]:
    """Case ids that may be queried: learning cases that nobody annotated, flagged, or skipped in this cycle."""
    aside = annotations.set_aside(session, experiment.id, cycle.id if cycle else None)
    learning = [c for c in cases.ids(cases.members(session, experiment.id, Role.LEARNING)) if c not in aside]
    if settings_of(experiment).unit == "region":
        return regions.cases_with_open_boxes(session, experiment, learning)
    annotated = cases.annotated_ids(session, experiment.id)
    return [case for case in learning if case not in annotated]


def outstanding(session: Session, experiment: Experiment, cycle: Cycle) -> list[Query]:
    """Queries of this cycle that still wait for a reader."""
    newest = annotations.newest_of_each(session, experiment.id)
    aside = annotations.set_aside(session, experiment.id, cycle.id)
    asked = [query for query in cycles.queries(session, cycle.id) if query.case_id not in aside]
    return [query for query in asked if not regions.answered(query, newest.get(query.case_id))]


def labelled(session: Session, experiment: Experiment) -> list[int]:
    """Learning cases with an Annotation."""
    annotated = cases.annotated_ids(session, experiment.id)
    return [c.id for c in cases.members(session, experiment.id, Role.LEARNING) if c.id in annotated]


def open_initial_query(
    session: Session, experiment: Experiment, cycle: Cycle, settings: ExperimentSettings, chosen: list[int]
) -> None:
    """Cycle 0's query: the cases named, else ``settings.initial`` of the pool drawn by the seed (none: no query)."""
    free = pool(session, experiment, cycle)
    drawn = chosen
    if not chosen and settings.initial and free:
        rng = np.random.default_rng(settings.seed)
        drawn = [one.candidate for one in strategies.random(Candidates(tuple(sorted(free))), settings.initial, rng)]
    for rank, case in enumerate(drawn, start=1):
        text = f"{reason(rank, len(drawn), [], '' if chosen else 'drawn at random')} (initial set)"
        row = Query(cycle_id=cycle.id, case_id=case, rank=rank, strategy=querying.INITIAL, score=None, reason=text)
        cycles.add_query(session, row)


def move_on(session: Session, experiment: Experiment) -> Job | None:
    """Leave ANNOTATE when its query is answered: enqueue the search or training, or the starter's first scoring.

    Returns the job, or None while readers still have to annotate (or an unfinished job already does the work).
    """
    cycle = cycles.current(session, experiment.id)
    if cycle.phase == Phase.DONE:
        cycle = cycles.start(session, experiment.id, cycle.number + 1)
    if cycle.phase != Phase.ANNOTATE or jobs.unfinished(session, experiment.id):
        return None
    if outstanding(session, experiment, cycle):
        return None
    settings = settings_of(experiment, cycle)
    if not labelled(session, experiment):
        return _first_contact(session, experiment, cycle, settings)
    return start_training(session, experiment, cycle)


def _first_contact(session: Session, experiment: Experiment, cycle: Cycle, settings: ExperimentSettings) -> Job | None:
    """Nothing is labelled: the starter model scores the pool, or (from scratch) cases are drawn at random."""
    if not pool(session, experiment, cycle):
        return None
    if settings.start is Start.STARTER and cycle.number == 0 and not cycles.queries(session, cycle.id):
        cycles.move(session, cycle, Phase.SCORE)
        return jobs.enqueue(session, JobKind.SCORE, {}, experiment.id, cycle.id)
    fewest = settings.budget if settings.budget_unit == "volumes" else FEWEST_TO_START
    open_initial_query(session, experiment, cycle, replace(settings, initial=max(settings.initial, fewest)), [])
    return None


def start_training(session: Session, experiment: Experiment, cycle: Cycle) -> Job:
    """Enqueue the search (topology regimes) or the training of this cycle, whatever is still unanswered."""
    if cycle.phase != Phase.ANNOTATE:
        raise IllegalChange(f"Cycle {cycle.number} is in phase {cycle.phase}; training starts from phase annotate.")
    if not labelled(session, experiment):
        raise EmptyPool("No case is annotated yet, so there is nothing to train on: annotate a case of the worklist.")
    searching = settings_of(experiment, cycle).regime is not Regime.WEIGHTS_ONLY
    kind, phase = (JobKind.SEARCH, Phase.SEARCH) if searching else (JobKind.TRAIN, Phase.TRAIN)
    cycles.move(session, cycle, phase)
    return jobs.enqueue(session, kind, {}, experiment.id, cycle.id)


def take_up(session: Session, experiment: Experiment, cycle: Cycle, anew: bool = False) -> Job | None:
    """Queue again the search, training or scoring that failed or was cancelled in this cycle's phase; ``anew`` starts
    it afresh, under other settings. None where nothing stands still."""
    kind = {Phase.SEARCH: JobKind.SEARCH, Phase.TRAIN: JobKind.TRAIN, Phase.SCORE: JobKind.SCORE}.get(
        Phase(cycle.phase)
    )
    if kind is None or jobs.unfinished(session, experiment.id):
        return None
    last = next((job for job in jobs.newest(session) if job.cycle_id == cycle.id and job.kind == kind), None)
    if last is None or anew or last.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        return jobs.enqueue(session, kind, {}, experiment.id, cycle.id)
    jobs.settle(session, last, JobStatus.QUEUED)
    last.started_at = None
    return last


def after_fixed_reading(session: Session, experiment: Experiment) -> Job | None:
    """A holdout or calibration case was read: measure the newest model on it, unless a running job will."""
    if cycles.newest_model(session, experiment.id) is None or jobs.unfinished(session, experiment.id):
        return None
    return jobs.enqueue(session, JobKind.EVALUATE, {}, experiment.id, cycles.current(session, experiment.id).id)


def after_search(session: Session, experiment: Experiment, cycle: Cycle, architecture: str) -> Job | None:
    """The searched architecture (JSON) is the experiment's from now on; inside a turn it trains next."""
    experiment.settings = replace(settings_of(experiment), architecture=architecture).to_json()
    session.add(experiment)
    if cycle.phase != Phase.SEARCH:
        return None
    cycles.move(session, cycle, Phase.TRAIN)
    return jobs.enqueue(session, JobKind.TRAIN, {}, experiment.id, cycle.id)


def after_training(session: Session, experiment: Experiment, cycle: Cycle, model_id: int) -> Job:
    """The new model scores the pool next."""
    cycle.model_id = model_id
    cycles.move(session, cycle, Phase.SCORE)
    return jobs.enqueue(session, JobKind.SCORE, {}, experiment.id, cycle.id)


def after_scoring(session: Session, experiment: Experiment, cycle: Cycle) -> dict[str, Any]:
    """Close the cycle and, while there is a pool, open the next one with its query."""
    settings = settings_of(experiment, cycle)
    cycles.move(session, cycle, Phase.DONE)
    free = pool(session, experiment, None)
    if not free or cycle.model_id is None:
        return {"queried": [], "message": "The pool is empty: every case is annotated."}
    following = cycles.start(session, experiment.id, cycle.number + 1)
    query_next(session, experiment, following, cycle.model_id, settings)
    names = [q.case.name for q in cycles.queries(session, following.id)]
    return {"queried": names, "message": f"Cycle {following.number} asks for {', '.join(names)}."}


def query_next(
    session: Session, experiment: Experiment, cycle: Cycle, model_id: int, settings: ExperimentSettings
) -> None:
    """Choose this cycle's query from the Scores that a model gave the pool, with a reason for each case.

    What the cycle has asked for already stays; a case is asked for once in a cycle.
    """
    predictions = cycles.predictions(session, model_id)
    asked_for = {query.case_id for query in cycles.queries(session, cycle.id)}
    free = [c for c in pool(session, experiment, cycle) if c in predictions and c not in asked_for]
    if not free:
        raise EmptyPool("The pool is empty: every case is annotated, flagged or held out; import more cases.")
    asked = querying.choose(session, experiment, cycle, model_id, settings, free)
    reduction = querying.verdict(session, experiment.id, model_id, settings).reduction
    querying.record(session, cycle, model_id, asked, len(free), settings, reduction)
