"""Search algorithms: how ways of searching an architecture behave on one small table that was measured here."""

import streamlit as st

from activedints.loop import advising
from activedints.ui import frame, search_lab

TABS = ("Regret", "MDENAS", "DARTS", "Passing tests", "Cell shape", "Figures")

with frame.page("Search algorithms", needs="nothing") as here:
    if here.standing.device is None:
        st.info(
            f"No worker is running, and searches need one: start it with {here.start_worker}.", icon=":material/inbox:"
        )
        search_lab.figures_tab()
    else:
        with st.spinner("The worker reads the table; the first time takes some seconds."):
            known = advising.sets(here.store)
        st.caption(
            f"{known['runs']:,} trainings of {known['cells']} NAS-Bench-201 cells on {len(known['sets'])} small sets: "
            "a search asks the table instead of training, so that ten seeds take a second."
        )
        tabs = dict(zip(TABS, st.tabs(TABS, key="tab", on_change="rerun", bind="query-params")))
        chosen = next((name for name, tab in tabs.items() if tab.open), TABS[0])
        with tabs[chosen]:
            if chosen == "Regret":
                search_lab.regret_tab(here, known)
            elif chosen == "MDENAS":
                search_lab.mdenas_tab(here, known)
            elif chosen == "DARTS":
                search_lab.darts_tab(here, known)
            elif chosen == "Passing tests":
                search_lab.lpt_tab(here, known)
            elif chosen == "Cell shape":
                search_lab.shape_tab(here, known)
            else:
                search_lab.figures_tab()
