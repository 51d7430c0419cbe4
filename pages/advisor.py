"""Data-set advisor (MetaD2A): architectures generated and ranked for a set of images, and the known sets nearest
to it."""

import streamlit as st

from activedints.loop import advising
from activedints.ui import advisor, frame

with frame.page("Data-set advisor", needs="nothing") as here:
    st.caption(
        "It has learned from small networks trained on many data sets what cells each of them liked; for yours it "
        "retrieves the nearest ones, generates cells and predicts their accuracy, without training anything."
    )
    if here.standing.device is None:
        st.info(
            f"No worker is running, and advice needs one: start it with {here.start_worker}.", icon=":material/inbox:"
        )
    else:
        with st.spinner("The advisor reads its table; the first time takes some seconds."):
            known = advising.sets(here.store)
        advisor.source_form(here, known["sets"])
        st.caption(
            f"Learned from {known['runs']:,} trainings of {known['cells']} cells on {len(known['sets'])} data sets."
        )
        found = advisor.advice()
        if found is None:
            st.info("No advice was asked for yet: choose images and press Advise.", icon=":material/inbox:")
        else:
            advisor.show_advice(here, found)
    advisor.show_belief()
