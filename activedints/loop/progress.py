"""What the Progress page shows: figures per cycle with their n, the pool's Scores, queries and reading times.

Every table is a tuple of flat rows (dicts of text and numbers), ready for a chart and for ``to_csv``. A mean stands
beside its n; a measure that no case defines has mean None and n 0.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from activedints.core import query as strategies
from activedints.core.cycle import Role
from activedints.core.score import DEFAULT_REDUCTION
from activedints.loop import turns
from activedints.loop.views import mean_of
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Cycle, Experiment

Row = dict[str, Any]

ANY_FOREGROUND = "any foreground"
MEASURES = {
    "entropy": "predictive entropy (nats)",
    "expected_entropy": "expected entropy (nats)",
    "mutual_information": "mutual information (nats)",
    "variance": "variance",
    "standard_deviation": "standard deviation",
}
REDUCTIONS = {
    "per_predicted_volume": "per mL of predicted foreground",
    "mean_over_brain": "mean over the brain",
    "foreground_weighted": "mean weighted by foreground",
    "top_fraction": "mean of the most uncertain 1 %",
}


@dataclass(frozen=True)
class ProgressView:
    """One experiment's course. ``score`` is the Score that the strategy ranks by (entropy's for 'random')."""

    experiment: str
    simulated: bool
    strategy: str
    score: str
    scores: tuple[str, ...]
    labels: tuple[str, ...]
    holdout: int
    holdout_unread: int
    cycles: tuple[Row, ...]
    """cycle, phase, labelled, model, seconds, steps."""
    dice: tuple[Row, ...]
    """cycle, labelled, label, dice, n."""
    surface: tuple[Row, ...]
    """cycle, labelled, measure, mm, n."""
    uncertainty: tuple[Row, ...]
    """cycle, score, mean, n: over the cases that were still in the pool."""
    pool: tuple[Row, ...]
    """cycle, case, queried, and one column per Score."""
    queries: tuple[Row, ...]
    """cycle, rank, case, strategy, score, reason, state."""
    reading: tuple[Row, ...]
    """case, version, reader, source, seconds, minutes, submitted."""
    evaluations: tuple[Row, ...]
    """cycle, case, role, one column per label's Dice, and the other measures."""


def view(store: Store) -> ProgressView | None:
    """The active experiment's course, or None while there is none."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        return _view(session, experiment) if experiment else None


def _view(session: Session, experiment: Experiment) -> ProgressView:
    settings = turns.settings_of(experiment)
    annotated = cases.annotated_ids(session, experiment.id)
    holdout = cases.members(session, experiment.id, Role.HOLDOUT)
    all_cycles = cycles.all_of(session, experiment.id)
    with_model = [cycle for cycle in all_cycles if cycle.model_id is not None]
    evaluations = [row for cycle in with_model for row in _evaluations(session, cycle)]
    pool = [row for cycle in with_model for row in _pool(session, experiment, cycle)]
    scores = tuple(dict.fromkeys(name for row in pool for name in row if name not in ("cycle", "case", "queried")))
    judged = [row for row in evaluations if row["role"] == Role.HOLDOUT]
    labelled = {cycle.number: len(cycles.trained_on(session, cycle.model_id or 0)) for cycle in with_model}
    return ProgressView(
        experiment=experiment.name,
        simulated=settings.simulated,
        strategy=settings.strategy,
        score=strategies.MEASURE_OF.get(settings.strategy, f"entropy/{DEFAULT_REDUCTION}"),
        scores=scores,
        labels=settings.labels.foreground,
        holdout=len(holdout),
        holdout_unread=sum(case.id not in annotated for case in holdout),
        cycles=tuple(_cycle_row(session, cycle, labelled.get(cycle.number)) for cycle in all_cycles),
        dice=tuple(_means(judged, _dice_columns(settings.labels.foreground), labelled, "label", "dice")),
        surface=tuple(_means(judged, _surface_columns(judged), labelled, "measure", "mm")),
        uncertainty=tuple(_mean_scores(pool, scores)),
        pool=tuple(pool),
        queries=tuple(row for cycle in all_cycles for row in _queries(session, experiment, cycle, annotated)),
        reading=tuple(_reading(row) for row in _annotations(session, experiment)),
        evaluations=tuple(evaluations),
    )


def _cycle_row(session: Session, cycle: Cycle, labelled: int | None) -> Row:
    model = next((m for m in cycles.models(session, cycle.experiment_id) if m.id == cycle.model_id), None)
    return {
        "cycle": cycle.number,
        "phase": cycle.phase,
        "labelled": labelled,
        "model": f"{model.origin} model {model.id}" if model else None,
        "seconds": model.seconds if model else None,
        "steps": model.steps if model else None,
    }


def _evaluations(session: Session, cycle: Cycle) -> list[Row]:
    """One row per annotated fixed case; a measure per label becomes a column 'measure: label'."""
    rows = []
    for found in cycles.evaluations(session, cycle.model_id or 0):
        row: Row = {"cycle": cycle.number, "case": found.case.name, "role": found.role}
        for name, value in found.metrics.items():
            columns = {f"{name}: {key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
            row |= columns
        rows.append(row)
    return rows


def _dice_columns(labels: tuple[str, ...]) -> dict[str, str]:
    return {"any_foreground_dice": ANY_FOREGROUND} | {f"dice: {label}": label for label in labels}


def _surface_columns(rows: list[Row]) -> dict[str, str]:
    """Every column in mm, by its words: 'any_foreground_hd95_mm' -> 'any foreground hd95'."""
    names = dict.fromkeys(name for row in rows for name in row if "_mm" in name)
    return {name: name.replace("_mm", "").replace("_", " ") for name in names}


def _means(rows: list[Row], columns: dict[str, str], labelled: dict[int, int], key: str, unit: str) -> Iterable[Row]:
    for cycle in sorted({row["cycle"] for row in rows}):
        for column, words in columns.items():
            mean, n = mean_of([row.get(column) for row in rows if row["cycle"] == cycle])
            yield {"cycle": cycle, "labelled": labelled.get(cycle, 0), key: words, unit: mean, "n": n}


def _pool(session: Session, experiment: Experiment, cycle: Cycle) -> list[Row]:
    """Scores that the cycle's model gave to learning cases it had not learned from."""
    learned = {annotation.case_id for annotation in cycles.trained_on(session, cycle.model_id or 0)}
    learning = {case.id: case.name for case in cases.members(session, experiment.id, Role.LEARNING)}
    following = next((c for c in cycles.all_of(session, experiment.id) if c.number == cycle.number + 1), None)
    queried = {q.case_id for q in cycles.queries(session, following.id)} if following else set()
    return [
        {"cycle": cycle.number, "case": learning[case_id], "queried": case_id in queried, **found.scores}
        for case_id, found in cycles.predictions(session, cycle.model_id or 0).items()
        if case_id in learning and case_id not in learned
    ]


