"""The study job and the warm child's answers about rankings, on a small made-up table."""

import json
import secrets
from dataclasses import asdict

import pytest

from activedints.core.errors import InvalidSettings
from activedints.core.job import JobKind, JobStatus
from activedints.core.ranking import RankSettings
from activedints.loop import rankings, running, studies
from activedints.nas.rank.benchmark import write_benchmark
from activedints.nas.rank.saved_model import read_model
from activedints.store import jobs
from activedints.worker.child import run_job
from activedints.worker.interactive import answer
from tests.nas.rank.spaces import made_up


@pytest.fixture
def settings(tmp_path) -> RankSettings:
    write_benchmark(made_up(100), tmp_path / "mine.csv")
    asked = {"features": ("six", "cost"), "regressor": "gaussian process", "train_size": 30, "seeds": 2}
    return RankSettings(str(tmp_path / "mine.csv"), **asked)


def claimed(store):
    with store.write() as session:
        return jobs.claim(session)


def test_a_ranking_study_as_a_job(store, settings):
    assert studies.newest(store, rankings.STUDY) is None
    rankings.study(store, settings)
    assert rankings.study_at_work(store).status == JobStatus.QUEUED
    assert running.current_job(store) is None  # a study is not the experiment's work
    job = claimed(store)
    assert run_job(store, job) is JobStatus.DONE
    found = rankings.newest_study(store)
    assert found.job.id == job.id
    assert found.rows["settings"]["train_size"] == 30
    assert len(found.rows["runs"]) == 2
    with store.read() as session:
        messages = [event.message for event in jobs.events_since(session, job.id)]
        assert store.files.orphans(session) == []
    assert "gaussian process, 30 architectures, seed 1" in messages
    text = rankings.ranking_csv(found.rows["view"])
    assert len(text.splitlines()) == 101
    assert text.startswith("architecture,rank_predicted,predicted,")


def test_a_study_can_be_cancelled_and_resumed(store, settings):
    rankings.study(store, settings)
    job = claimed(store)
    running.cancel(store, job.id)
    assert run_job(store, job) is JobStatus.CANCELLED
    assert rankings.stopped_study(store).id == job.id
    running.resume(store, job.id)
    assert run_job(store, claimed(store)) is JobStatus.DONE
    assert rankings.stopped_study(store) is None


def test_a_study_that_this_version_does_not_know_fails_in_one_sentence(store, settings):
    with store.write() as session:
        jobs.enqueue(session, JobKind.STUDY, {"study": "alchemy", "settings": {}})
    assert run_job(store, claimed(store)) is JobStatus.FAILED
    assert "no study 'alchemy'" in studies.stopped(store, "alchemy").error


def test_settings_that_nobody_knows_are_refused():
    with pytest.raises(InvalidSettings, match="'mood' is no setting"):
        RankSettings.from_row({"mood": "good"})
    one = RankSettings(train_sizes=(43, 86))
    assert RankSettings.from_row(json.loads(json.dumps(asdict(one)))) == one


@pytest.fixture
def ask(store):
    """The interactive lane's answer to one line, without its process."""
    secret = secrets.token_urlsafe(8)

    def line(**question):
        text = json.dumps({**question, "secret": secret}).encode()
        return json.loads(json.dumps(answer(store, None, secret, text), allow_nan=False))

    return line


def test_the_warm_child_ranks_proposes_and_hands_out_its_model(ask, settings):
    row = asdict(settings)
    view = ask(do="rerank", settings=row)
    assert view["train_size"] == 30
    assert view["figures"]["spearman"] > 0.8
    assert ask(do="ranking options", folder="", benchmark=settings.benchmark)["chosen"][0]["architectures"] == 100
    rows = ask(do="propose architectures", settings=row, count=3)["rows"]
    assert [one["trained"] for one in rows] == [False] * 3
    model = read_model(ask(do="ranking model", settings=row)["text"])
    assert len(model.features) == len(model.centre)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"train_size": 101}, "101 training architectures were asked of a pool of 100"),
        ({"regressor": "oracle"}, "no regressor 'oracle'"),
        ({"features": ["shoe size"]}, "Unknown feature groups"),
        ({"benchmark": "/nowhere/table.csv"}, "There is no file table.csv"),
        ({"dataset": "moon"}, "no data set 'moon'"),
        ({"mood": "good"}, "'mood' is no setting"),
    ],
)
def test_what_cannot_be_ranked_is_one_sentence(ask, settings, changed, said):
    told = ask(do="rerank", settings=asdict(settings) | changed)
    assert said in told["error"]
    assert "\n" not in told["error"]
