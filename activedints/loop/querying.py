"""What a scored cycle asks for next: the strategy's choice, the control stream beside it, what it costs, and why."""

from dataclasses import dataclass, replace
from math import floor

import numpy as np

from activedints.core import strategies
from activedints.core.cycle import Role
from activedints.core.experiment import ExperimentSettings
from activedints.core.query import Candidates, Choice
from activedints.core.region import BOX
from activedints.core.score import Spot, ordinal, reason
from activedints.loop import anchoring
from activedints.loop.costs import case_of, cost_of, costs
from activedints.loop.decisions import Verdict, verdict
from activedints.loop.regions import PER_CASE, answered, candidates_of, case_voxels
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session
from activedints.store.schema import Cycle, Experiment, Query

CONTROL = "foreground-random"
"""Strategy of the control stream."""
FALLBACK_BOXES = "foreground-random (fallback)"
"""Regions that the fallback asks for: drawn as the control's are, and yet no control. Boxes have no embedding."""
INITIAL = "initial"


@dataclass(frozen=True)
class Asked:
    """A chosen case, the strategy that chose it, and whether it belongs to the control stream. ``standing`` is its
    place in the pool by the strategy's Score, 0 where no Score ranked it."""

    choice: Choice
    strategy: str
    control: bool = False
    standing: int = 0


def candidates(
    session: Session, experiment: Experiment, cycle: Cycle, model_id: int, settings: ExperimentSettings, free: list[int]
) -> Candidates:
    """What the model's predictions say of the pool, and of the labelled cases where it has seen them too."""
    progress = min(1.0, max(0, cycle.number - 1) / max(1, settings.planned - 1))
    if settings.unit == "region":
        scores, voxels = candidates_of(session, experiment, model_id, free)
        priced = costs(session, experiment, voxels, settings.budget_unit)
        return Candidates(tuple(scores), scores, cost=priced, progress=progress, reduction=BOX)
    predictions = cycles.predictions(session, model_id)
    annotated = cases.annotated_ids(session, experiment.id)
    learning = {case.id for case in cases.members(session, experiment.id, Role.LEARNING)}
    embedding = {
        case: np.asarray(row.embedding, np.float64)
        for case, row in predictions.items()
        if row.embedding is not None and case in learning
    }
    sizes = {case: case_voxels(session, case) for case in free}
    return Candidates(
        pool=tuple(free),
        scores={case: predictions[case].scores for case in free},
        embedding=embedding,
        labelled=tuple(sorted(case for case in embedding if case in annotated)),
        cost=costs(session, experiment, sizes, settings.budget_unit),
        progress=progress,
        reduction=verdict(session, experiment.id, model_id, settings).reduction,
    )


def choose(
    session: Session, experiment: Experiment, cycle: Cycle, model_id: int, settings: ExperimentSettings, free: list[int]
) -> list[Asked]:
    """The strategy's query (or the fallback's), some of it given to the control stream.

    The control draws first and from the whole pool, so that its probabilities are no remainder of what the strategy
    left; the strategy then chooses among the cases that the control did not draw.
    """
    shown = candidates(session, experiment, cycle, model_id, settings, free)
    name = asks_by(settings, verdict(session, experiment.id, model_id, settings))
    select_by = CONTROL if name == FALLBACK_BOXES else name
    seed = settings.seed * 10_007 + cycle.number
    chosen = strategies.select(select_by, shown, settings.budget, seed)
    share = 0.0 if select_by in strategies.RANDOM else settings.control
    places = control_places(_asked_before(session, experiment), len(chosen), share)
    drawn = control_draws(shown, places, len(chosen), settings.unit, seed + 1)
    if drawn:
        rest = replace(shown, pool=_of_other_cases(shown.pool, drawn, settings.unit))
        spent = sum(shown.price(choice.candidate) for choice in drawn)
        left = len(chosen) - len(drawn)
        chosen = strategies.select(select_by, rest, settings.budget - spent, seed)[:left] if left else []
    standing = standings(shown, name) if settings.unit == "volume" else {}
    ranked = [Asked(one, name, standing=standing.get(one.candidate, 0)) for one in chosen]
    return ranked + [Asked(one, CONTROL, control=True) for one in drawn]


def standings(shown: Candidates, strategy: str) -> dict[int, int]:
    """Every case's place by the strategy's Score, 1 the highest; empty where none ranks."""
    score = strategies.score_of(strategy, shown.reduction)
    if score is None:
        return {}
    column = shown.column(score)
    return {case: place for place, case in enumerate(sorted(column, key=lambda c: (-column[c], c)), start=1)}


def asks_by(settings: ExperimentSettings, found: Verdict) -> str:
    """The strategy that asks: the settings', or the fallback where that ranks by a map that misses the errors."""
    if not found.fallback or strategies.score_of(settings.strategy) is None:
        return settings.strategy
    return strategies.FALLBACK if settings.unit == "volume" else FALLBACK_BOXES


