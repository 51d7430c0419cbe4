"""What every script works with: the workspace, the reader, where things stand, and the one way to run a command."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import streamlit as st

from activedints.core.errors import ActiveDintsError
from activedints.loop.standing import DEFAULT_WORKSPACE, Standing, Store, open_workspace, worker_command
from activedints.ui.menu import ROOT

P = ParamSpec("P")


@dataclass(frozen=True)
class Here:
    """What a script works with. ``reader`` is '' while nobody said who reads; ``arrived`` is whether this run is the
    first since the person came from another screen."""

    store: Store
    reader: str
    standing: Standing
    arrived: bool

    @property
    def simulated(self) -> bool:
        return self.standing.simulated > 0

    @property
    def start_worker(self) -> str:
        """The command that starts a worker for this workspace."""
        return f"`{worker_command(self.store)}`"

    def do(self, command: Callable[..., str], *arguments: Any) -> None:
        """Run one command of the loop, then the script anew; what the command says or refuses is shown there."""
        outcome = attempt(command, *arguments)
        st.session_state["said"] = outcome
        st.rerun()


def attempt(command: Callable[..., str], *arguments: Any) -> tuple[bool, str]:
    """Whether a command did its work, and the sentence that it returned or refused with."""
    try:
        return True, command(*arguments)
    except ActiveDintsError as error:
        return False, str(error)


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """For the body of a fragment, which runs without the page around it: an error becomes its sentence."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except ActiveDintsError as error:
            st.error(str(error), icon=":material/error:")

    return inside


def workspace() -> Store:
    """The workspace of this server: ACTIVEDINTS_WORKSPACE, else data/workspace of the project."""
    folder = os.environ.get("ACTIVEDINTS_WORKSPACE")
    return _open(Path(folder) if folder else ROOT / DEFAULT_WORKSPACE)


@st.cache_resource(show_spinner=False)
def _open(folder: Path) -> Store:
    return open_workspace(folder)
