"""A search on the screen: live while it runs, any past step by a slider, what was expected beside what was measured."""

import streamlit as st

from activedints.core.architecture import Architecture
from activedints.core.experiment import Regime
from activedints.loop import searches, searching
from activedints.loop.searches import SearchStory, SearchView
from activedints.ui import charts, search_charts
from activedints.ui.here import Here, guarded
from activedints.ui.words import count

POLL_SECONDS = 2.0
FIGURES = st.column_config.NumberColumn(format="%.4g")


def draw_searches(here: Here, view: SearchView) -> None:
    """The story of one search of the experiment, the newest unless a link or the reader says otherwise."""
    asked = st.query_params.get("job", "")
    start = view.jobs.index(int(asked)) if asked.isdecimal() and int(asked) in view.jobs else 0
    chosen = view.jobs[start]
    if len(view.jobs) > 1:
        chosen = st.selectbox("Search", view.jobs, start, format_func=view.words.get, width=420)
    if chosen != view.jobs[0]:
        st.query_params["job"] = str(chosen)
    else:
        st.query_params.pop("job", None)
    st.fragment(_draw_story, run_every=POLL_SECONDS if chosen in view.live else None)(here, chosen)


@guarded
def _draw_story(here: Here, job_id: int) -> None:
    told = searches.story(here.store, job_id)
    if told is None or not told.steps:
        st.info(
            "The search has not been evaluated yet: the drawing appears with the first evaluation.",
            icon=":material/hourglass_empty:",
        )
        return
    st.caption(f"{told.words}. {f'Ended: {told.reason}' if told.reason else 'Not finished'}.")
    moment = told.at(_chosen_step(told))
    left, right = st.columns([3, 2])
    with left:
        charts.show(search_charts.draw_moment(moment), key=f"moment of job {job_id}")
        with st.container(horizontal=True):
            for fact in moment.facts:
                st.metric(fact["name"], fact["value"], width="content")
        take_architecture(here, moment.architecture, key=f"use job {job_id}")
    with right:
        charts.show(search_charts.entropy_curves(told.curves, moment.step), key=f"entropy of job {job_id}")
        charts.show(search_charts.ram_curve(told.curves, told.sigma, moment.step), key=f"ram of job {job_id}")
        with st.expander("Losses"):
            charts.show(search_charts.loss_curves(told.curves, moment.step), key=f"loss of job {job_id}")
    st.dataframe(
        list(told.costs), hide_index=True, placeholder="–", column_config={"expected": FIGURES, "measured": FIGURES}
    )
    st.caption("Expected before the start, from counted memory and timed steps, beside what was measured at the end.")


def _chosen_step(told: SearchStory) -> int:
    """The step to draw: the newest as it comes, until the slider is moved back; a link carries it."""
    asked = st.query_params.get("step", "")
    known = int(asked) if asked.isdecimal() and int(asked) in told.steps else told.steps[-1]
    if len(told.steps) < 2:
        return known
    words = "Decoded architecture at step (the right end follows the search)"
    chosen = st.select_slider(words, told.steps, known)
    if chosen != told.steps[-1]:
        st.query_params["step"] = str(chosen)
    else:
        st.query_params.pop("step", None)
    return chosen


def take_architecture(here: Here, architecture: Architecture, key: str) -> None:
    """Export one architecture, or work with it: in the active experiment or in a new one."""
    with st.container(horizontal=True):
        with st.popover("Use this architecture", icon=":material/check_circle:"):
            _use_form(here, architecture, key)
        st.download_button(
            "Export as JSON",
            architecture.to_json(),
            f"{architecture.name}.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"export {key}",
        )


def _use_form(here: Here, architecture: Architecture, key: str) -> None:
    st.caption("The active experiment takes it where that breaks no curve; a new experiment starts at cycle 0.")
    if st.button("In the active experiment", key=f"active {key}", icon=":material/check:"):
        here.do(searching.use, here.store, searching.Use(architecture))
    with st.form(f"new {key}", border=False):
        name = st.text_input("Name of a new experiment", max_chars=60)
        regime = st.selectbox("Regime", list(Regime), format_func=str)
        if st.form_submit_button("Found it and make it active", icon=":material/add:"):
            if name.strip():
                here.do(searching.use, here.store, searching.Use(architecture, name, regime))
            st.error("A new experiment needs a name.")


def draw_cycles(view: SearchView) -> None:
    """What each cycle learned anew, and from where."""
    st.subheader("What each cycle learned", anchor=False)
    if not view.cycles:
        st.caption(f"Nothing yet. Regime '{view.regime}': {REGIMES[view.regime]}")
        return
    st.dataframe(
        list(view.cycles),
        hide_index=True,
        placeholder="–",
        column_config={"seconds": st.column_config.NumberColumn(format="%.1f"), "from": st.column_config.TextColumn()},
    )
    words = count(len(view.cycles), "search or training", "searches and trainings")
    st.caption(f"{words}, oldest first. Regime '{view.regime}': {REGIMES[view.regime]}")


REGIMES = {
    Regime.WEIGHTS_ONLY: "a cycle learns weights only, and the architecture stays.",
    Regime.TOPOLOGY_ONLY: "each cycle refines the topology from the last alphas, then trains from the start's weights.",
    Regime.JOINT: "each cycle refines the topology, and the weights go on where the architecture stayed the same.",
}
