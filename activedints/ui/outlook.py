"""The parts of the Progress page that say what may be believed: calibration, comparison, stopping, label errors."""

import streamlit as st

from activedints.loop import comparison, outlook, second_look, streams
from activedints.ui import charts, outlook_charts
from activedints.ui.here import Here


def draw_trust(found: outlook.OutlookView, labels: tuple[str, ...]) -> None:
    """Whether the uncertainty map and the probabilities mean what they say."""
    st.subheader("Can the uncertainty be trusted?", anchor=False)
    st.markdown(found.trust)
    if not found.reliability:
        st.caption("No annotated holdout case was scored by this model, so there is no reliability to show.")
        return
    left, right = st.columns(2)
    with left:
        charts.show(outlook_charts.reliability(found.reliability, labels), key="reliability")
    with right:
        charts.show(outlook_charts.risk(found.risk), key="risk")
    st.caption(f"{found.temperature} Calibration error on the holdout, before and after it:")
    st.dataframe(found.calibration, hide_index=True, placeholder="–")


def draw_outlook(found: outlook.OutlookView) -> None:
    """Where the curve goes, and what the stopping rules advise."""
    st.subheader("When to stop", anchor=False)
    left, right = st.columns(2)
    with left:
        if found.curve:
            charts.show(outlook_charts.forecast(found.curve, found.forecast, found.forecast_sentence), key="forecast")
        else:
            st.caption(found.forecast_sentence)
    with right:
        st.caption("Rules that advise; nothing stops by itself.")
        for advice in found.advice:
            icon = ":material/stop_circle:" if advice.stop else ":material/play_circle:"
            st.markdown(f"{icon} **{advice.rule}**: {advice.sentence}")
        if not found.advice:
            st.caption("Too few cycles for any rule.")


def draw_comparison(here: Here) -> None:
    """Studies on labelled data; and with human readers what the two streams of queries taught."""
    st.subheader("Does it beat random?", anchor=False)
    for study in comparison.studies(here.store):
        charts.show(outlook_charts.study(study.curves, study.unit, study.sentences[0]), key=f"study {study.name}")
        with st.expander(f"Study {study.name}: all comparisons"):
            for sentence in study.sentences:
                st.markdown(f"- {sentence}")
            st.dataframe(study.differences, hide_index=True, placeholder="–")
            st.caption(f"Full report: {study.report}")
    found = streams.view(here.store)
    st.markdown(found.sentence)
    if found.can_leave_out:
        st.dataframe(found.rows, hide_index=True, placeholder="–")
        if st.button("Leave each stream out in turn", icon=":material/call_split:"):
            here.do(streams.start_leaving_out, here.store)


def draw_label_errors(here: Here) -> None:
    """Labels that surprise models which never saw them, and the way back to the worklist."""
    st.subheader("Labels that look wrong", anchor=False)
    rows = second_look.findings(here.store)
    st.caption(
        "Members trained without a case judge its label: surprise beyond what they expected, and what undoing the"
        " likeliest mistake would gain, in nats per voxel. A high place is a reason to look, not a verdict; honest hard"
        " cases are in the list too."
    )
    for row in rows[: second_look.LISTED]:
        left, middle, right = st.columns([3, 3, 2], vertical_alignment="center")
        left.markdown(f"**{row['rank']}. {row['case']}** ({row['state']})")
        looks = f", {row['looks']}" if row["looks"] else ""
        middle.caption(f"{row['suspicion']:.2f} nats, {row['mL that disagree']:.1f} mL disagree{looks}")
        label = "Send back for a second look"
        blocked = row["state"] != "not looked at"
        if right.button(label, key=f"back {row['case_id']}", disabled=blocked, icon=":material/undo:"):
            here.do(second_look.send_back, here.store, row["case_id"], here.reader or "somebody")
    if st.button("Look for label errors", icon=":material/policy:"):
        here.do(second_look.start, here.store)
