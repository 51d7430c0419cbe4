"""Searches inside the loop, through the real handlers on tiny brains: regimes, warm starts, stops, comparisons."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from activedints.core.architecture import Architecture
from activedints.core.cycle import Phase
from activedints.core.errors import ActiveDintsError, IllegalChange, InvalidSettings, NotFound
from activedints.core.experiment import Regime, Start
from activedints.core.job import JobKind, JobStatus, silent
from activedints.learn.cost import Measured
from activedints.loop import baselines, experiments, running, searches, searching
from activedints.loop.importing import ImportRequest, import_cases
from activedints.loop.searches import SearchOrder
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Store
from activedints.worker import baselines as worker_baselines
from activedints.worker import searching as worker_searching
from activedints.worker.here import run_step, run_turn

QUICK = {"steps": 2, "draws": 1}
TINY = {"space": "tiny", "steps": 3}


@pytest.fixture(autouse=True)
def quickly_measured(monkeypatch):
    """A network's own child process is test_cost's affair."""
    for module in (worker_searching, worker_baselines):
        monkeypatch.setattr(module, "measure", lambda *a, volume, **k: Measured(100.0, 0.5, 2.0, volume, 2))


@pytest.fixture
def imported(store, brains):
    import_cases(store, ImportRequest(brains, holdout="brain_0"))
    return store


def found(store, name, **changes):
    settings = replace(experiments.active_settings(store), start=Start.SCRATCH, space="tiny", **changes)
    experiments.create(store, name, settings)


def turn(store, brains, **given):
    return run_turn(store, brains, {**QUICK, **given}, "cpu", silent)


def all_jobs(store):
    with store.read() as session:
        return list(reversed(jobs.newest(session)))


def done(store, kind):
    return [job for job in all_jobs(store) if job.kind == kind and job.status == JobStatus.DONE]


def messages(store, job):
    return [line.message for line in running.events_since(store, job.id)]


def models(store):
    with store.read() as session:
        return cycles.models(session, cases.active_experiment(session).id)


SLOWER = [pytest.param(regime, marks=pytest.mark.slow) for regime in (Regime.WEIGHTS_ONLY, Regime.TOPOLOGY_ONLY)]


@pytest.mark.parametrize("regime", [Regime.JOINT, *SLOWER])
def test_what_each_regime_learns_anew(imported, brains, regime):
    found(imported, "it", regime=regime, initial=2, budget=1)
    turn(imported, brains)
    turn(imported, brains)
    searched, trained = done(imported, "search"), done(imported, "train")
    table = searches.view(imported).cycles
    assert [row["regime"] for row in table] == [regime] * len(table)
    assert [row["cycle"] for row in table if row["learned"] == "weights"] == [0, 1]
    if regime is Regime.WEIGHTS_ONLY:
        assert not searched
        assert {json.loads(m.architecture)["name"] for m in models(imported)} == {"small"}
        return
    assert [row["learned"] for row in table] == ["topology", "weights"] * 2
    first, second = (job.result for job in searched)
    assert (first["earlier"], second["earlier"]) == (None, searched[0].id)
    assert [row["from"] for row in table if row["learned"] == "topology"] == [
        "fresh alphas",
        f"alphas of job {searched[0].id}",
    ]
    assert first["alphas"] != second["alphas"]
    assert any(f"refines the alphas of job {searched[0].id}" in text for text in messages(imported, searched[1]))
    assert [json.loads(m.architecture)["name"] for m in models(imported)] == [f"searched-{j.id}" for j in searched]
    same = _codes(first) == _codes(second)
    assert trained[0].result["start"] == "starts from random weights"
    goes_on = regime is Regime.JOINT and same
    assert ("goes on from the weights of cycle 0" in trained[1].result["start"]) is goes_on


def _codes(result):
    fields = json.loads(result["architecture"])
    return fields["arch_code_a"], fields["arch_code_c"]


@pytest.mark.slow
def test_joint_goes_on_from_the_weights_and_topology_only_does_not(imported, brains, monkeypatch):
    """Two searches that find the same network: what differs is what the training starts from."""
    fixed = Architecture("fixed", ((1, 0, 0, 0),) * 4, ((1, 0, 0, 0),) * 4, 0.125)
    real = worker_searching.run_search
    monkeypatch.setattr(worker_searching, "run_search", lambda *a: replace(real(*a), architecture=fixed))
    starts = {}
    for regime in (Regime.TOPOLOGY_ONLY, Regime.JOINT):
        found(imported, regime, regime=regime, initial=2, budget=1)
        turn(imported, brains)
        turn(imported, brains)
        starts[regime] = [job.result["start"] for job in done(imported, "train")][-1]
    assert starts[Regime.TOPOLOGY_ONLY] == "starts from random weights"
    assert starts[Regime.JOINT] == "goes on from the weights of cycle 0 (joint regime)"


@pytest.fixture(scope="module")
def after_one_turn(brains, tmp_path_factory):
    """A weights-only experiment after one turn, its holdout measured; made once."""
    store = Store.open(tmp_path_factory.mktemp("plain") / "workspace")
    import_cases(store, ImportRequest(brains, holdout="brain_0"))
    found(store, "plain", initial=3, budget=1)
    turn(store, brains)
    store.engine.dispose()
    return store.folder


@pytest.fixture
def labelled(after_one_turn, tmp_path):
    """A copy of it for one test."""
    store = Store.open(Path(shutil.copytree(after_one_turn, tmp_path / "copy")))
    yield store
    store.engine.dispose()


def test_weights_only_trains_the_architecture_that_it_has(labelled):
    assert [row["learned"] for row in searches.view(labelled).cycles] == ["weights"]
    assert searches.view(labelled).cycles[0]["network"] == "small"
    assert done(labelled, "train")[0].result["regime"] == Regime.WEIGHTS_ONLY


def test_a_search_between_turns_changes_nothing_until_it_is_used(labelled):
    before = experiments.active_settings(labelled)
    assert "is queued" in searching.start(labelled, SearchOrder(**TINY))
    result = run_step(labelled, JobKind.SEARCH, {}, "cpu", silent)
    assert (result["adopted"], result["space"], result["steps"]) == (False, "tiny", 3)
    assert experiments.active_settings(labelled) == before
    assert result["trial"]["seconds_per_volume"] == 2.0
    assert result["network"]["parameters"] > 0
    view = searches.view(labelled)
    told = searches.story(labelled, view.jobs[0])
    assert told.steps == [3]
    moment = told.at(3)
    assert moment.architecture.arch_code_a == tuple(map(tuple, _codes(result)[0]))
    assert len(moment.edges) == 4 * 4
    assert {edge.kept for edge in moment.edges} <= {True, False}
    assert all(0 <= edge.chance <= 1 and 0.2 <= edge.share <= 1 for edge in moment.edges)
    assert told.costs[0]["what"] == "seconds a step"
    assert all(row["measured"] is not None for row in told.costs[:5])
    with pytest.raises(NotFound, match="was not evaluated at step 2"):
        told.at(2)
    with pytest.raises(IllegalChange, match="learns weights only and has trained already"):
        searching.use(labelled, searching.Use(moment.architecture))
    assert "starts at cycle 0" in searching.use(labelled, searching.Use(moment.architecture, "anew", Regime.JOINT))
    settings = experiments.active_settings(labelled)
    assert Architecture.from_json(settings.architecture) == moment.architecture
    assert settings.regime is Regime.JOINT


def test_a_stopped_search_goes_on_with_what_it_began_with(labelled):
    """Stopped, the experiment's labels change, resumed: the versions and settings are those of the beginning."""
    searching.start(labelled, SearchOrder(**TINY, seed=5))
    (job,) = [j for j in all_jobs(labelled) if j.status == JobStatus.QUEUED]
    stopping = _stop_at(labelled, job.id, "Searching")
    with pytest.raises(ActiveDintsError, match="cancelled"):
        run_step(labelled, JobKind.SEARCH, {}, "cpu", stopping)
    folder = searches.folder_of(labelled, job.id)
    begun = json.loads((folder / "begun.json").read_text())
    assert begun["settings"]["seed"] == 5
    with labelled.write() as session:  # a later version of a case that it learns from
        experiment = cases.active_experiment(session)
        row = next(iter(annotations.newest_of_each(session, experiment.id).values()))
        annotations.carry_over(session, experiment.id, experiment.id, row.case_id)
    assert "queued again" in running.resume(labelled, job.id)
    result = run_step(labelled, JobKind.SEARCH, {}, "cpu", silent)
    assert result["steps"] == 3
    assert json.loads((folder / "begun.json").read_text()) == begun


