"""Content-addressed files: written once under their SHA-256, never changed. A row refers to a file by name."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from activedints.core.errors import NotFound, WorkspaceUnusable
from activedints.store.schema import File

CHUNK = 1 << 20


@dataclass(frozen=True)
class Incoming:
    """A file on its way into the store: its copy, the name it will have, and its bytes."""

    path: Path
    name: str
    size: int


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@contextmanager
def room_for(place: Path) -> Iterator[None]:
    """Files are written inside: WorkspaceUnusable, once for a person to read, where the disk is full or read-only."""
    try:
        yield
    except OSError as fault:
        if fault.errno not in NO_ROOM:
            raise
        raise WorkspaceUnusable(
            f"The workspace {place} cannot be written ({fault.strerror}): free some space, or choose another folder"
            " with --workspace; nothing was changed."
        ) from fault


class Files:
    """The folder of stored files. ``add`` is atomic: temporary name, fsync, rename."""

    def __init__(self, folder: Path):
        self.folder = folder

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def add(self, session: Session, source: Path, suffix: str | None = None) -> str:
        """Copy ``source`` into the store and return its name '<sha256><suffix>'; a file already there costs a hash."""
        incoming = self.receive(source, suffix, self.folder)
        try:
            return self.settle(session, incoming)
        finally:
            incoming.path.unlink(missing_ok=True)

    def receive(self, source: Path, suffix: str | None, scratch: Path) -> Incoming:
        """A copy of ``source`` in ``scratch``, a folder on the store's own disk: the long part of ``add``, outside any
        transaction. The caller removes what it does not settle."""
        suffix = suffix if suffix is not None else ("".join(source.suffixes[-2:]) if source.suffixes else "")
        handle, temporary = tempfile.mkstemp(dir=scratch, prefix=".incoming-")
        digest, size = hashlib.sha256(), 0
        try:
            with open(source, "rb") as read, open(handle, "wb") as write:
                while block := read.read(CHUNK):
                    digest.update(block)
                    size += len(block)
                    write.write(block)
                write.flush()
                os.fsync(write.fileno())
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return Incoming(Path(temporary), digest.hexdigest() + suffix, size)

    def settle(self, session: Session, incoming: Incoming) -> str:
        """Move a received file to its place, with its row, and return its name."""
        name = incoming.name
        final = self.folder / name[:2] / name
        if not final.exists():
            final.parent.mkdir(exist_ok=True)
            os.chmod(incoming.path, 0o644)
            os.replace(incoming.path, final)
            _sync_folder(final.parent)
        if session.get(File, name) is None:
            session.add(File(name=name, size=incoming.size))
            session.flush()
        return name

    def path(self, name: str) -> Path:
        """Where a stored file lies; NotFound if it was removed behind the store's back."""
        path = self.folder / name[:2] / name
        if not path.is_file():
            raise NotFound(f"The stored file {name} is missing from {self.folder}; restore it from a backup.")
        return path

    def orphans(self, session: Session) -> list[Path]:
        """Files that no row refers to: left by a process that died between writing a file and its row."""
        known = {name for (name,) in session.query(File.name)}
        return [p for p in sorted(self.folder.rglob("*")) if p.is_file() and p.name not in known]

    def copy_out(self, name: str, target: Path) -> None:
        """A copy of a stored file at ``target``, complete or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.partial")
        shutil.copyfile(self.path(name), temporary)
        os.replace(temporary, target)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
