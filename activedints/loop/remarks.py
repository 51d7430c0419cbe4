"""What readers said of cases: which were set aside or sent back, by whom and why."""

from typing import Any

from activedints.loop import experiments
from activedints.store import annotations, cases, cycles
from activedints.store.database import Store

KINDS = {"skip": "skipped", "flag": "flagged", "second look": "sent back"}


def rows(store: Store) -> list[dict[str, Any]]:
    """case, cycle, what was done with it, why, reader, when; oldest first."""
    with store.read() as session:
        experiment = experiments.active(session)
        numbers = {cycle.id: cycle.number for cycle in cycles.all_of(session, experiment.id)}
        return [
            {
                "case": cases.case(session, remark.case_id).name,
                "cycle": numbers[remark.cycle_id],
                "state": KINDS.get(remark.kind, remark.kind),
                "reason": remark.reason,
                "reader": remark.reader,
                "when": remark.created_at,
            }
            for remark in annotations.remarks(session, experiment.id)
        ]
