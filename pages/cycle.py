"""Cycle: run one turn of the loop, watch it live, and found an experiment with other settings."""

import streamlit as st

from activedints.core.experiment import ASKED_FOR, Regime, Start
from activedints.core.query import UNITS
from activedints.core.strategies import STRATEGIES
from activedints.loop import experiments, intake, networks, reading, running, views
from activedints.ui import frame, jobs
from activedints.ui.phases import draw_counts, draw_phases
from activedints.ui.words import count

SETTINGS = {
    "strategy": "Strategy",
    "budget": "Budget of a cycle",
    "budget_unit": "Budget counts",
    "unit": "Asked for",
    "control": "Share of control queries",
    "regime": "Regime",
    "architecture": "Architecture",
    "start": "Training starts from",
    "seconds": "Seconds of training",
    "steps": "Steps of training",
    "draws": "Draws per case",
    "seed": "Seed",
}

with frame.page("Cycle") as here:
    home, settings = views.home(here.store), experiments.active_settings(here.store)
    draw_phases(home)
    draw_counts(home)

    job = running.current_job(here.store)
    if job is not None:
        jobs.watch(here, job.id)
    elif jobs.strip(here) is False:
        with st.container(border=True):
            asked = f"{home.annotated} of {count(home.queried, 'asked case')} annotated"
            fixed = f", {count(home.unread_fixed, 'holdout or calibration case')} still unread"
            st.markdown(f"**This cycle:** {asked}{fixed if home.unread_fixed else ''}. Strategy: {home.strategy}.")
            with st.container(horizontal=True):
                kind = "secondary" if home.waiting else "primary"
                if st.button("Train now", type=kind, icon=":material/play_arrow:", disabled=not home.can_train):
                    here.do(running.train_now, here.store)
                if home.can_simulate and st.button("Simulated reader", icon=":material/smart_toy:"):
                    here.do(reading.simulate_reader, here.store)
            if home.can_simulate:
                st.caption("The simulated reader is no person: it answers with the label maps that came with the data.")
            if not home.can_train:
                st.caption("Training starts by itself when the asked cases are annotated, or by hand after the first.")

    left, right = st.columns(2)
    with left:
        st.subheader("Settings", anchor=False)
        shown = {words: getattr(settings, name) for name, words in SETTINGS.items()}
        st.table({words: str(value) for words, value in shown.items() if value is not None}, border="horizontal")
        st.caption(f"Channels: {', '.join(settings.channels)}. Labels: {', '.join(settings.labels.foreground)}.")

    with right.form("new experiment", border=True):
        st.subheader("New experiment", anchor=False)
        st.caption("The same cases and the same holdout, from the beginning, with other settings.")
        name = st.text_input("Name", max_chars=60, placeholder="entropy, seed 1")
        first, second = st.columns(2)
        changes = {
            "strategy": first.selectbox("Strategy", sorted(STRATEGIES), sorted(STRATEGIES).index(settings.strategy)),
            "budget": first.number_input("Budget of a cycle", 1, 1_000_000_000, settings.budget),
            "budget_unit": first.selectbox("Budget counts", UNITS, UNITS.index(settings.budget_unit)),
            "initial": first.number_input("Cases annotated before the first training", 0, 100, settings.initial),
            "seed": first.number_input("Seed", 0, 999_999, settings.seed),
            "architecture": second.selectbox("Architecture", networks.choices(settings.architecture)),
            "regime": second.selectbox("Regime", list(Regime), list(Regime).index(settings.regime)),
            "start": second.selectbox("Training starts from", list(Start), list(Start).index(settings.start)),
            "unit": second.selectbox("Asked for", ASKED_FOR, ASKED_FOR.index(settings.unit)),
            "control": second.number_input("Share of control queries", 0.0, 1.0, settings.control, step=0.05),
            "draws": second.number_input("Draws per case", 1, 100, settings.draws),
        }
        seconds = st.number_input("Seconds of training per cycle", 5, 86_400, int(settings.seconds or 120), step=30)
        if st.form_submit_button("Found it and make it active", icon=":material/add:"):
            changes |= {"seconds": float(seconds), "steps": None}
            here.do(intake.found_experiment, here.store, name, changes)
