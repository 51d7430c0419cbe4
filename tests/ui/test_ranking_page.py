"""The Architecture ranking page in its four written states, with the warm child's answers given in this process."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from activedints.core.architecture import Architecture
from activedints.core.errors import ActiveDintsError, InvalidFile, InvalidSettings, NotFound
from activedints.core.job import JobStatus, ProgressEvent, silent
from activedints.core.ranking import RankSettings
from activedints.learn.candidates import counted_costs, draw_candidates
from activedints.learn.networks import shipped
from activedints.loop import rankings, studies
from activedints.nas.rank import catalogue, dints_table, study
from activedints.nas.rank.benchmark import write_benchmark
from activedints.nas.rank.catalogue import open_benchmark
from activedints.nas.rank.dints_table import DintsTable, read_dints_table, write_dints_table
from activedints.store import jobs
from activedints.store.database import Store
from activedints.worker import dints_candidates
from activedints.worker.child import run_job
from activedints.worker.ranking import ANSWERS
from tests.nas.rank.spaces import made_up
from tests.ui import workspaces
from tests.ui.conftest import Open
from tests.ui.test_pages import words

SMALL = RankSettings(features=("six", "cost"), regressor="gaussian process", train_size=30, seeds=2, queries=10)


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The answers of the interactive lane, without its process, on a made-up table in the embedded one's place."""
    write_benchmark(made_up(120), tmp_path / "embedded.csv")
    kept = (open_benchmark, study._ranker, study._ranked)
    monkeypatch.setattr(catalogue, "EMBEDDED", tmp_path / "embedded.csv")

    def ask(store: Store, question: dict, seconds: float = 0) -> dict:
        question = dict(question)
        return ANSWERS[question.pop("do")](store, None, question, None)

    monkeypatch.setattr(rankings, "ask", ask)
    for cached in kept:
        cached.cache_clear()
    yield
    for cached in kept:
        cached.cache_clear()


@pytest.fixture
def empty(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "workspace")


@pytest.fixture
def serving(empty: Store) -> Store:
    """A fresh workspace whose worker is alive whenever ``opened`` looks at it."""
    return empty


@pytest.fixture
def opened(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setattr(jobs, "ALIVE_SECONDS", 3600.0)  # a heart that beats once a page, however busy the machine is

    def run(store: Store, page: str = "", **address: str) -> AppTest:
        workspaces.heartbeat(store)
        return open_page(store, page, **address)

    return run


def test_empty_without_a_worker_the_page_says_what_to_do(
    empty: Store, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rankings, "DINTS_TABLE", empty.folder / "none.json")
    app = open_page(empty, "ranking")
    assert not app.exception
    assert [e.value for e in app.error] == []
    said = words(app)
    assert "activedints worker" in said
    assert "dints-rank --table 1" in said
    assert "data get nasbench201" in said


def test_ready_a_fresh_workspace_ranks_the_embedded_benchmark(serving: Store, warm: None, opened: Open) -> None:
    app = opened(serving, "ranking")
    assert not app.exception
    assert [e.value for e in app.error] == []
    found = {m.label: m.value for m in app.metric}
    assert float(found["Spearman"]) > 0.5
    assert "made-up cells" in words(app)
    assert "trained architectures rank" in words(app)
    before = found["Spearman"]
    app.select_slider[0].set_value(20).run()
    assert {m.label: m.value for m in app.metric}["Spearman"] != before
    assert "20 of" in words(app)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Accuracy and cost", "on the front"),
        ("Best", "Best predicted first"),
        ("Most wrong", "most wrong"),
        ("Train next", "expected improvement"),
        ("Why", "No study was measured yet"),
        ("Over seeds", "No study was measured yet"),
    ],
)
def test_every_tab_says_what_it_shows(name: str, says: str, serving: Store, warm: None, opened: Open) -> None:
    app = opened(serving, "ranking", tab=name)
    assert not app.exception
    assert [e.value for e in app.error] == []
    assert says in words(app)


def finished(store: Store) -> None:
    studies.start(store, rankings.STUDY, asdict(SMALL))
    with store.write() as session:
        job = jobs.claim(session)
    assert run_job(store, job, silent) is JobStatus.DONE


