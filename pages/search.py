"""Search: the network of the experiment as a drawing, its size, and where it comes from; a search as it runs."""

import streamlit as st

from activedints.loop import networks, running
from activedints.ui import charts, frame, jobs
from activedints.ui.ranking_dints import measured
from activedints.ui.topology import draw_topology

with frame.page("Search") as here:
    network = networks.view(here.store)
    job = running.current_job(here.store)
    if job is not None:
        jobs.watch(here, job.id)
    else:
        jobs.strip(here)

    with st.container(horizontal=True):
        st.metric("Architecture", network.name, width="content")
        size = f"{network.parameters:,}" if network.parameters else "not trained yet"
        st.metric("Parameters", size, width="content")
        st.metric("Regime", network.regime, width="content", help="What a cycle learns anew")

    if network.architecture is None:
        st.info(f"'{network.name}' is a fixed baseline network; there is no searched topology to draw.")
    else:
        charts.show(draw_topology(network.architecture, network.edges), key="topology")
    for what, words in network.facts:
        st.markdown(f"**{what}.** {words}")
    if network.regime == "weights-only":
        st.caption(
            "In this regime a cycle learns weights only. Found an experiment with another regime on the Cycle page."
        )
    if network.architecture is not None:
        st.download_button(
            "Architecture as JSON",
            network.architecture.to_json(),
            f"{network.name}.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
    st.subheader("Which architecture to train", anchor=False)
    measured(here)
