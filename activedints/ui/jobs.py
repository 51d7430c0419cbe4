"""Long work on the screen: live progress with what is left, its curves, and the ways to stop and resume it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from activedints.core.job import JobStatus, Report
from activedints.loop import running
from activedints.loop.running import Line, Progress
from activedints.loop.views import JobView
from activedints.ui import charts
from activedints.ui.here import Here, guarded
from activedints.ui.words import duration, when

POLL_SECONDS = 1.0

DOING = {
    "search": "Searching an architecture",
    "train": "Training",
    "score": "Scoring the pool",
    "evaluate": "Evaluating on the holdout",
    "baseline": "Training a baseline like the newest model",
    "simulate": "Simulating cases",
    "study": "Running a study",
    "label-check": "Looking for label errors",
    "leave-out": "Leaving each stream out",
    "meta-train": "Training a few-shot learner",
}
COLOURS = {
    "queued": "gray",
    "running": "blue",
    "done": "green",
    "failed": "red",
    "cancelled": "orange",
    "stopped": "orange",
}


def strip(here: Here) -> bool:
    """The working or failed state of a screen, where there is one: live progress, or the failure and its cure.

    Returns whether a job is unfinished. Draws nothing while all is quiet.
    """
    job = running.current_job(here.store)
    if job is not None:
        watch(here, job.id, curves=False)
        return True
    stopped = running.stopped_job(here.store)
    if stopped is not None:
        show_failure(here, stopped)
    return False


def watch(here: Here, job_id: int, curves: bool = True) -> None:
    """A job's progress, asked for every second; the whole screen is drawn anew when the job ends."""
    with st.container(border=True):
        st.fragment(_live, run_every=POLL_SECONDS)(here, job_id, curves)


@guarded
def _live(here: Here, job_id: int, curves: bool) -> None:
    progress = running.progress(here.store, job_id, story(here, job_id))
    if not progress.unfinished:
        st.rerun(scope="app")
    draw_progress(progress)
    if progress.job.status == JobStatus.QUEUED and not progress.worker_alive:
        st.warning(
            f"No worker is running, so the job waits: start one with {here.start_worker}.",
            icon=":material/pause_circle:",
        )
    if progress.job.lost_at:
        st.warning(
            f"Stopped: the worker is gone; it goes on when one is started with {here.start_worker}.",
            icon=":material/pause_circle:",
        )
    if curves and progress.curves:
        charts.show(charts.training_curves(progress.curves), key=f"curves of job {job_id}")
    if st.button("Cancel", icon=":material/stop_circle:", key=f"cancel job {job_id}"):
        here.do(running.cancel, here.store, job_id)


def story(here: Here, job_id: int) -> list[Line]:
    """The job's events; a session asks only for those that it has not read yet."""
    key = f"story of job {job_id}"
    lines: list[Line] = st.session_state.setdefault(key, [])
    lines += running.events_since(here.store, job_id, lines[-1].id if lines else 0)
    return lines


def draw_progress(progress: Progress) -> None:
    """One job: what it does, how far it is, how long it still takes."""
    job = progress.job
    with st.container(horizontal=True, vertical_alignment="center"):
        cycle = "" if job.cycle is None else f", cycle {job.cycle}"
        st.markdown(f"**{DOING.get(job.kind, job.kind)}**{cycle}", width="content")
        badge(job)
        st.caption(_time(progress), width="content")
    st.progress(progress.share or 0.0, text=job.message)


def _time(progress: Progress) -> str:
    if not progress.unfinished:
        return f"took {duration(progress.seconds)}, until {when(progress.job.finished_at)}"
    if progress.job.started_at is None:
        return f"asked for {when(progress.job.created_at)}"
    if progress.job.lost_at:
        return f"ran for {duration(progress.seconds)}, until {when(progress.job.lost_at)}"
    left = f", about {duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return f"{duration(progress.seconds)} so far{left}"


def badge(job: JobView) -> None:
    state = "stopped" if job.lost_at else job.status
    st.badge(state, color=COLOURS[state])  # type: ignore[arg-type]


def show_failure(here: Here, job: JobView) -> None:
    """A job that failed or was cancelled: why, and the button that resumes it."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{DOING.get(job.kind, job.kind)}** (job {job.id})", width="content")
            badge(job)
            st.caption(when(job.finished_at), width="content")
        st.markdown(job.error or "It left no reason.")
        if st.button("Resume", icon=":material/play_arrow:", key=f"resume job {job.id}"):
            here.do(running.resume, here.store, job.id)


def onto(bar: DeltaGenerator) -> Report:
    """A Report that moves a progress bar of the screen: for work that the page itself waits for."""

    def report(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        bar.progress(min(step / total, 1.0) if total else 0.0, message)

    return report
