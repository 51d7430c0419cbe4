"""The finder and the leave-out job on toy brains: no Member sees the case that it judges."""

import pytest

from activedints.core.errors import EmptyPool
from activedints.core.job import JobStatus, silent
from activedints.core.settings import TrainSettings
from activedints.loop import experiments, second_look, streams
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import cycles, jobs
from activedints.worker import label_check
from activedints.worker.child import run_job
from activedints.worker.here import run_turn
from activedints.worker.label_check import cross_validated
from tests.learn.toy import CHANNELS, LABELS, TINY, toy_case

PLAN = TrainSettings(steps=1, patch=(16, 16, 16), batch=1, threads=1, device="cpu")


def test_no_member_saw_the_case_that_it_judges(tmp_path, monkeypatch):
    seen = []
    train = label_check.train

    def watched(learning, *rest):
        seen.append({case.case_id for case in learning})
        return train(learning, *rest)

    monkeypatch.setattr(label_check, "train", watched)
    toys = [toy_case(f"toy_{i}", i, size=(18, 20, 16)) for i in range(5)]
    found = cross_validated(toys, TINY, CHANNELS, LABELS, PLAN, silent, tmp_path, number=2)
    assert set(found) == {case.case_id for case in toys}
    assert seen[0] | seen[1] == set(found)
    assert not seen[0] & seen[1], "with two folds each Member sees what the other judges"
    with pytest.raises(EmptyPool, match="needs 4 labelled cases or more.*there are 3"):
        cross_validated(toys[:3], TINY, CHANNELS, LABELS, PLAN, silent, tmp_path)


@pytest.fixture
def turned(store, brains):
    """Four annotated cases, one of them by the control stream, and a holdout."""
    import_cases(store, ImportRequest(brains, holdout="brain_0", calibration="brain_5"))
    for _ in range(2):
        run_turn(store, brains, {"steps": 1, "draws": 1}, "cpu", silent)
    return store


def run(store, start):
    start(store)
    with store.write() as session:
        job = jobs.claim(session, by="tests")
    job.arguments = {"device": "cpu"}
    assert run_job(store, job) == JobStatus.DONE, jobs_error(store, job.id)
    with store.read() as session:
        return jobs.get(session, job.id).result


def jobs_error(store, job_id):
    with store.read() as session:
        return jobs.get(session, job_id).error


def short(store):
    """One step of training from here on, for every job of the experiment."""
    with store.write() as session:
        experiment = experiments.active(session)
        cycles.current(session, experiment.id).overrides = {"steps": 1, "seconds": None}


def test_the_finder_and_the_streams_as_jobs(turned, monkeypatch):
    monkeypatch.setattr(label_check, "FOLDS", 2)
    monkeypatch.setattr(label_check.cross_validated, "__defaults__", (None, 2))
    short(turned)
    ranking = run(turned, second_look.start)["ranking"]
    assert len(ranking) == 4
    assert [row["suspicion"] for row in ranking] == sorted((row["suspicion"] for row in ranking), reverse=True)
    assert [row["case"] for row in second_look.findings(turned)] == [row["case"] for row in ranking]
    with turned.write() as session:  # an oracle's turns have no control stream: make one query a control's
        experiment = experiments.active(session)
        every = [q.strategy for c in cycles.all_of(session, experiment.id) for q in cycles.queries(session, c.id)]
        assert "foreground-random" not in every
        (asked,) = [c for c in cycles.all_of(session, experiment.id) if c.number == 1]
        cycles.queries(session, asked.id)[-1].strategy = "foreground-random"
    result = run(turned, streams.start_leaving_out)
    assert result["left_out"] == 1
    assert set(result["gain"]) == {"strategy", "control"}
    for name, gain in result["gain"].items():
        assert gain == pytest.approx(result["dice"]["everything"] - result["dice"][name])
    assert all(row["Dice gained (left out)"] is not None for row in streams.view(turned).rows)
