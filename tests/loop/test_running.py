"""Jobs as a person meets them: progress worked out by hand, stopping, resuming."""

from pathlib import Path

import numpy as np
import pytest

from activedints.core.errors import IllegalChange, InvalidSettings
from activedints.core.job import JobStatus
from activedints.loop import guide, reading, running, views, worklist
from activedints.loop.guide import Action
from activedints.loop.running import Line
from activedints.store import jobs
from activedints.store.database import Store
from tests.ui import workspaces


@pytest.fixture
def answered(tmp_path: Path) -> Store:
    return workspaces.answered(tmp_path)


def line(identity: int, second: int, step: int, total: int = 100, **metrics: float) -> Line:
    return Line(identity, f"2026-01-01T00:00:{second:02d}.000+00:00", step, total, f"step {step}", metrics)


def view_at(store: Store, started: str) -> views.JobView:
    with store.write() as session:
        jobs.get(session, 1).started_at = started
    return running.progress(store, 1, []).job


def test_time_left_follows_from_the_pace_of_the_present_stretch(
    answered: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspaces.start_job(answered, 0)
    view_at(answered, "2026-01-01T00:00:00.000+00:00")
    monkeypatch.setattr(running, "now", lambda: "2026-01-01T00:00:32.000+00:00")
    lines = [line(1, 5, 3, total=3), line(2, 10, 10, loss=2.0), line(3, 20, 20, loss=1.0), line(4, 30, 30, loss=0.5)]
    progress = running.progress(answered, 1, lines)
    assert progress.share == 0.3
    assert progress.seconds == 32
    assert progress.seconds_left == 68  # one step a second, seventy to go, two seconds since the last report
    assert progress.curves == {"loss": [(10.0, 2.0), (20.0, 1.0), (30.0, 0.5)]}


def test_what_an_earlier_attempt_did_says_nothing_about_the_pace(answered: Store) -> None:
    workspaces.start_job(answered, 0)
    view_at(answered, "2026-01-01T00:00:15.000+00:00")
    progress = running.progress(answered, 1, [line(1, 5, 10), line(2, 14, 50), line(3, 20, 51)])
    assert (progress.share, progress.seconds_left) == (0.51, None)


def test_long_stories_are_thinned(answered: Store) -> None:
    lines = [line(i, 0, i, total=10_000, loss=1.0) for i in range(1, 5001)]
    assert 200 <= len(running.progress(answered, 1, lines, most_points=400).curves["loss"]) <= 400


def test_events_come_once_and_in_order(answered: Store) -> None:
    workspaces.start_job(answered, 4)
    first = running.events_since(answered, 1)
    assert [li.step for li in first] == [1, 2, 3, 4]
    assert running.events_since(answered, 1, first[1].id) == first[2:]


def test_a_failed_job_resumes_and_a_finished_one_does_not(answered: Store) -> None:
    workspaces.start_job(answered)
    workspaces.end_job(answered, JobStatus.FAILED, "The disk is full.")
    assert running.stopped_job(answered).error == "The disk is full."
    assert running.resume(answered, 1) == "Job 1 (train) is queued again."
    assert running.stopped_job(answered) is None
    workspaces.start_job(answered)
    workspaces.end_job(answered, JobStatus.DONE)
    with pytest.raises(IllegalChange, match="done cannot become queued"):
        running.resume(answered, 1)


def test_a_running_job_is_asked_to_stop(answered: Store) -> None:
    workspaces.start_job(answered)
    assert "stops at its next report" in running.cancel(answered, 1)
    with answered.read() as session:
        assert jobs.get(session, 1).cancel_requested


def test_two_jobs_of_one_experiment_do_not_run_at_once(answered: Store) -> None:
    with pytest.raises(IllegalChange, match="unfinished"):
        running.train_now(answered)


@pytest.mark.parametrize("asked", [(0, 0, 0, 0), (501, 0, 0, 0), (4, 0, 2, 2)])
def test_simulations_that_make_no_sense_are_refused(asked: tuple[int, int, int, int], tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        running.simulate(Store.open(tmp_path), *asked)


def test_the_guide_leads_round_the_loop(tmp_path: Path) -> None:
    assert guide.next_step(Store.open(tmp_path / "empty")).action is Action.FILL
    store = workspaces.filled(tmp_path)
    assert guide.next_step(store).sentence == "2 cases wait for a reader."
    reading.simulate_reader(store)
    assert guide.next_step(store).action is Action.WATCH
    running.cancel(store, 1)
    step = guide.next_step(store)
    assert (step.action, step.job) == (Action.RESUME, 1)
    running.resume(store, 1)
    workspaces.turn(store)
    assert guide.next_step(store).action is Action.ANNOTATE
    reading.simulate_reader(store)
    workspaces.turn(store)
    reading.simulate_reader(store)
    workspaces.turn(store)
    assert guide.next_step(store).action is Action.REVIEW


def test_train_now_does_not_wait_for_the_whole_query(tmp_path: Path) -> None:
    store = workspaces.filled(tmp_path)
    first, second = (item.case_id for item in worklist.worklist(store, "Ada"))
    voxels = np.zeros(workspaces.SHAPE, np.uint8)
    reading.submit_annotation(store, reading.Submission(first, "Ada", voxels))
    assert guide.next_step(store).sentence == "1 case waits for a reader."
    assert "learns from 1 annotated case" in running.train_now(store)
    assert worklist.next_case(store, "Ada") == second
