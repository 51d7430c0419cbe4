"""What the Progress page shows: figures per cycle with their n, the pool's Scores, queries and reading times.

Every table is a tuple of flat rows (dicts of text and numbers), ready for a chart and for ``to_csv``. A mean stands
beside its n; a measure that no case defines has mean None and n 0.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from activedints.core import strategies
from activedints.core.cycle import Role
from activedints.core.metrics import ANY_FOREGROUND, QUANTITIES
from activedints.core.score import DEFAULT_REDUCTION
from activedints.loop import anchoring, decisions, experiments, turns
from activedints.loop.anchoring import Anchoring
from activedints.loop.views import mean_of
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Cycle, Experiment

Row = dict[str, Any]

MEASURES = {
    "entropy": "predictive entropy (nats)",
    "expected_entropy": "expected entropy (nats)",
    "mutual_information": "mutual information (nats)",
    "variance": "variance",
    "standard_deviation": "standard deviation",
    "margin": "margin (1 - lead of the likeliest class)",
    "expected_dice_loss": "Dice loss that the prediction expects",
    "draw_dice_loss": "expected Dice loss of a draw",
    "minus_log_predicted_ml": "minus log of the predicted volume (size alone)",
}
REDUCTIONS = {
    "over_draft": "mean over the draft, label by label",
    "per_predicted_volume": "per mL of predicted foreground",
    "mean_over_brain": "mean over the brain",
    "foreground_weighted": "mean weighted by foreground",
    "top_fraction": "mean of the most uncertain 1 %",
    "box_maximum": "maximum over boxes of 8 mL",
}


@dataclass(frozen=True)
class ProgressView:
    """One experiment's course. ``score`` is the Score that the strategy ranks by (entropy's for 'random')."""

    strategy: str
    score: str
    scores: tuple[str, ...]
    labels: tuple[str, ...]
    holdout: int
    holdout_unread: int
    cycles: tuple[Row, ...]
    """cycle, phase, labelled, model, seconds, steps."""
    figures: tuple[Row, ...]
    """Over the holdout: cycle, labelled, label, and a mean and its n per quantity ('dice', 'dice n', ...)."""
    uncertainty: tuple[Row, ...]
    """cycle, labelled, score, mean, n: over the cases that were still in the pool."""
    pool: tuple[Row, ...]
    """cycle, case, queried, and one column per Score."""
    queries: tuple[Row, ...]
    """cycle, rank, case, strategy, score, reason, state."""
    reading: tuple[Row, ...]
    """case, version, reader, source, seconds, minutes, difficulty, comment, submitted."""
    draws: tuple[Row, ...]
    """cycle, draws, verdict, and the mean AUROC of voxel errors on the calibration cases with its n."""
    anchoring: Anchoring
    """Agreement with the model's draft of cases read with and without it."""
    measures: tuple[Row, ...]
    """One row per cycle, fixed case and label: role, and the quantities; None where one is not defined."""

    @property
    def no_holdout(self) -> str | None:
        """Why there can be no figure, or None if there can."""
        if not self.holdout:
            return "No holdout yet: no case of this experiment is set aside for reporting."
        if self.holdout_unread:
            return f"No holdout yet: {self.holdout_unread} of {self.holdout} holdout cases wait for a reader."
        return None

    @property
    def scored_cycles(self) -> list[int]:
        return sorted({row["cycle"] for row in self.pool})

    def pool_of(self, cycle: int) -> list[Row]:
        """The Scores that one cycle's model gave."""
        return [row for row in self.pool if row["cycle"] == cycle]

    @property
    def times(self) -> list[Row]:
        """Annotations that a person made, in the order of submission."""
        return [row for row in self.reading if row["source"] == "reader"]


def view(store: Store) -> ProgressView:
    """The active experiment's course; NotFound while there is none."""
    with store.read() as session:
        return _view(session, experiments.active(session))


def _view(session: Session, experiment: Experiment) -> ProgressView:
    settings = turns.settings_of(experiment)
    annotated = cases.annotated_ids(session, experiment.id)
    holdout = cases.members(session, experiment.id, Role.HOLDOUT)
    unread = sum(case.id not in annotated for case in holdout)
    all_cycles = cycles.all_of(session, experiment.id)
    with_model = [cycle for cycle in all_cycles if cycle.model_id is not None]
    measures = [row for cycle in with_model for row in _measures(session, cycle)]
    pool = [row for cycle in with_model for row in _pool(session, experiment, cycle, all_cycles)]
    scores = tuple(dict.fromkeys(name for row in pool for name in row if is_score(name)))
    score = strategies.score_of(settings.strategy) or f"entropy/{DEFAULT_REDUCTION}"
    labelled = {cycle.number: len(cycles.trained_on(session, cycle.model_id or 0)) for cycle in with_model}
    judged = [row for row in measures if row["role"] == Role.HOLDOUT and not unread]
    return ProgressView(
        strategy=settings.strategy,
        score=score if score in scores else (scores[0] if scores else score),
        scores=scores,
        labels=settings.labels.foreground,
        holdout=len(holdout),
        holdout_unread=unread,
        cycles=tuple(_cycle_row(session, cycle, labelled.get(cycle.number)) for cycle in all_cycles),
        figures=tuple(_figures(judged, labelled)),
        uncertainty=tuple(_mean_scores(pool, scores, labelled)),
        pool=tuple(pool),
        queries=tuple(row for cycle in all_cycles for row in _queries(session, experiment, cycle, annotated)),
        reading=tuple(_reading(row) for row in _annotations(session, experiment)),
        draws=tuple(_draws(session, experiment, cycle) for cycle in with_model),
        anchoring=anchoring.measured(session, experiment.id),
        measures=tuple(measures),
    )


