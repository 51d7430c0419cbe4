"""Annotations (append-only), drafts, leases and remarks: all that readers do to cases."""

import time

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from activedints.core.errors import IllegalChange
from activedints.core.volume import Box
from activedints.store.schema import Annotation, Draft, Lease, Remark, now

LEASE_SECONDS = 90.0
"""A page renews its lease every few seconds; a closed browser frees the case after this long."""


def add(session: Session, annotation: Annotation) -> Annotation:
    """Append the next version; the number follows from the versions that are there."""
    newest = session.scalar(
        select(func.max(Annotation.version)).where(
            Annotation.experiment_id == annotation.experiment_id, Annotation.case_id == annotation.case_id
        )
    )
    annotation.version = (newest or 0) + 1
    session.add(annotation)
    session.flush()
    return annotation


def carry_over(session: Session, old_experiment_id: int, new_experiment_id: int, case_id: int) -> None:
    """Give another experiment the newest version of a case, as its first one."""
    known = newest(session, old_experiment_id, case_id)
    if known is not None:
        kept = ("case_id", "reader", "source", "file", "regions", "seconds", "comment", "difficulty")
        add(session, Annotation(experiment_id=new_experiment_id, **{name: getattr(known, name) for name in kept}))


def newest(session: Session, experiment_id: int, case_id: int) -> Annotation | None:
    query = select(Annotation).where(Annotation.experiment_id == experiment_id, Annotation.case_id == case_id)
    return session.scalar(query.order_by(Annotation.version.desc()).limit(1))


def newest_of_each(session: Session, experiment_id: int) -> dict[int, Annotation]:
    """Case id -> its newest Annotation."""
    query = select(Annotation).where(Annotation.experiment_id == experiment_id).order_by(Annotation.version)
    return {annotation.case_id: annotation for annotation in session.scalars(query)}


def versions(session: Session, experiment_id: int, case_id: int) -> list[Annotation]:
    query = select(Annotation).where(Annotation.experiment_id == experiment_id, Annotation.case_id == case_id)
    return list(session.scalars(query.order_by(Annotation.version)))


def boxes(annotation: Annotation) -> list[Box]:
    """The annotated Regions of a version as ((lo), (hi)) on the source grid."""
    return [(tuple(lo), tuple(hi)) for lo, hi in annotation.regions]


def covers(annotation: Annotation, shape: tuple[int, ...]) -> bool:
    """Whether one of a version's Regions is the whole volume."""
    return any(tuple(lo) == (0, 0, 0) and tuple(hi) == shape for lo, hi in annotation.regions)


def holds(annotation: Annotation, box: Box) -> bool:
    """Whether one of a version's Regions covers a box of the source grid."""
    low, high = box
    return any(
        all(a <= b for a, b in zip(lo, low)) and all(a >= b for a, b in zip(hi, high)) for lo, hi in annotation.regions
    )


def save_draft(session: Session, experiment_id: int, case_id: int, reader: str, file: str, seconds: float) -> None:
    """Keep a reader's unsubmitted drawing; replaces this reader's last draft of the case."""
    session.merge(
        Draft(
            experiment_id=experiment_id,
            case_id=case_id,
            reader=reader,
            file=file,
            seconds=seconds,
            updated_at=now(),
        )
    )


def draft(session: Session, experiment_id: int, case_id: int, reader: str) -> Draft | None:
    return session.get(Draft, (experiment_id, case_id, reader))


def drop_draft(session: Session, experiment_id: int, case_id: int, reader: str) -> None:
    session.execute(
        delete(Draft).where(Draft.experiment_id == experiment_id, Draft.case_id == case_id, Draft.reader == reader)
    )


OTHER_TAB = (
    "This case was opened in another tab of yours, so this one saves nothing more; what you drew here stays "
    "in this browser: go on in the other tab, or reload this page to take the case back."
)


def lease(
    session: Session, experiment_id: int, case_id: int, reader: str, tab: str = "", opening: bool = False
) -> bool:
    """Open a case at a reader in one ``tab`` ('' is any), or renew; IllegalChange if another has it open.

    ``opening`` takes the case over from another tab of the same reader; returns whether it did.
    """
    held = session.get(Lease, (experiment_id, case_id))
    live = held is not None and held.until > time.time()
    if held is not None and live and held.reader != reader:
        raise IllegalChange(
            f"This case is open at {held.reader}; take another from the worklist, or wait until it is closed"
            f" ({held.until - time.time():.0f} s after the last sign of {held.reader})."
        )
    elsewhere = _in_another_tab(held, reader, tab)
    if elsewhere and not opening:
        raise IllegalChange(OTHER_TAB)
    until = time.time() + LEASE_SECONDS
    session.merge(Lease(experiment_id=experiment_id, case_id=case_id, reader=reader, until=until, tab=tab))
    return elsewhere


def check_tab(session: Session, experiment_id: int, case_id: int, reader: str, tab: str) -> None:
    """IllegalChange where the same reader has the case open in another tab, whose work this one would put away."""
    if _in_another_tab(session.get(Lease, (experiment_id, case_id)), reader, tab):
        raise IllegalChange(OTHER_TAB)


def _in_another_tab(held: Lease | None, reader: str, tab: str) -> bool:
    if held is None or held.until <= time.time() or held.reader != reader:
        return False
    return "" not in (tab, held.tab) and held.tab != tab


def release(session: Session, experiment_id: int, case_id: int, reader: str, tab: str = "") -> None:
    """Close a case at a reader; with ``tab`` only if no other tab has taken it over."""
    mine = [Lease.experiment_id == experiment_id, Lease.case_id == case_id, Lease.reader == reader]
    session.execute(delete(Lease).where(*mine, *([Lease.tab.in_(["", tab])] if tab else [])))


def leased(session: Session, experiment_id: int) -> dict[int, str]:
    """Case id -> reader, for cases that are open now."""
    query = select(Lease).where(Lease.experiment_id == experiment_id, Lease.until > time.time())
    return {held.case_id: held.reader for held in session.scalars(query)}


def remark(session: Session, remark: Remark) -> None:
    session.add(remark)
    session.flush()


def set_aside(session: Session, experiment_id: int, cycle_id: int | None) -> set[int]:
    """Cases that are flagged for good, or skipped in this cycle."""
    query = select(Remark).where(Remark.experiment_id == experiment_id)
    return {
        r.case_id for r in session.scalars(query) if r.kind == "flag" or (r.kind == "skip" and r.cycle_id == cycle_id)
    }


def remarks(session: Session, experiment_id: int) -> list[Remark]:
    return list(session.scalars(select(Remark).where(Remark.experiment_id == experiment_id).order_by(Remark.id)))
