"""Search: how the network was found, live or at any past step; start, stop, import; and beside a plain baseline."""

import streamlit as st

from activedints.loop import networks, searches
from activedints.ui import charts, frame, jobs
from activedints.ui.ranking_dints import measured
from activedints.ui.search_forms import draw_comparison, import_form, start_form
from activedints.ui.search_story import draw_cycles, draw_searches
from activedints.ui.topology import draw_topology

with frame.page("Search") as here:
    network, view = networks.view(here.store), searches.view(here.store)
    busy = jobs.strip(here)

    with st.container(horizontal=True):
        st.metric("Architecture", network.name, width="content")
        size = f"{network.parameters:,}" if network.parameters else "not trained yet"
        st.metric("Parameters", size, width="content")
        st.metric("Regime", network.regime, width="content", help="What a cycle learns anew")

    if view.jobs:
        draw_searches(here, view)
    else:
        st.info("No search was run in this experiment yet; its network is drawn below.", icon=":material/inbox:")

    with st.expander("The experiment's network", expanded=not view.jobs):
        if network.architecture is None:
            st.info(f"'{network.name}' is a fixed baseline network; there is no searched topology to draw.")
        else:
            charts.show(draw_topology(network.architecture, network.edges), key="topology")
            st.download_button(
                "Architecture as JSON",
                network.architecture.to_json(),
                f"{network.name}.json",
                "application/json",
                icon=":material/download:",
                on_click="ignore",
            )
        for what, words in network.facts:
            st.markdown(f"**{what}.** {words}")

    left, right = st.columns(2)
    with left:
        start_form(here, able=not busy)
    with right:
        import_form(here)
    draw_comparison(here, able=not busy)
    draw_cycles(view)
    st.subheader("Which architecture to train", anchor=False)
    measured(here)
