"""Home: where the experiment stands, what waits, and the one button that moves it on."""

import streamlit as st

from activedints.loop import guide, reading, running, views
from activedints.loop.guide import Action
from activedints.ui import frame, jobs
from activedints.ui.phases import draw_counts, draw_phases

GUIDE = (
    ("1 · Bring scans", "Import a folder of NIfTI or MSD cases on the Data page, or simulate some to try it out."),
    ("2 · Read the next case", "The model shows its draft and where it is unsure. Correct it, then submit."),
    ("3 · Let it learn", "When the asked cases are annotated, the worker trains, scores the rest and asks again."),
)
WHERE = {
    Action.FILL: "pages/data.py",
    Action.WATCH: "pages/cycle.py",
    Action.ANNOTATE: "pages/annotate.py",
    Action.REVIEW: "pages/progress.py",
}

with frame.page("Home", needs="nothing") as here:
    home, step = views.home(here.store), guide.next_step(here.store)

    with st.container(border=True):
        if home:
            draw_phases(home)
        st.markdown(f"### {step.sentence}" if step.action is not Action.RESUME else step.sentence)
        with st.container(horizontal=True):
            pressed = st.button(step.button, type="primary", icon=":material/arrow_forward:")
            if home and home.can_simulate and (home.waiting or home.unread_fixed):
                simulated = st.button(
                    "Simulated reader",
                    icon=":material/smart_toy:",
                    help="No person: it answers every waiting case with the label map that came with its scan.",
                )
                if simulated:
                    here.do(reading.simulate_reader, here.store)
        if pressed and step.action is Action.RESUME:
            here.do(running.resume, here.store, step.job)
        if pressed and step.action is Action.TRAIN:
            here.do(running.train_now, here.store)
        if pressed:
            st.switch_page(WHERE[step.action])

    if step.action is Action.WATCH:
        jobs.strip(here)
    if home:
        draw_counts(home)

    with st.expander("How it works, in three steps", expanded=home is None or home.counts["labelled"] == 0):
        for column, (title, text) in zip(st.columns(3), GUIDE):
            column.subheader(title, anchor=False)
            column.markdown(text)
        st.caption("Nothing leaves this machine: scans, drawings and models stay in the workspace folder.")
