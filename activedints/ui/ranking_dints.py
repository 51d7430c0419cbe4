"""Our own DiNTS space on the screen: what was measured, and what to train within a memory budget."""

from typing import Any

import streamlit as st

from activedints.loop import rankings
from activedints.ui import charts, ranking_charts
from activedints.ui.here import Here, guarded
from activedints.ui.words import count

Row = dict[str, Any]


def measured(here: Here) -> None:
    """Of 500 candidates within a memory budget, the three to train; the table of measured ones behind that advice."""
    table = rankings.measured_dints()
    if table is None:
        st.info(
            "No DiNTS architecture was measured for this table yet. `activedints bench dints-rank --table 1` trains 32 "
            "of them twice for equal seconds on the simulated cohort; then this screen says which of 500 candidates "
            "within your memory budget to train.",
            icon=":material/inbox:",
        )
        return
    st.caption(
        f"{count(len(table['rows']), 'DiNTS architecture')} trained alone for {table['core_seconds']:g} core-seconds "
        f"each on the simulated {table['cohort']}: mean foreground Dice on its holdout (0 to 1), one column a seed."
    )
    st.fragment(_advice)(here, table["budgets"])
    with st.expander("All measured architectures"):
        st.dataframe(table["rows"], hide_index=True)


@guarded
def _advice(here: Here, budgets: list[int]) -> None:
    least, middle, most = budgets
    budget = st.slider("Memory for the activations of one patch (MB, counted)", least, most, middle, key="budget")
    if here.standing.device is None:
        st.info(f"No worker is running, so nobody can rank: start one with {here.start_worker}.")
        return
    if not st.toggle("Draw 500 candidates within this memory and rank them", key="ranked"):
        return  # a screen that is opened for something else waits for no answer
    with st.spinner("Drawing and ranking them"):
        found = rankings.dints_candidates(here.store, float(budget))
    charts.show(ranking_charts.candidates_against_memory(found), key="candidates")
    number, advised = len(found["points"]["name"]), len(found["advised"])
    words = f"train these {advised}" if found["better_than_chance"] else f"the first {advised} by a guess"
    st.markdown(f"**Of these {number}, {words}:**")
    shown = [{k: v for k, v in row.items() if k != "architecture"} for row in found["advised"]]
    st.dataframe(shown, hide_index=True)
    with st.container(horizontal=True):
        for row in found["advised"]:
            st.download_button(
                row["name"],
                row["architecture"],
                f"{row['name']}.json",
                "application/json",
                icon=":material/download:",
                on_click="ignore",
                key=f"download {row['name']}",
            )