def test_a_study_is_asked_for_watched_and_shown(serving: Store, warm: None, opened: Open) -> None:
    app = opened(serving, "ranking")
    next(b for b in app.button if b.label == "Measure").click().run()
    assert not app.exception
    assert "is queued" in app.success[0].value
    assert "Running a study" in words(app)
    with serving.write() as session:
        job = jobs.claim(session)
        jobs.append(session, job.id, ProgressEvent(4, 10, "stack, 172 architectures, seed 3"))
    app = opened(serving, "ranking")
    assert [bar.proto.value for bar in app.get("progress")] == [40]
    workspaces.end_job(serving, JobStatus.FAILED, "The memory did not suffice.")
    app = opened(serving, "ranking")
    assert "The memory did not suffice" in words(app)
    assert rankings.stopped_study(serving) is not None
    assert "memory" not in words(opened(serving))  # the home page speaks of the loop, not of studies


def test_what_a_study_found_stays_on_the_page(serving: Store, warm: None, opened: Open) -> None:
    finished(serving)
    for name, says in (
        ("Why", "How much worse"),
        ("Over seeds", "Two trainings"),
        ("Train next", "Mean over 2 searches"),
    ):
        app = opened(serving, "ranking", tab=name)
        assert not app.exception
        assert [e.value for e in app.error] == []
        assert says in words(app)
    assert "Whoever chooses by the accuracy" in words(opened(serving, "ranking", tab="Over seeds"))


def test_a_second_study_waits_for_the_first(serving: Store) -> None:
    rankings.study(serving, SMALL)
    with pytest.raises(ActiveDintsError, match="studies the same already"):
        rankings.study(serving, SMALL)


def test_what_is_missing_is_one_sentence(serving: Store, warm: None, opened: Open) -> None:
    app = opened(serving, "ranking")
    app.selectbox(key="benchmark").select("nasbench201").run()
    assert not app.exception
    assert "data get nasbench201" in app.error[0].value
    with pytest.raises(NotFound, match="no folder /nowhere"):
        rankings.use_tables(serving, "/nowhere")


def test_the_measured_dints_table_is_shown_here_and_on_the_search_page(
    ready: Store, warm: None, opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "dints.json"
    drawn = draw_candidates(8, 0, shipped("small"), (48, 48, 48))
    dice = np.random.default_rng(0).uniform(0.4, 0.7, (8, 2))
    megabytes = counted_costs(drawn, (48, 48, 48))["activation_megabytes"]
    write_dints_table(DintsTable("cohort-v1", 10.0, (48, 48, 48), tuple(drawn), dice, megabytes), path)
    again = read_dints_table(path)
    assert again.architectures == tuple(drawn)
    assert np.array_equal(again.dice, dice)
    monkeypatch.setattr(rankings, "DINTS_TABLE", path)
    monkeypatch.setattr(dints_table, "TABLE", path)
    monkeypatch.setattr(dints_candidates, "COUNT", 12)
    for page in ("ranking", "search"):
        app = opened(ready, page)
        assert not app.exception
        assert [e.value for e in app.error] == []
        assert "8 DiNTS architectures trained alone for 10 core-seconds" in words(app)
        app.toggle(key="ranked").set_value(True).run()
        assert [e.value for e in app.error] == []
        said = words(app)
        assert ", the first 3 by a guess:" in said  # what was measured is noise, and the page says so
        assert "no better than chance" in said
    monkeypatch.setattr(dints_candidates, "COUNT", 9)
    assert len(dints_candidates.candidates(1e6)["points"]["name"]) == 1  # eight of the nine drawn are measured already
    monkeypatch.setattr(dints_candidates, "COUNT", 20)
    budget = float(np.median(megabytes))
    found = dints_candidates.candidates(budget)
    assert max(found["points"]["activation_megabytes"]) <= budget
    assert found["points"]["predicted"] == sorted(found["points"]["predicted"], reverse=True)
    Architecture.from_json(found["advised"][0]["architecture"]).check()
    with pytest.raises(InvalidSettings, match="allow more memory"):
        dints_candidates.candidates(1.0)
    path.write_text("{}")
    with pytest.raises(InvalidFile, match="no table of DiNTS architectures"):
        read_dints_table(path)