def _asked_before(session: Session, experiment: Experiment) -> int:
    """Volumes or Regions asked for so far, the initial set left out."""
    return sum(max(1, len(query.regions)) for query in _recorded(session, cycles.all_of(session, experiment.id)))


def spent(session: Session, experiment: Experiment, of: list[Cycle], unit: str) -> float:
    """What readers answered of these cycles' queries, the initial set left out, in the budget's unit."""
    newest = annotations.newest_of_each(session, experiment.id)
    read = [query for query in _recorded(session, of) if answered(query, newest.get(query.case_id))]
    return cost_of(session, experiment, read, unit)


def _recorded(session: Session, of: list[Cycle]) -> list[Query]:
    rows = [query for cycle in of for query in cycles.queries(session, cycle.id)]
    return [query for query in rows if query.strategy != INITIAL]


def control_draws(shown: Candidates, places: int, asked: int, unit: str, seed: int) -> list[Choice]:
    """The control's part of ``asked`` queries: ``places`` draws, no two of one case.

    A query row is one case, so a case is asked for by one stream in a cycle and by one draw, whose probability the row
    keeps. Where that would leave the strategy no case, the control draws fewer.
    """
    rng, pool = np.random.default_rng(seed), tuple(sorted(shown.pool))
    drawn: list[Choice] = []
    while pool and len(drawn) < places:
        (choice,) = strategies.foreground_random(replace(shown, pool=pool), 0.0, rng)  # no budget: one draw
        pool = _of_other_cases(pool, [choice], unit)
        if pool or places == asked:
            drawn.append(choice)
    return drawn


def _of_other_cases(pool: tuple[int, ...], drawn: list[Choice], unit: str) -> tuple[int, ...]:
    taken = {case_of(choice.candidate, unit) for choice in drawn}
    return tuple(candidate for candidate in pool if case_of(candidate, unit) not in taken)


def control_places(before: int, asked: int, share: float) -> int:
    """How many of the next ``asked`` queries are the control's, so that of all so far a ``share`` was.

    >>> [control_places(before, 2, 0.25) for before in (0, 2, 4, 6)]
    [0, 1, 0, 1]
    """
    return min(asked, floor((before + asked) * share + 1e-9) - floor(before * share + 1e-9))


def record(
    session: Session,
    cycle: Cycle,
    model_id: int,
    asked: list[Asked],
    of: int,
    settings: ExperimentSettings,
    reduction: str,
) -> None:
    """Write the query rows, each with its reason, after those that the cycle has."""
    predictions = cycles.predictions(session, model_id)
    before = cycles.count_queries(session, cycle.experiment_id)
    last = max((query.rank for query in cycles.queries(session, cycle.id)), default=0)
    for place, (case, ones) in enumerate(_by_case(asked, settings.unit).items(), start=1):
        row, one = predictions[case], ones[0]
        spots = [Spot(tuple(s["mm"]), s["millilitres"], s["uncertainty"], s["label"]) for s in row.spots]
        boxes = [(row.boxes or [])[o.choice.candidate % PER_CASE] for o in ones] if settings.unit == "region" else []
        ranked_by = strategies.score_of(one.strategy, BOX if boxes else reduction)
        scores = boxes[0]["scores"] if boxes else row.scores
        text = reason(one.standing or place, of, spots, _instead(one, settings))
        if one.standing not in (0, place):
            chance = f", for {one.strategy} gives chance a part" if one.strategy in strategies.CHANCE else ""
            text = f"{text}; asked {ordinal(place)}{chance}"
        cycles.add_query(
            session,
            Query(
                cycle_id=cycle.id,
                case_id=case,
                rank=last + place,
                strategy=one.strategy,
                score=scores.get(ranked_by) if ranked_by else None,
                reason=f"{text}; {len(boxes)} region(s) of it" if boxes else text,
                regions=[[box["low"], box["high"]] for box in boxes],
                probability=one.choice.probability,
                blind=anchoring.reads_blind(before + place - 1, settings.blind_share, settings.seed),
            ),
        )


def _by_case(asked: list[Asked], unit: str) -> dict[int, list[Asked]]:
    """What was asked for, case by case, in the order of the first of each."""
    found: dict[int, list[Asked]] = {}
    for one in asked:
        found.setdefault(case_of(one.choice.candidate, unit), []).append(one)
    return found


def _instead(one: Asked, settings: ExperimentSettings) -> str:
    """Why a case is asked for that was not ranked by a Score; empty where it was."""
    if one.control:
        return "control, drawn foreground-aware at random"
    if one.strategy == FALLBACK_BOXES:
        return "drawn foreground-aware at random, because the uncertainty map misses the errors"
    if one.strategy in strategies.RANDOM:
        return f"drawn {one.choice.why}"
    if one.strategy == strategies.FALLBACK:
        told = "" if settings.strategy == strategies.FALLBACK else ", because the uncertainty map misses the errors"
        return f"unlike all that is labelled{told}"
    return one.choice.why if one.strategy in strategies.NEEDS_EMBEDDING else ""
