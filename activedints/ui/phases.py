"""Where a cycle stands, drawn as the steps of one turn."""

import streamlit as st

from activedints.core.cycle import Phase
from activedints.loop.views import HomeView

STEPS = {
    Phase.ANNOTATE: ("Annotate", ":material/brush:"),
    Phase.SEARCH: ("Search", ":material/account_tree:"),
    Phase.TRAIN: ("Train", ":material/model_training:"),
    Phase.SCORE: ("Score", ":material/query_stats:"),
}


def draw_phases(home: HomeView) -> None:
    """The steps of this cycle in a row, the present one bright. A search only where the regime has one."""
    steps = [phase for phase in STEPS if phase is not Phase.SEARCH or home.regime != "weights-only"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Cycle {home.cycle}**", width="content")
        for phase in steps:
            words, icon = STEPS[phase]
            st.badge(words, icon=icon, color="blue" if phase == home.phase else "gray")
        if home.phase == Phase.DONE:
            st.badge("Done", icon=":material/check:", color="green")


def draw_counts(home: HomeView) -> None:
    """Cases by what they are for, and the newest model's Dice on the holdout with its n."""
    with st.container(horizontal=True):
        for name in ("labelled", "pool", "calibration", "holdout"):
            st.metric(name.capitalize(), home.counts[name], width=130, help=MEANINGS[name])
        n = home.metrics["n"]
        if home.unread_fixed or not home.counts["holdout"]:
            st.metric("Dice, any foreground", "no holdout yet", width="content", help=NO_HOLDOUT)
        elif not n:
            st.metric("Dice, any foreground", "not measured yet", width="content", help="No model was scored yet")
        else:
            dice = f"{home.metrics['any_foreground_dice']:.3f}"
            st.metric(f"Dice, any foreground (n = {n})", dice, width="content", help="Mean over the holdout cases")


MEANINGS = {
    "labelled": "Cases with an annotation, from which the model learns",
    "pool": "Cases that nobody has annotated; the next query is chosen among them",
    "calibration": "Labelled cases for thresholds and verdicts; never trained on",
    "holdout": "Labelled cases for reporting only; no decision ever reads them",
}
NO_HOLDOUT = "Figures appear when there are holdout cases, and every holdout and calibration case is annotated."
