"""Progress: figures per cycle with their n, the pool's Scores, what was asked and why, and the time of readers."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from activedints.loop import outlook as loop_outlook
from activedints.loop import progress, remarks, running
from activedints.ui import charts, frame, jobs, outlook


def table(title: str, rows: Sequence[dict[str, Any]], file: str) -> None:
    """Rows as a table, and the same rows as a CSV file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        text = progress.to_csv(rows)
        st.download_button("CSV", text, file, "text/csv", icon=":material/download:", key=file, on_click="ignore")
    st.dataframe(rows, hide_index=True, placeholder="–")


with frame.page("Progress") as here:
    view = progress.view(here.store)
    job = running.current_job(here.store)
    if job is not None:
        jobs.watch(here, job.id)
    else:
        jobs.strip(here)

    if view.no_holdout:
        st.info(view.no_holdout, icon=":material/hourglass_empty:")
    elif not view.figures:
        st.info("No model was evaluated yet: figures appear after the first scoring.", icon=":material/inbox:")
    else:
        left, right = st.columns(2)
        with left:
            charts.show(charts.label_curves(view.figures, view.labels, "dice"), key="dice")
        with right:
            charts.show(charts.label_curves(view.figures, view.labels, "hd95_mm"), key="surface")

    if view.pool:
        left, right = st.columns(2)
        at = view.scores.index(view.score)
        score = left.selectbox("Score", view.scores, at, format_func=progress.words_for, key="score")
        with right:
            cycle = frame.linked_choice("Scored after cycle", "cycle", view.scored_cycles)
        left, right = st.columns(2)
        with left:
            charts.show(charts.mean_uncertainty(view.uncertainty, score), key="uncertainty")
        with right:
            charts.show(charts.score_histogram(view.pool_of(cycle), score), key="scores")
        st.caption(f"{view.draws[-1]['verdict']} {view.draws[-1]['score']}")
    else:
        st.info("The pool was not scored yet, so there is no uncertainty to show.", icon=":material/inbox:")

    found = loop_outlook.view(here.store)
    if found is not None:
        outlook.draw_trust(found, view.labels)
        outlook.draw_outlook(found)
    outlook.draw_comparison(here)
    outlook.draw_label_errors(here)

    table("What was asked, and why", view.queries, "queries.csv")
    if view.times:
        left, right = st.columns(2)
        with left:
            charts.show(charts.reading_times(view.times), key="times")
        with right:
            charts.show(charts.anchoring(view.times, view.anchoring.sentence), key="anchoring")
    else:
        st.caption("No person has annotated yet, so there are no reading times.")
    every = st.expander("All tables", key="tables", on_change="rerun")
    if every.open:
        with every:
            table("Figures per cycle and label", view.figures, "figures.csv")
            table("Measures per holdout and calibration case", view.measures, "measures.csv")
            table("Scores per pool case", view.pool, "scores.csv")
            table("Draws against one pass, on the calibration cases", view.draws, "draws.csv")
            table("Annotations", view.reading, "annotations.csv")
            table("Cases set aside or sent back, and why", remarks.rows(here.store), "remarks.csv")
            table("Cycles and models", view.cycles, "cycles.csv")
