"""The frame that every screen starts with: workspace, menu, reader, active experiment, and errors as one sentence.

A script is ``with frame.page("Worklist") as here: ...``. Commands run through ``here.do``; whatever they refuse is
shown as its one sentence, and so is whatever the script itself runs into.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import streamlit as st

from activedints.core.errors import ActiveDintsError
from activedints.loop import reading
from activedints.loop.standing import standing
from activedints.ui import server
from activedints.ui.here import Here, workspace
from activedints.ui.menu import HOME
from activedints.ui.readers import ask_name, reader
from activedints.ui.sidebar import ICON, draw_sidebar, simulated_badge

STYLE = Path(__file__).parent / "style.css"
BARE = Path(__file__).parent / "bare.css"

Needs = Literal["nothing", "cases", "reader"]


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
        draw_sidebar(here)
        lacking = _lacking(here, needs)
        if lacking or not bare:
            headline(title, here)
        with st.container():  # what stands below keeps its place, and with it open tabs and drawings
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
    opened = st.session_state.pop("opened", None) if arrived else None
    if opened is not None:  # whoever leaves the Annotate page closes the case for others
        reading.close_case(store, opened.case_id, st.session_state["opened by"], st.session_state.get("tab", ""))
    return Here(store, reader(), standing(store), arrived)


def linked_choice(label: str, name: str, options: list[int]) -> int:
    """A selectbox whose choice a link carries as ``name``; the newest (last) option unless the address says so."""
    asked = st.query_params.get(name, "")
    start = options.index(int(asked)) if asked.isdecimal() and int(asked) in options else len(options) - 1
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
            simulated_badge(here)


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
        ask_name("Start reading")
