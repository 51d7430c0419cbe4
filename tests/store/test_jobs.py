import threading
import time

import pytest

from activedints.core.errors import IllegalChange, NotFound
from activedints.core.job import JobKind, JobStatus, ProgressEvent
from activedints.store import jobs
from activedints.store.database import Store


def enqueue(store, kind=JobKind.TRAIN):
    with store.write() as session:
        return jobs.enqueue(session, kind).id


def claim(store):
    with store.write() as session:
        job = jobs.claim(session)
        return job.id if job else None


def test_the_oldest_job_is_claimed_first_and_only_once(store):
    first, second = enqueue(store), enqueue(store)
    assert [claim(store), claim(store), claim(store)] == [first, second, None]


def test_many_claimants_share_jobs_without_a_double(store):
    wanted = {enqueue(store) for _ in range(12)}
    taken: list[int] = []

    def work():
        mine = Store(store.folder)
        from activedints.store.migrate import migrate

        migrate(mine.engine)
        while (job := claim(mine)) is not None:
            taken.append(job)
        mine.engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(wanted)


def test_a_vanished_workers_job_goes_back_to_the_queue_with_its_story(store):
    job_id = enqueue(store)
    claim(store)
    with store.write() as session:
        assert jobs.reclaim(session) == []  # its heart has just beaten
        assert jobs.reclaim(session, stale_after=-1) == [job_id]
        assert jobs.get(session, job_id).status == JobStatus.QUEUED
        assert "vanished" in jobs.last_event(session, job_id).message
    assert claim(store) == job_id


def test_a_job_that_was_asked_to_stop_does_not_start_again_when_its_worker_vanishes(store):
    job_id = enqueue(store)
    claim(store)
    with store.write() as session:
        jobs.request_cancel(session, jobs.get(session, job_id))
        jobs.reclaim(session, stale_after=-1)
        job = jobs.get(session, job_id)
        assert (job.status, job.error) == (JobStatus.CANCELLED, "Cancelled. The worker vanished.")
    assert claim(store) is None


def test_settling_twice_is_refused(store):
    enqueue(store)
    with store.write() as session:
        job = jobs.claim(session)
        jobs.settle(session, job, JobStatus.DONE, result={"steps": 3})
        with pytest.raises(IllegalChange):
            jobs.settle(session, job, JobStatus.FAILED, error="late")


def test_cancel_stops_a_queued_job_at_once_and_asks_a_running_one(store):
    queued, running = enqueue(store), None
    with store.write() as session:
        jobs.request_cancel(session, jobs.get(session, queued))
        assert jobs.get(session, queued).status == JobStatus.CANCELLED
    running = enqueue(store)
    claim(store)
    with store.write() as session:
        jobs.request_cancel(session, jobs.get(session, running))
        job = jobs.get(session, running)
        assert (job.status, job.cancel_requested) == (JobStatus.RUNNING, True)


def test_events_come_in_order_and_only_new_ones(store):
    job_id = enqueue(store)
    with store.write() as session:
        for step in range(3):
            jobs.append(session, job_id, ProgressEvent(step, 3, f"step {step}", {"loss": 1.0 / (step + 1)}))
    with store.read() as session:
        events = jobs.events_since(session, job_id)
        assert [e.step for e in events] == [0, 1, 2]
        assert jobs.events_since(session, job_id, events[1].id)[0].metrics == {"loss": pytest.approx(1 / 3)}


def test_a_worker_is_alive_while_its_heart_beats(store):
    with store.write() as session:
        assert jobs.worker_alive(session) is None
        jobs.worker_beat(session, 42, "cpu")
        row = jobs.worker_alive(session)
        assert (row.pid, row.device) == (42, "cpu")
        row.heartbeat = time.time() - jobs.ALIVE_SECONDS - 1
        session.flush()
        assert jobs.worker_alive(session) is None


def test_an_unknown_job_is_named(store):
    with store.read() as session, pytest.raises(NotFound, match="no job 77"):
        jobs.get(session, 77)
