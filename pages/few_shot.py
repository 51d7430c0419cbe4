"""Few-shot: show five new characters or tissues, one example each, and watch weights and architecture adapt."""

import streamlit as st

from activedints.loop import learners
from activedints.ui import few_shot as desk
from activedints.ui import frame, jobs
from activedints.ui.here import Here


def train_form(here: Here) -> None:
    """Train a shipped learner again, as a job."""
    with st.form("train again", border=True):
        st.subheader("Train again", anchor=False)
        left, middle, right = st.columns(3)
        recipe = left.selectbox("Recipe", learners.RECIPES)
        data = middle.selectbox("On", learners.TRAINED_ON, format_func=learners.SETS.get)
        seed = right.number_input("Seed", 0, 999_999, 0)
        if st.form_submit_button("Train", icon=":material/model_training:"):
            here.do(learners.train_again, here.store, recipe, data, seed)


with frame.page("Few-shot", needs="nothing") as here:
    with st.container():
        jobs.strip(here)
    st.caption(
        "A learner that was trained on many small problems adapts to a new one from one example a class. MetaNAS "
        "adapts its architecture too: as the temperature falls, the mixture hardens into one network."
    )
    with st.container():  # words come and go in it: tabs and drawings below stay as they are
        desk.say_whether_a_worker_answers(here)
    picked, drawn = st.tabs(["Pick from a set", "Draw"])
    with picked:
        desk.deal_form(here)
    with drawn:
        desk.draw_form(here)
    desk.show_table(here)
    st.subheader("What to expect", anchor=False)
    st.dataframe(learners.measured(here.store), hide_index=True, height="content")
    st.caption(learners.OF_MEASURED)
    st.dataframe(learners.PUBLISHED, hide_index=True)
    st.caption("Quoted as published, on larger networks and budgets; none of these is ours.")
    train_form(here)
    job, stopped = learners.training(here.store), learners.stopped_training(here.store)
    if job is not None:
        jobs.watch(here, job.id)
    elif stopped is not None:
        jobs.show_failure(here, stopped)
