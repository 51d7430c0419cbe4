"""With human readers there is no control arm: what the strategy's queries and the control's taught, side by side."""

from dataclasses import dataclass
from typing import Any

from activedints.core.errors import IllegalChange
from activedints.core.job import JobKind
from activedints.loop import experiments, turns
from activedints.loop.querying import CONTROL, INITIAL
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


def cases_of_streams(session: Session, experiment_id: int) -> dict[str, set[int]]:
    """Annotated cases of each stream."""
    annotated = cases.annotated_ids(session, experiment_id)
    strategy = turns.settings_of(cases.experiment(session, experiment_id)).strategy
    found: dict[str, set[int]] = {name: set() for name in STREAMS}
    for cycle in cycles.all_of(session, experiment_id):
        for query in cycles.queries(session, cycle.id):
            stream = stream_of(query, strategy)
            if stream and query.case_id in annotated:
                found[stream].add(query.case_id)
    return found


def view(store: Store) -> StreamsView:
    """Error found per reader minute in both streams, and the Dice that leaving each out has cost."""
    with store.read() as session:
        experiment = experiments.active(session)
        members = cases_of_streams(session, experiment.id)
        done = jobs.newest_done(session, JobKind.LEAVE_OUT, experiment.id)
        gains = (done.result or {}).get("gain", {}) if done else {}
        rows = tuple(_row(session, experiment.id, name, ids, gains.get(name)) for name, ids in members.items())
    if not members["control"]:
        words = (
            "No control exists: no annotated query was drawn foreground-aware at random, so nothing can be compared."
        )
    else:
        rates = [row["mL corrected per minute"] for row in rows]
        words = "Both streams were read by the same people: compare what a minute found and what leaving out cost."
        if None in rates:
            words = "A control stream exists, but a stream has no timed correction of a draft yet."
    return StreamsView(rows, words, all(members.values()))


def _row(session: Session, experiment_id: int, name: str, ids: set[int], gain: float | None) -> Row:
    first = [annotations.versions(session, experiment_id, case)[0] for case in sorted(ids)]
    timed = [row for row in first if row.changed_ml is not None and row.seconds > 0]
    minutes, changed = sum(row.seconds for row in timed) / 60, sum(_changed(row) for row in timed)
    return {
        "stream": name,
        "annotated": len(ids),
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
            raise IllegalChange("Only one stream has an annotated case, so there is nothing to leave out against.")
        job = jobs.enqueue(session, JobKind.LEAVE_OUT, {}, experiment.id, cycles.current(session, experiment.id).id)
        return f"Job {job.id} is queued: it trains three times and measures the holdout."
