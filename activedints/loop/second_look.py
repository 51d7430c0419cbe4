"""Labels that look wrong: what the finder ranked, and sending a case back for a second look."""

from typing import Any

from activedints.core.errors import IllegalChange, NotFound
from activedints.core.job import JobKind
from activedints.loop import experiments, turns
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Remark

Row = dict[str, Any]
KIND = "second look"
FEWEST = 4
LISTED = 8
"""Cases of the list that a page shows first."""


def start(store: Store) -> str:
    """Queue the search for label errors: cross-validated trainings on what is labelled."""
    with store.write() as session:
        experiment = experiments.active(session)
        if jobs.unfinished(session, experiment.id):
            raise IllegalChange("A job of this experiment is unfinished: wait for it, or cancel it on the Jobs page.")
        number = len(turns.labelled(session, experiment))
        if number < FEWEST:
            raise IllegalChange(
                f"Looking for label errors needs {FEWEST} annotated cases or more; there are {number}: annotate more."
            )
        cycle = cycles.current(session, experiment.id)
        job = jobs.enqueue(session, JobKind.LABEL_CHECK, {}, experiment.id, cycle.id)
        return f"Job {job.id} is queued: it trains without each case and ranks {number} annotated cases."


def findings(store: Store) -> list[Row]:
    """The newest ranking, most suspicious first: case, suspicion in nats a voxel, mL that disagree, the mistake that
    would explain it, what became of it.

    Cases that were annotated anew since are marked so; empty while nobody looked.
    """
    with store.read() as session:
        experiment = experiments.active(session)
        done = jobs.newest_done(session, JobKind.LABEL_CHECK, experiment.id)
        if done is None or not done.result:
            return []
        newest = annotations.newest_of_each(session, experiment.id)
        back = asked_back(session, experiment.id)
        return [
            {
                "rank": rank,
                "case_id": row["case_id"],
                "case": row["case"],
                "suspicion": row.get("suspicion", row["excess"]),  # an earlier version's ranking has no repairs
                "mL that disagree": row["disagreeing_ml"],
                "looks": row.get("repair", {}).get("words", ""),
                "state": _state(row, newest, back),
            }
            for rank, row in enumerate(done.result["ranking"], start=1)
        ]


def _state(row: Row, newest: dict[int, Any], back: dict[int, str]) -> str:
    known = newest.get(row["case_id"])
    if known is not None and known.id != row["annotation"]:
        return "annotated anew since"
    return "waits for a second look" if row["case_id"] in back else "not looked at"


def send_back(store: Store, case_id: int, reader: str) -> str:
    """Ask for a second look at a labelled case: it joins the worklist until somebody submits a new version."""
    with store.write() as session:
        experiment = experiments.active(session)
        case = cases.case(session, case_id)
        if case_id not in cases.annotated_ids(session, experiment.id):
            raise NotFound(f"{case.name} has no annotation yet, so there is nothing to look at a second time.")
        if case_id in asked_back(session, experiment.id):
            raise IllegalChange(f"{case.name} waits for a second look already.")
        why = "the label surprises models that never saw the case"
        cycle = cycles.current(session, experiment.id)
        annotations.remark(
            session,
            Remark(
                experiment_id=experiment.id, case_id=case_id, cycle_id=cycle.id, kind=KIND, reason=why, reader=reader
            ),
        )
        return f"{case.name} is sent back for a second look."


def asked_back(session: Session, experiment_id: int) -> dict[int, str]:
    """Case id -> why, of cases that were sent back and not annotated since."""
    newest = annotations.newest_of_each(session, experiment_id)
    return {
        remark.case_id: remark.reason
        for remark in annotations.remarks(session, experiment_id)
        if remark.kind == KIND and remark.case_id in newest and newest[remark.case_id].created_at < remark.created_at
    }
