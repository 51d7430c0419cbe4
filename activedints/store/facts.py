"""Workspace-wide facts by key."""

from sqlalchemy.orm import Session

from activedints.store.schema import Setting


def fact(session: Session, key: str) -> str | None:
    """What was kept under a key; None before."""
    row = session.get(Setting, key)
    return row.value if row else None


def keep(session: Session, key: str, value: str) -> None:
    """Keep a value under a key, instead of what was there."""
    session.merge(Setting(key=key, value=value))
    session.flush()