def _mean_scores(pool: list[Row], scores: tuple[str, ...]) -> Iterable[Row]:
    for cycle in sorted({row["cycle"] for row in pool}):
        for score in scores:
            mean, n = mean_of([row.get(score) for row in pool if row["cycle"] == cycle])
            yield {"cycle": cycle, "score": score, "mean": mean, "n": n}


def _queries(session: Session, experiment: Experiment, cycle: Cycle, annotated: set[int]) -> list[Row]:
    aside = annotations.set_aside(session, experiment.id, cycle.id)
    states = {True: "annotated", False: "waiting"}
    return [
        {
            "cycle": cycle.number,
            "rank": query.rank,
            "case": query.case.name,
            "strategy": query.strategy,
            "score": query.score,
            "reason": query.reason,
            "state": "set aside" if query.case_id in aside - annotated else states[query.case_id in annotated],
        }
        for query in cycles.queries(session, cycle.id)
    ]


def _annotations(session: Session, experiment: Experiment) -> list[Annotation]:
    rows = [
        version
        for case in cases.members(session, experiment.id)
        for version in annotations.versions(session, experiment.id, case.id)
    ]
    return sorted(rows, key=lambda row: row.id)


def _reading(row: Annotation) -> Row:
    return {
        "case": row.case.name,
        "version": row.version,
        "reader": row.reader,
        "source": row.source,
        "seconds": row.seconds,
        "minutes": row.seconds / 60,
        "submitted": row.created_at,
    }


def words_for(score: str) -> str:
    """A Score's name in plain words.

    >>> words_for("entropy/mean_over_brain")
    'predictive entropy (nats), mean over the brain'
    """
    measure, _, reduction = score.partition("/")
    known = MEASURES.get(measure, measure.replace("_", " "))
    return f"{known}, {REDUCTIONS.get(reduction, reduction)}" if reduction else known


def to_csv(rows: Iterable[Row]) -> str:
    """Rows as CSV text; columns in the order of their first appearance, None as an empty field.

    >>> to_csv([{"cycle": 0, "dice": 0.5}, {"cycle": 1, "n": 3}])
    'cycle,dice,n\\r\\n0,0.5,\\r\\n1,,3\\r\\n'
    """
    rows = list(rows)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    """A reader's words must not become a formula where the file is opened in a spreadsheet."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
