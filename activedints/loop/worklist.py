"""The worklist: what waits for readers, most worth annotating first."""

from dataclasses import dataclass, replace

from activedints.core.cycle import Role
from activedints.loop import experiments
from activedints.loop.regions import answered
from activedints.loop.second_look import KIND, asked_back
from activedints.store import annotations, cases, cycles
from activedints.store.database import Store
from activedints.store.schema import Case


@dataclass(frozen=True)
class WorkItem:
    """One line of the worklist."""

    case_id: int
    name: str
    rank: int
    reason: str
    role: Role
    state: str
    """'waiting', 'open at NAME', 'annotated', 'skipped' or 'flagged'."""
    score: float | None
    strategy: str
    simulated: bool
    has_draft: bool
    open_at: str = ""
    """Another reader who has the case open now, whatever its state: nobody else can open it meanwhile."""


def worklist(store: Store, reader: str) -> list[WorkItem]:
    """What waits for readers, most worth annotating first: unlabelled holdout and calibration, then the query."""
    with store.read() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        annotated = cases.annotated_ids(session, experiment.id)
        leased = annotations.leased(session, experiment.id)
        open_at = {case_id: holder for case_id, holder in leased.items() if holder != reader}
        remarks = annotations.remarks(session, experiment.id)
        flagged = {r.case_id for r in remarks if r.kind == "flag"}
        skipped = {r.case_id for r in remarks if r.kind == "skip" and r.cycle_id == cycle.id}

        def state(case_id: int, done: bool) -> str:
            if done:
                return "annotated"
            if case_id in flagged:
                return "flagged"
            if case_id in skipped:
                return "skipped"
            return f"open at {open_at[case_id]}" if case_id in open_at else "waiting"

        items: list[WorkItem] = []
        for role, what in ((Role.HOLDOUT, "the holdout"), (Role.CALIBRATION, "the calibration set")):
            for case in cases.members(session, experiment.id, role):
                if case.id not in annotated:
                    text = f"Belongs to {what}: annotated first and without a draft, so that figures can be reported"
                    items.append(_item(case, len(items) + 1, text, role, state(case.id, False), None, "fixed", False))
        for case_id, why in asked_back(session, experiment.id).items():
            text = f"A second look: {why}"
            where = f"open at {open_at[case_id]}" if case_id in open_at else "waiting"
            found = cases.case(session, case_id)
            items.append(_item(found, len(items) + 1, text, Role.LEARNING, where, None, KIND, True))
        model = cycles.newest_model(session, experiment.id)
        predicted = cycles.predictions(session, model.id) if model else {}
        newest = annotations.newest_of_each(session, experiment.id)
        for query in cycles.queries(session, cycle.id):
            has_draft = query.case_id in predicted
            rank = len(items) + 1
            items.append(
                _item(
                    query.case,
                    rank,
                    query.reason,
                    Role.LEARNING,
                    state(query.case_id, answered(query, newest.get(query.case_id))),
                    query.score,
                    query.strategy,
                    has_draft,
                )
            )
        return [replace(item, open_at=open_at.get(item.case_id, "")) for item in items]


def _item(
    case: Case, rank: int, reason: str, role: Role, state: str, score: float | None, strategy: str, has_draft: bool
) -> WorkItem:
    return WorkItem(case.id, case.name, rank, reason, role, state, score, strategy, case.simulated, has_draft)


def next_case(store: Store, reader: str, after: int | None = None) -> int | None:
    """The first case of the worklist, other than ``after``, that waits and is not open at somebody else."""
    waiting = (item.case_id for item in worklist(store, reader) if item.state == "waiting")
    return next((case_id for case_id in waiting if case_id != after), None)


def why_none_waits(items: list[WorkItem]) -> str:
    """What to tell a reader for whom no case of the query waits."""
    others = [item for item in items if item.state.startswith("open at")]
    if not others:
        return "Every case of this query is read or set aside."
    readers = ", ".join(sorted({item.open_at for item in others}))
    what = f"{others[0].name} is" if len(others) == 1 else f"{len(others)} cases are"
    return f"{what} open at {readers}; every other case of this query is read or set aside."
