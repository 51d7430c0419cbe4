"""With human readers there is no control arm: what the strategy's queries and the control's taught, side by side."""

from dataclasses import dataclass
from typing import Any

from activedints.core.errors import IllegalChange
from activedints.core.job import JobKind
from activedints.loop import experiments, turns
from activedints.loop.querying import CONTROL, INITIAL
from activedints.loop.regions import answered
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Query

Row = dict[str, Any]
STREAMS = ("strategy", "control")


@dataclass(frozen=True)
class StreamsView:
    """``rows``: one per stream. ``sentence`` says what may be concluded, and that no control exists where none does."""

    rows: tuple[Row, ...]
    sentence: str
    can_leave_out: bool


def stream_of(query: Query, strategy: str) -> str | None:
    """Which stream a query belongs to; None for the initial set and where the strategy itself draws at random."""
    if query.strategy == INITIAL or strategy == CONTROL:
        return None
    return "control" if query.strategy == CONTROL else "strategy"


def answers_of_streams(session: Session, experiment_id: int) -> dict[str, list[Annotation]]:
    """The versions that answered each stream's queries: of each query the first that holds what it asked for.

    Both streams may ask for Regions of one case, in different cycles: each has the versions that it brought. A version
    that answers several queries (a case skipped, then asked for again) is the last one's.
    """
    strategy = turns.settings_of(cases.experiment(session, experiment_id)).strategy
    found: dict[int, tuple[str | None, Annotation]] = {}
    for cycle in cycles.all_of(session, experiment_id):
        for query in cycles.queries(session, cycle.id):
            versions = annotations.versions(session, experiment_id, query.case_id)
            first = next((version for version in versions if answered(query, version)), None)
            if first is not None:
                found[first.id] = stream_of(query, strategy), first
    return {name: [version for stream, version in found.values() if stream == name] for name in STREAMS}


def cases_of_streams(session: Session, experiment_id: int) -> dict[str, set[int]]:
    """Annotated cases of each stream alone: one whose Regions both asked for can be left out of neither."""
    strategy, control = ({row.case_id for row in rows} for rows in answers_of_streams(session, experiment_id).values())
    return {"strategy": strategy - control, "control": control - strategy}


def view(store: Store) -> StreamsView:
    """Error found per reader minute in both streams, and the Dice that leaving each out has cost."""
    with store.read() as session:
        experiment = experiments.active(session)
        answers = answers_of_streams(session, experiment.id)
        can_leave_out = all(cases_of_streams(session, experiment.id).values())
        done = jobs.newest_done(session, JobKind.LEAVE_OUT, experiment.id)
        gains = (done.result or {}).get("gain", {}) if done else {}
        rows = tuple(_row(name, versions, gains.get(name)) for name, versions in answers.items())
    if not answers["control"]:
        words = (
            "No control exists: no annotated query was drawn foreground-aware at random, so nothing can be compared."
        )
    else:
        rates = [row["mL corrected per minute"] for row in rows]
        words = "Both streams were read by the same people: compare what a minute found and what leaving out cost."
        if None in rates:
            words = "A control stream exists, but a stream has no timed correction of a draft yet."
    return StreamsView(rows, words, can_leave_out)


def _row(name: str, versions: list[Annotation], gain: float | None) -> Row:
    timed = [row for row in versions if row.changed_ml is not None and row.seconds > 0]
    minutes, changed = sum(row.seconds for row in timed) / 60, sum(_changed(row) for row in timed)
    return {
        "stream": name,
        "annotated": len({row.case_id for row in versions}),
        "timed corrections": len(timed),
        "reader minutes": round(minutes, 2),
        "mL corrected": round(changed, 3),
        "mL corrected per minute": round(changed / minutes, 3) if minutes else None,
        "Dice gained (left out)": gain,
    }


def _changed(row: Annotation) -> float:
    return row.changed_ml or 0.0


def start_leaving_out(store: Store) -> str:
    """Queue the three trainings that say what each stream was worth."""
    with store.write() as session:
        experiment = experiments.active(session)
        if jobs.unfinished(session, experiment.id):
            raise IllegalChange("A job of this experiment is unfinished: wait for it, or cancel it on the Jobs page.")
        if not all(cases_of_streams(session, experiment.id).values()):
            raise IllegalChange(
                "Only one stream has an annotated case of its own, so there is nothing to leave out against."
            )
        job = jobs.enqueue(session, JobKind.LEAVE_OUT, {}, experiment.id, cycles.current(session, experiment.id).id)
        return f"Job {job.id} is queued: it trains three times and measures the holdout."
