"""The sidebar of every screen: the menu, the active experiment, the reader, and whether a worker computes."""

from pathlib import Path

import streamlit as st

from activedints.loop import experiments
from activedints.loop.standing import Store
from activedints.ui import server
from activedints.ui.here import Here
from activedints.ui.menu import groups
from activedints.ui.readers import ask_name

ICON = Path(__file__).parent / "icon.svg"
LOGO = Path(__file__).parent / "logo.svg"


def draw_sidebar(here: Here) -> None:
    """The whole sidebar."""
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
        simulated_badge(here)
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
            ask_name("Change reader")


def _worker(here: Here) -> None:
    if device := here.standing.device:
        where = "" if device == "auto" else f" on {device}"  # auto: each job chooses for itself
        st.caption(f":green[●] Worker is running{where}")
    else:
        st.caption(f":gray[○] No worker: start {here.start_worker}")


def simulated_badge(here: Here) -> None:
    """The word simulated, and how many of the cases are."""
    made = f"{here.standing.simulated} of {here.standing.cases} cases were made by a program"
    help_ = f"{made}: figures over them say nothing about patients."
    st.badge("simulated", icon=":material/science:", color="orange", help=help_)
