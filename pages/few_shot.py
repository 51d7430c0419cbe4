"""Few-shot: show five new characters or tissues, one example each, and watch weights and architecture adapt."""

import streamlit as st

from activedints.loop import few_shot, learners
from activedints.ui import few_shot as desk
from activedints.ui import frame, jobs
from activedints.ui.here import Here


def adapt_form(here: Here, channels: list[str]) -> desk.Wish | None:
    """Which learners adapt to the episode, and how; None while nobody pressed the button."""
    known = learners.every(here.store)
    names = {learner.name: learner.title for learner in known}
    with st.form("adapt"):
        chosen = st.multiselect(
            "Learners, side by side", list(names), learners.usual(known, channels), format_func=names.get
        )
        left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
        steps = left.slider("Steps", 1, 50, 20, help="Of learners that adapt by gradient steps")
        words = "MetaNAS cools from 1 to this; at 1 nothing hardens, and pruning then costs much"
        cold = middle.select_slider("Final temperature", few_shot.TEMPERATURES, few_shot.COLD, help=words)
        pressed = right.form_submit_button("Adapt", type="primary", icon=":material/bolt:", width="stretch")
    return desk.Wish(chosen, steps, cold) if pressed else None


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
    jobs.strip(here)
    st.caption(
        "A learner that was trained on many small problems adapts to a new one from one example a class. MetaNAS "
        "adapts its architecture too: as the temperature falls, the mixture hardens into one network."
    )
    if here.standing.device is not None and few_shot.warming_up(here.store):
        st.info("The worker warms up, which takes some seconds: then press again.", icon=":material/hourglass_top:")
    if here.standing.device is None:
        st.warning(
            "No worker is running, and adapting needs one: start it with `activedints worker`.",
            icon=":material/pause_circle:",
        )
    picked, drawn = st.tabs(["Pick from a set", "Draw"])
    with picked:
        desk.deal_form(here)
    with drawn:
        desk.draw_form(here)
    episode, runs = desk.episode(), desk.runs()
    if episode is None:
        st.info("The table is empty: put an episode on it, or draw one.", icon=":material/inbox:")
    else:
        left, right = st.columns([2, 3])
        with left:
            desk.show_episode(episode, runs[0] if runs else None)
        with right:
            desk.adapt_when_asked(here, episode, adapt_form(here, episode["channels"]), runs)
    if runs:
        desk.show_outcome(runs)
    st.subheader("What to expect", anchor=False)
    st.dataframe(learners.measured(here.store), hide_index=True)
    st.caption("Ours, measured on fixed lists of episodes with 95 % intervals. It must not be read as a gain by NAS.")
    st.dataframe(learners.PUBLISHED, hide_index=True)
    st.caption("Quoted as published, on larger networks and budgets; none of these is ours.")
    train_form(here)
    job, stopped = learners.training(here.store), learners.stopped_training(here.store)
    if job is not None:
        jobs.watch(here, job.id)
    elif stopped is not None:
        jobs.show_failure(here, stopped)