def _stop_at(store, job_id, word):
    """A Report under which somebody presses Cancel when a message begins with ``word``."""

    def report(step, total, message, metrics=None):
        if message.startswith(word):
            running.cancel(store, job_id)

    return report


def test_a_turn_whose_search_cannot_go_on_takes_another_or_an_imported_architecture(imported, brains):
    found(imported, "it", regime=Regime.TOPOLOGY_ONLY, initial=2, budget=1)
    with pytest.raises(ActiveDintsError, match="The search cancelled"):
        run_turn(imported, brains, QUICK, "cpu", _cancel_the_search(imported))
    with imported.read() as session:
        assert cycles.current(session, cases.active_experiment(session).id).phase == Phase.SEARCH
    flat = Architecture("flat", ((1, 0, 0, 0),) * 2, ((1, 0, 0, 0),) * 2, 0.125)
    deep = Architecture("deep", ((1, 0, 0, 0, 0, 0, 0),), ((1, 0, 0, 0, 0, 0, 0),), 0.125)
    with pytest.raises(InvalidSettings, match="has 3 resolutions, and experiment 'it' refines one of 2"):
        searching.use(imported, searching.Use(deep))
    assert "job" in searching.use(imported, searching.Use(flat))
    assert running.current_job(imported).kind == "train"
    with pytest.raises(IllegalChange, match="unfinished"):
        searching.use(imported, searching.Use(flat))


