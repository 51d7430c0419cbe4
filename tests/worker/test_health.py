"""What `activedints doctor` sweeps, and what it must leave."""

import pytest

from activedints.core.job import JobKind, JobStatus
from activedints.loop import running
from activedints.loop.searches import folder_of
from activedints.store import jobs
from activedints.worker.health import examine


def ended(store, kind, status, *files):
    """A job of this status with files in its folder."""
    with store.write() as session:
        job = jobs.enqueue(session, kind)
        if status is not JobStatus.QUEUED:
            jobs.claim(session)
        if status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            jobs.settle(session, job, status)
    folder = folder_of(store, job.id)
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).write_bytes(b"state")
    return job.id, folder


@pytest.mark.parametrize("status", [s for s in JobStatus if s is not JobStatus.DONE])
def test_a_job_that_can_go_on_keeps_its_checkpoints(store, status):
    number, folder = ended(store, JobKind.TRAIN, status, "checkpoint-00000008.pt")
    examine(store)
    assert (folder / "checkpoint-00000008.pt").is_file()
    if status in (JobStatus.FAILED, JobStatus.CANCELLED):
        assert "queued again" in running.resume(store, number)


def test_what_a_done_job_leaves_is_swept_but_a_searchs_story_stays(store):
    _, trained = ended(store, JobKind.TRAIN, JobStatus.DONE, "model.safetensors")
    _, searched = ended(store, JobKind.SEARCH, JobStatus.DONE, "history.json")
    (nobodys := store.folder / "jobs" / "4711").mkdir()
    assert "2 finished job folder(s) swept" in examine(store)["orphans"]
    assert [trained.exists(), nobodys.exists(), searched.exists()] == [False, False, True]
