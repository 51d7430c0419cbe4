"""Jobs: what runs, what failed and why, and the story of each job."""

import streamlit as st

from activedints.core.job import JobStatus
from activedints.loop import running, views
from activedints.ui import charts, frame, jobs
from activedints.ui.here import Here

COLUMNS = ("id", "kind", "status", "cycle", "message", "created_at", "attempts")
TIMES = st.column_config.DatetimeColumn("asked for", format="YYYY-MM-DD HH:mm:ss")


def draw_story(here: Here, job_id: int) -> None:
    """One job: live while it is unfinished, else its end, its curves and its log."""
    lines = jobs.story(here, job_id)
    progress = running.progress(here.store, job_id, lines)
    if progress.unfinished:
        jobs.watch(here, job_id)
    elif progress.job.status == JobStatus.DONE:
        with st.container(border=True):
            jobs.draw_progress(progress)
    else:
        jobs.show_failure(here, progress.job)
    if progress.curves and not progress.unfinished:
        charts.show(charts.training_curves(progress.curves), key=f"curves of finished job {job_id}")
    log = st.expander(f"Log: {len(lines)} events", progress.job.status == JobStatus.FAILED, on_change="rerun")
    if log.open:
        rows = [{"at": line.at, "step": f"{line.step}/{line.total}", "event": line.message} for line in lines]
        log.dataframe(rows, hide_index=True)


with frame.page("Jobs", needs="nothing") as here:
    rows = views.job_table(here.store)
    if not rows:
        st.info(
            "No job was asked for yet: trainings, scorings and simulations will be listed here.",
            icon=":material/inbox:",
        )
    else:
        shown = [
            {name: row[name] for name in COLUMNS} | ({"status": "stopped"} if row["lost_at"] else {}) for row in rows
        ]
        chosen = st.dataframe(
            shown,
            hide_index=True,
            column_config={"created_at": TIMES},
            on_select="rerun",
            selection_mode="single-row",
            key="jobs",
        )
        st.caption("Choose a row to see its story; the newest is shown otherwise.")
        picked = chosen.selection.rows
        draw_story(here, rows[picked[0] if picked else 0]["id"])
