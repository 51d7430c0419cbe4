"""One door to the database: ``Store`` opens a workspace, migrates it, and hands out transactions."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, event, exists, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from activedints.core.errors import WorkspaceUnusable
from activedints.store.files import NO_ROOM, Files
from activedints.store.migrate import migrate
from activedints.store.schema import Base

__all__ = ["Session", "Store"]

NAME = "activedints.sqlite"
BUSY_SECONDS = 30.0
DAMAGED = ("not a database", "malformed")
"""SQLite's words for a file that is broken."""


class Store:
    """A workspace: ``folder``/activedints.sqlite and ``folder``/files. Safe to open from several processes."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files = Files(folder / "files")
        self.database = folder / NAME
        self.engine = create_engine(
            f"sqlite:///{self.database}", connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
        )
        event.listen(self.engine, "connect", _configure)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a workspace was made in this folder."""
        return (folder / NAME).is_file()

    @staticmethod
    def open(folder: Path) -> "Store":
        """Open the workspace, making or migrating it where needed; WorkspaceUnusable says what stands in the way."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            store = Store(folder.resolve())
            store.files.prepare()
            migrate(store.engine)
        except (OSError, OperationalError, DatabaseError, sqlite3.Error) as fault:
            cause = getattr(fault, "orig", None) or fault
            if any(words in str(cause) for words in DAMAGED):
                raise WorkspaceUnusable(
                    f"{folder / NAME} is damaged ({cause}): put a copy of it back, or choose another folder with"
                    " --workspace."
                ) from fault
            full = "full" in str(cause) or getattr(cause, "errno", None) in NO_ROOM
            cure = "free some space" if full else "check the path and its permissions"
            raise WorkspaceUnusable(
                f"The workspace {folder} cannot be written ({cause}): {cure}, or choose another folder with"
                " --workspace."
            ) from fault
        return store

    @staticmethod
    @contextmanager
    def begin(folder: Path) -> Iterator["Store"]:
        """The workspace for what begins one: where there was none and the block is refused, there is none again."""
        new = not Store.is_in(folder)
        before = set(folder.iterdir()) if folder.is_dir() else set()
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        store = Store.open(folder)
        try:
            yield store
        except BaseException:
            if new:
                store._leave(before, made)
            raise

    def _leave(self, before: set[Path], made: list[Path]) -> None:
        """Remove what ``begin`` made, unless somebody else has begun to work here in the meantime."""
        with self.read() as session:
            used = any(session.scalar(select(exists().select_from(table))) for table in Base.metadata.sorted_tables)
        self.engine.dispose()
        ours = [self.folder / name for name in (self.files.folder.name, NAME, f"{NAME}-wal", f"{NAME}-shm")]
        there = {path.name for path in self.folder.iterdir()}
        if used or there - {path.name for path in (*before, *ours)}:
            return
        shutil.rmtree(ours[0], ignore_errors=True)
        for path in ours[1:]:
            path.unlink(missing_ok=True)
        for place in made:  # from the inside out
            if any(place.iterdir()):
                return
            place.rmdir()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session  # closing ends the transaction and leaves what was read usable

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that holds the write lock from its first line; all of it lands, or nothing does."""
        with Session(self.engine.execution_options(writes=True), expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except OperationalError as fault:
                session.rollback()
                raise WorkspaceUnusable(
                    f"The database {self.database} could not be written ({fault.orig}): check that the disk is neither"
                    " full nor read-only; nothing was changed."
                ) from fault
            except BaseException:
                session.rollback()
                raise


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event below speaks instead of the driver
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