def _draws(session: Session, experiment: Experiment, cycle: Cycle) -> Row:
    found = decisions.verdict(session, experiment.id, cycle.model_id or 0, turns.settings_of(experiment, cycle))
    return {
        "cycle": cycle.number,
        "source": found.source,
        "draws": found.draws,
        "verdict": found.sentence,
        "score": in_words(found.reduction_sentence),
        "trust": found.trust,
        **{f"AUROC, {source}": value for source, value in found.aurocs.items()},
        "n": found.n,
    }


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


def _measures(session: Session, cycle: Cycle) -> list[Row]:
    """What the cycle's model reached on every annotated fixed case, a row per label and one for any foreground."""
    rows = []
    for found in cycles.evaluations(session, cycle.model_id or 0):
        by_label = {ANY_FOREGROUND: found.metrics["any_foreground"], **found.metrics["labels"]}
        for label, measured in by_label.items():
            rows.append({"cycle": cycle.number, "case": found.case.name, "role": found.role, "label": label} | measured)
    return rows


def _figures(rows: list[Row], labelled: dict[int, int]) -> Iterable[Row]:
    for cycle in sorted({row["cycle"] for row in rows}):
        for label in dict.fromkeys(row["label"] for row in rows):
            mine = [row for row in rows if (row["cycle"], row["label"]) == (cycle, label)]
            means = {quantity: mean_of([row[quantity] for row in mine]) for quantity in QUANTITIES}
            figures = {k: v for name, (mean, n) in means.items() for k, v in ((name, mean), (f"{name} n", n))}
            yield {"cycle": cycle, "labelled": labelled.get(cycle, 0), "label": label, **figures}


def _pool(session: Session, experiment: Experiment, cycle: Cycle, all_cycles: list[Cycle]) -> list[Row]:
    """Scores that the cycle's model gave to learning cases it had not learned from."""
    learned = {annotation.case_id for annotation in cycles.trained_on(session, cycle.model_id or 0)}
    learning = {case.id: case.name for case in cases.members(session, experiment.id, Role.LEARNING)}
    following = next((c for c in all_cycles if c.number == cycle.number + 1), None)
    queried = {q.case_id for q in cycles.queries(session, following.id)} if following else set()
    return [
        {"cycle": cycle.number, "case": learning[case_id], "queried": case_id in queried, **found.scores}
        for case_id, found in cycles.predictions(session, cycle.model_id or 0).items()
        if case_id in learning and case_id not in learned
    ]


def _mean_scores(pool: list[Row], scores: tuple[str, ...], labelled: dict[int, int]) -> Iterable[Row]:
    for cycle in sorted({row["cycle"] for row in pool}):
        for score in scores:
            mean, n = mean_of([row.get(score) for row in pool if row["cycle"] == cycle])
            yield {"cycle": cycle, "labelled": labelled.get(cycle, 0), "score": score, "mean": mean, "n": n}


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
        "blind": row.blind,
        "agreement with the draft": row.agreement,
        "seconds": row.seconds,
        "minutes": row.seconds / 60,
        "difficulty": row.difficulty,
        "comment": row.comment,
        "submitted": row.created_at,
    }


def is_score(name: str) -> bool:
    """Whether a column of the pool's table is a Score that one may rank by."""
    return strategies.is_score(name) or name in strategies.WITHOUT_REDUCTION


def in_words(sentence: str) -> str:
    """A sentence with the names of reductions in plain words."""
    for name, words in REDUCTIONS.items():
        sentence = sentence.replace(f"'{name}'", f"'{words}'")
    return sentence


def words_for(score: str) -> str:
    """A Score's name in plain words.

    >>> words_for("entropy/mean_over_brain")
    'predictive entropy (nats), mean over the brain'
    """
    measure, _, reduction = score.partition("/")
    known = MEASURES.get(measure, measure.replace("class_entropy:", "entropy of ").replace("_", " "))
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
