"""Worklist: the ranked queue of cases that wait for readers, and why each is in it."""

import streamlit as st

from activedints.loop import worklist
from activedints.loop.worklist import WorkItem
from activedints.ui import frame, jobs
from activedints.ui.words import count

COLOURS = {"waiting": "blue", "annotated": "green", "skipped": "orange", "flagged": "red"}
SHOWN = 40


def draw(item: WorkItem, reader: str, mixed: bool) -> None:
    """One line of the queue; in a ``mixed`` experiment each simulated case says so."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{item.rank}**", width=32)
        with st.container(gap=None):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{item.name}**", width="content")
                st.badge(item.state, color=COLOURS.get(item.state, "gray"))
                if item.simulated and mixed:
                    st.badge("simulated", color="orange")
                st.badge("with draft" if item.has_draft else "without draft", color="gray")
            st.markdown(item.reason)
        if item.open_at:
            st.caption(f"{item.open_at} has it open")  # a link would lead to a refusal only
            return
        words = "Open" if item.state != "annotated" else "Correct it"
        address = {"case": str(item.case_id)} | ({"reader": reader} if reader else {})
        st.page_link("pages/annotate.py", label=words, icon=":material/open_in_new:", query_params=address)


with frame.page("Worklist") as here:
    items = worklist.worklist(here.store, here.reader)
    waiting = [item for item in items if item.state == "waiting"]
    working = jobs.strip(here)

    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Open the next case", type="primary", icon=":material/brush:"):
                st.switch_page("pages/annotate.py")
            st.caption(f"{count(len(waiting), 'case')} of {len(items)} wait for a reader, most worth reading first.")
    elif working:
        st.info("Nothing waits for a reader while the model works; the next cases appear here by themselves.")
    elif items:
        st.info(worklist.why_none_waits(items), icon=":material/task_alt:")
    else:
        st.info("No case is asked for. The Cycle page says what comes next.", icon=":material/inbox:")

    for item in items[:SHOWN]:
        draw(item, here.reader, here.standing.mixed)
    if len(items) > SHOWN:
        st.caption(f"The first {SHOWN} of {len(items)} are shown; the others follow as these are read.")
