"""The frame that every screen starts with: workspace, menu, reader, active experiment, and errors as one sentence.

A script is ``with frame.page("Worklist") as here: ...``. Commands run through ``here.do``; whatever they refuse is
shown as its one sentence, and so is whatever the script itself runs into.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import streamlit as st

from activedints.core.errors import ActiveDintsError
from activedints.loop import experiments
from activedints.loop.standing import Standing, standing
from activedints.store.database import Store
from activedints.ui import server
from activedints.ui.menu import HOME, ROOT, groups

ICON = Path(__file__).parent / "icon.svg"
LOGO = Path(__file__).parent / "logo.svg"
STYLE = Path(__file__).parent / "style.css"
BARE = Path(__file__).parent / "bare.css"
DEFAULT_WORKSPACE = "data/workspace"

Needs = Literal["nothing", "cases", "reader"]
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


@contextmanager
def page(title: str, needs: Needs = "cases", bare: bool = False) -> Iterator[Here]:
    """The frame of one screen; ``bare`` leaves the title and the menu's room to the viewer.

    Where the workspace has no cases, or nobody said who reads, the frame says so instead of the script.
    """
    st.set_page_config(f"{title} · Active-DiNTS", ICON, "wide", "collapsed" if bare else "auto")
    st.html(STYLE)
    if bare:
        st.html(BARE)
    try:
        server.check_running_address()
        here = _here(title)
        _sidebar(here)
        lacking = _lacking(here, needs)
        if lacking or not bare:
            headline(title, here)
        _say(bare)
        if lacking:
            lacking(here)
            st.stop()
        yield here
    except ActiveDintsError as error:
        st.error(str(error), icon=":material/error:")
        if bare:
            st.page_link("pages/worklist.py", label="To the worklist", icon=":material/format_list_numbered:")


def _here(title: str) -> Here:
    arrived = st.session_state.get("screen") != title
    st.session_state["screen"] = title
    store = workspace()
    return Here(store, _reader(), standing(store), arrived)


def workspace() -> Store:
    """The workspace of this server: ACTIVEDINTS_WORKSPACE, else data/workspace of the project."""
    folder = os.environ.get("ACTIVEDINTS_WORKSPACE")
    return _open(Path(folder) if folder else ROOT / DEFAULT_WORKSPACE)


@st.cache_resource(show_spinner=False)
def _open(folder: Path) -> Store:
    return Store.open(folder)


def _reader() -> str:
    """Who reads: the person who signed in, where sign-in is configured; else the name given in this session, which
    the address carries, so that a reload does not ask again."""
    if server.sign_in_configured():
        return _signed_in()
    if "reader" not in st.session_state and st.query_params.get("reader"):
        st.session_state["reader"] = st.query_params["reader"]
    name = str(st.session_state.get("reader", "")).strip()
    if name and st.query_params.get("reader") != name:
        st.query_params["reader"] = name
    return name


def _signed_in() -> str:
    if not st.user.is_logged_in:
        st.title("Active-DiNTS", anchor=False)
        st.button("Sign in", type="primary", on_click=st.login)
        st.stop()
    return str(st.user.get("name") or st.user.get("email") or "")


def linked_choice(label: str, name: str, options: list[int]) -> int:
    """A selectbox whose choice a link carries as ``name``; the newest (last) option unless the address says so."""
    asked = st.query_params.get(name, "")
    start = options.index(int(asked)) if asked.isdigit() and int(asked) in options else len(options) - 1
    chosen = st.selectbox(label, options, start)
    if chosen != options[-1]:
        st.query_params[name] = str(chosen)
    else:
        st.query_params.pop(name, None)
    return chosen


def headline(title: str, here: Here) -> None:
    """The screen's title, and the word simulated where it belongs."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        if here.simulated:
            _simulated_badge(here)


def _simulated_badge(here: Here) -> None:
    made = f"{here.standing.simulated} of {here.standing.cases} cases were made by a program"
    help_ = f"{made}: figures over them say nothing about patients."
    st.badge("simulated", icon=":material/science:", color="orange", help=help_)


def _sidebar(here: Here) -> None:
    st.logo(str(LOGO), size="large", icon_image=str(ICON))
    with st.sidebar:
        for name, screens in groups().items():
            if name:
                st.caption(name)
            for screen in screens:
                st.page_link(screen.script, label=screen.title, icon=screen.icon, help=screen.purpose, width="stretch")
        st.divider()
        _experiment(here)
        _who(here)
        _worker(here)


def _experiment(here: Here) -> None:
    names, active = here.standing.experiments, here.standing.experiment
    if active is None:
        return
    if here.simulated:
        _simulated_badge(here)
    if len(names) == 1:
        st.caption(f"Experiment: **{active}**")
        return
    chosen = st.selectbox("Experiment", names, names.index(active), help="The active one, for the whole workspace")
    if chosen != active:
        here.do(_use, here.store, chosen)
    asked = st.query_params.setdefault("experiment", active)
    if asked != active and asked in names:
        st.warning(f"This link was made in experiment '{asked}'.")
        if st.button(f"Switch to '{asked}'"):
            here.do(_use, here.store, asked)


def _use(store: Store, name: str) -> str:
    experiments.use(store, name)
    st.query_params["experiment"] = name
    return f"Experiment '{name}' is active now."


def _who(here: Here) -> None:
    if not here.reader:
        st.caption("No reader yet")
    elif server.sign_in_configured():
        st.caption(f"Reader: **{here.reader}**")
        st.button("Sign out", type="tertiary", on_click=st.logout)
    else:
        with st.popover(f"Reader: {here.reader}", type="tertiary"):
            _ask_name("Change reader")


def _worker(here: Here) -> None:
    if here.standing.device:
        st.caption(f":green[●] Worker on {here.standing.device}")
    else:
        st.caption(":gray[○] No worker: start `activedints worker`")


def _ask_name(button: str) -> None:
    with st.form("reader form", border=False, clear_on_submit=True):
        name = st.text_input("Your name", placeholder="As it shall stand in every annotation", max_chars=60)
        if st.form_submit_button(button, type="primary") and name.strip():
            st.session_state["reader"] = name.strip()
            st.rerun()


def _say(bare: bool) -> None:
    done, sentence = st.session_state.pop("said", (True, ""))
    if sentence and done and bare:
        st.toast(sentence, icon=":material/check:")
    elif sentence and done:
        st.success(sentence, icon=":material/check:")
    elif sentence:
        st.error(sentence, icon=":material/error:")


def _lacking(here: Here, needs: Needs) -> Callable[[Here], None] | None:
    """What to draw instead of the script, where the workspace or the reader is missing."""
    if needs != "nothing" and here.standing.experiment is None:
        return _need_cases
    return _need_reader if needs == "reader" and not here.reader else None


def _need_cases(here: Here) -> None:
    st.info("This workspace is empty: there is no case to show yet.", icon=":material/inbox:")
    st.page_link("pages/data.py", label="Import or simulate cases", icon=":material/add:")
    st.page_link(HOME.script, label="Back to the guide", icon=HOME.icon)


def _need_reader(here: Here) -> None:
    with st.container(border=True, width=480):
        st.subheader("Who is reading?", anchor=False)
        st.caption("Your name stands beside every annotation that you submit. Nothing else is stored about you.")
        _ask_name("Start reading")