def _cancel_the_search(store):
    def report(step, total, message, metrics=None):
        job = running.current_job(store)
        if job is not None and job.kind == "search" and message.startswith("Estimate"):
            running.cancel(store, job.id)

    return report


@pytest.mark.parametrize("network", ["segresnet", "random"])
def test_a_baseline_is_trained_like_the_newest_model_and_both_stand_in_one_table(labelled, network):
    assert baselines.comparison(labelled).rows == ()
    assert "on the same cases" in baselines.train_baseline(labelled, network)
    result = run_step(labelled, JobKind.BASELINE, {}, "cpu", silent)
    (model,) = models(labelled)
    assert (result["network"], result["model"]) == (network, model.id)
    assert [case["case"] for case in result["cases"]] == ["brain_0"]
    assert len(models(labelled)) == 1, "a baseline is no model of the experiment"
    table = baselines.comparison(labelled)
    assert [row["network"] for row in table.rows] == [f"small (model {model.id})", network]
    assert all(row["n"] == 1 and 0 <= row["Dice, labels"] <= 1 for row in table.rows)
    assert table.rows[0]["parameters"] != table.rows[1]["parameters"]
    assert "too few for an interval" in table.verdicts[0]


def test_what_cannot_be_compared_is_said(labelled):
    with pytest.raises(NotFound, match="no baseline 'resnet'; there are segresnet"):
        baselines.train_baseline(labelled, "resnet")
    experiments.create(labelled, "empty", experiments.active_settings(labelled))
    with pytest.raises(NotFound, match="no trained model yet"):
        baselines.train_baseline(labelled, "segresnet")


def test_the_interval_of_paired_differences_holds_their_mean():
    low, high = baselines.paired_interval([0.1, 0.2, 0.3, 0.25])
    assert 0.1 < low < 0.2125 < high < 0.3
