"""The app object, the options that every verb shares, and how a verb speaks."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from activedints.core.errors import InvalidSettings, WorkspaceUnusable
from activedints.core.job import Report
from activedints.core.settings import check_seed
from activedints.loop.standing import DEFAULT_WORKSPACE
from activedints.store.database import Store

app = typer.Typer(
    help="Active-DiNTS: active learning and architecture search for brain MRI segmentation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
stderr = Console(stderr=True)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", help="Folder of the workspace (default: $ACTIVEDINTS_WORKSPACE, else data/workspace)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; everything else on stderr.")]


def _checked_seed(seed: int) -> int:
    check_seed(seed)
    return seed


SeedOption = Annotated[int, typer.Option(callback=_checked_seed, help="Of all that is drawn.")]


def workspace_folder(given: Path | None) -> Path:
    """The workspace that a command works in."""
    return given or Path(os.environ.get("ACTIVEDINTS_WORKSPACE") or DEFAULT_WORKSPACE)


def open_store(given: Path | None, make: bool = False) -> Store:
    """The workspace, made only where the verb is one that begins something: a mistyped path makes none."""
    folder = workspace_folder(given)
    if not make and not Store.is_in(folder):
        raise WorkspaceUnusable(
            f"There is no workspace in {folder}: check --workspace, or begin one there with `activedints import`."
        )
    return Store.open(folder)


def begin_store(given: Path | None) -> AbstractContextManager[Store]:
    """The workspace for a verb that begins one: what is refused in the block leaves none behind."""
    return Store.begin(workspace_folder(given))


def writable(folder: Path) -> Path:
    """The folder, made where it is missing: what cannot be written is said before the long work, not after it."""
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()
    return folder


def untaken(*files: Path) -> None:
    """What took minutes to make is never overwritten, and that is said before the minutes are spent."""
    for file in files:
        if file.exists():
            raise InvalidSettings(f"{file} is there already and is not overwritten: name another --out, or remove it.")


def say(text: str) -> None:
    """A line for a person: on stderr, so that stdout stays machine-readable."""
    stderr.print(text, highlight=False, markup=False)


def answer(facts: dict[str, Any], as_json: bool, text: str | None = None) -> None:
    """The verb's result on stdout: one JSON object, or words."""
    if as_json or text is None:
        print(json.dumps(facts, indent=None if as_json else 2, default=str))
    else:
        print(text)


@contextmanager
def progress_bar() -> Iterator[Report]:
    """A Report that draws a bar on stderr (plain lines where stderr is no terminal)."""
    if not sys.stderr.isatty():
        yield _plain_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        line = bar.add_task("", total=None)

        def report(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
            bar.update(line, completed=step, total=total or None, description=message)

        yield report


def _plain_lines() -> Report:
    last = ""

    def report(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        nonlocal last
        words = message.split(":")[0]
        if words != last:  # a line per kind of message, not per step
            print(message, file=sys.stderr)
            last = words

    return report
