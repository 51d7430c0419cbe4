"""The Search page with a search that ran, runs, or was stopped; the searches are written by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from activedints.core.architecture import Architecture
from activedints.core.decode import Alphas, decode
from activedints.core.errors import IllegalChange, NotFound
from activedints.core.job import JobKind, JobStatus, ProgressEvent
from activedints.loop import experiments, networks, running, searches, searching
from activedints.loop.searches import SearchOrder
from activedints.store import cases, cycles, jobs
from activedints.store.database import Store
from tests.ui import workspaces
from tests.ui.conftest import Open
from tests.ui.test_pages import words

SETTINGS = {"blocks": 3, "depths": 2, "channel_mul": 0.25, "patch": [16, 16, 16], "sigma": 0.4}


def evaluation(step: int, random: np.random.Generator) -> dict:
    alphas = Alphas(random.normal(0, step / 20, (3, 4)), random.normal(0, step / 20, (3, 4, 5)))
    found = decode(alphas)
    return {
        "step": step,
        "seconds": step / 2,
        "penalty_weight": step / 100,
        "loss": 1 / step,
        "validation_loss": 1.2 / step,
        "edge_entropy": 1 - step / 120,
        "operation_entropy": 1 - step / 110,
        "ram": 0.4,
        "gflops": 1.5,
        "alphas": alphas.to_lists(),
        "chances": (1 / (1 + np.exp(-alphas.edges))).tolist(),
        "decoded": {"edges": found.edges, "operations": found.operations, "cost": found.cost},
        "network": {"parameters": 1000 + step, "gflops": 1.25, "activation_megabytes": 40.0},
    }


def write_story(folder: Path, evaluations: int, over: bool) -> dict:
    """The history that a search of 100 steps has written after some evaluations."""
    random = np.random.default_rng(0)
    costs = {"seconds_per_step": 0.5, "steps": 100.0, "seconds": 50.0, "megabytes": 200.0, "path_gflops": 1.4}
    told = {
        "purpose": "a test",
        "facts": {"settings": SETTINGS, "cases": ["a", "b", "c"]},
        "estimate": {**costs, "all_gflops": 9.0},
        "measured": {**costs, "seconds": 61.0} if over else {},
        "evaluations": [evaluation(25 * (i + 1), random) for i in range(evaluations)],
        "reason": "stable: the decoded architecture stayed the same for 8 evaluations" if over else None,
    }
    folder.mkdir(parents=True)
    (folder / "history.json").write_text(json.dumps(told))
    return told


def searched(store: Store, evaluations: int = 4, status: JobStatus = JobStatus.DONE) -> int:
    """A search job of the active experiment in a state, with its story."""
    with store.write() as session:
        experiment = cases.active_experiment(session)
        cycle = cycles.current(session, experiment.id)
        job_id = jobs.enqueue(session, JobKind.SEARCH, {}, experiment.id, cycle.id).id
    told = write_story(searches.folder_of(store, job_id), evaluations, status is JobStatus.DONE)
    trial = {"peak_megabytes": 321.0, "seconds_per_step": 0.1, "seconds_per_volume": 1.5, "volume": [70, 85, 70]}
    last = told["evaluations"][-1] if told["evaluations"] else None
    with store.write() as session:
        jobs.claim(session, by="tests")
        jobs.append(session, job_id, ProgressEvent(40, 100, "Searching, warming the weights up", {"loss": 0.9}))
        if status is not JobStatus.RUNNING:
            result = {"trial": trial, "reason": told["reason"], "alphas": last["alphas"], "regime": "weights-only"}
            end = result if status is JobStatus.DONE else None
            error = None if end else "Stopped on request."
            jobs.settle(session, jobs.get(session, job_id), status, result=end, error=error)
    return job_id


def test_without_a_search_the_page_says_so_and_draws_the_network(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "search")
    said = words(app)
    assert "No search was run in this experiment yet" in said
    assert "active edges of 'small'" in said
    assert "no baseline was trained like model" in said
    assert {"Estimate", "Start the search", "Train segresnet", "Train dynunet"} <= {b.label for b in app.button}


def test_a_finished_search_is_drawn_with_its_curves_and_costs(ready: Store, open_page: Open) -> None:
    searched(ready)
    app = open_page(ready, "search")
    assert not app.exception
    said = words(app)
    assert "3 blocks of 2 resolutions, channel_mul 0.25, patch 16x16x16, sigma 0.4, on 3 cases. Ended: stable" in said
    assert "Step 100 of job" in said
    assert "budget sigma = 0.4 (dashed)" in said
    assert "Parameters: 1,100" in said
    table = next(t.value for t in app.dataframe if "expected" in t.value.columns)
    rows = dict(zip(table["what"], zip(table["expected"], table["measured"])))
    assert rows["seconds"] == (50.0, 61.0)
    assert rows["found network: peak memory of a training step (MB)"][1] == 321.0
    assert rows["found network: seconds a volume of 70 x 85 x 70 voxels"][1] == 1.5


def test_the_slider_goes_back_to_any_step_and_a_link_does_too(ready: Store, open_page: Open) -> None:
    searched(ready)
    app = open_page(ready, "search")
    app.select_slider[0].set_value(50).run()
    assert "Step 50 of job" in words(app)
    assert app.query_params["step"] == "50"
    assert "Step 75 of job" in words(open_page(ready, "search", step="75"))
    assert "Step 100 of job" in words(open_page(ready, "search", step="nonsense"))


def test_a_running_search_is_followed_and_can_be_cancelled(ready: Store, open_page: Open) -> None:
    job = searched(ready, evaluations=2, status=JobStatus.RUNNING)
    app = open_page(ready, "search")
    assert "Step 50 of job" in words(app)
    assert "Not finished." in words(app)
    assert next(b for b in app.button if b.label == "Start the search").disabled
    next(b for b in app.button if b.label == "Cancel").click().run()
    with ready.read() as session:
        assert jobs.get(session, job).cancel_requested


def test_a_running_search_without_an_evaluation_says_so(ready: Store, open_page: Open) -> None:
    searched(ready, evaluations=0, status=JobStatus.RUNNING)
    assert "has not been evaluated yet" in words(open_page(ready, "search"))


def test_a_search_that_wrote_nothing_yet_is_already_followed(ready: Store, open_page: Open) -> None:
    searching.start(ready, SearchOrder(seconds=60.0))
    view = searches.view(ready)
    assert set(view.jobs) == view.live
    assert "has not been evaluated yet" in words(open_page(ready, "search"))


def test_a_stopped_search_is_shown_and_resumed(ready: Store, open_page: Open) -> None:
    job = searched(ready, evaluations=3, status=JobStatus.CANCELLED)
    app = open_page(ready, "search")
    assert "Step 75 of job" in words(app)
    assert "Stopped on request." in words(app)
    next(b for b in app.button if b.label == "Resume").click().run()
    assert running.current_job(ready).id == job


def test_an_architecture_of_any_step_is_used_in_a_new_experiment(ready: Store, open_page: Open) -> None:
    job = searched(ready)
    app = open_page(ready, "search", step="50")
    next(b for b in app.button if b.label == "In the active experiment").click().run()
    assert "learns weights only and has trained already" in app.error[0].value
    app = open_page(ready, "search", step="50")
    next(t for t in app.text_input if t.label == "Name of a new experiment").input("from step 50")
    next(b for b in app.button if b.label.startswith("Found it")).click().run()
    assert "'from step 50' is active" in app.success[0].value
    view = networks.view(ready)
    assert view.architecture == searches.story(ready, job).at(50).architecture
    assert f"Decoded at step 50 of search job {job}" in view.architecture.provenance


def test_before_the_first_training_the_active_experiment_takes_it(ready: Store) -> None:
    architecture = searches.story(ready, searched(ready)).at(100).architecture
    experiments.create(ready, "young", experiments.active_settings(ready))
    assert "has architecture" in searching.use(ready, searching.Use(architecture))
    assert Architecture.from_json(experiments.active_settings(ready).architecture) == architecture
    running_one = searched(ready, 1, JobStatus.RUNNING)
    with pytest.raises(IllegalChange, match="unfinished"):
        searching.use(ready, searching.Use(architecture))
    assert running_one


def test_the_button_starts_a_search(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "search")
    next(n for n in app.number_input if n.label == "Seconds").set_value(90)
    next(s for s in app.selectbox if s.label == "Search space").select("tiny")
    next(b for b in app.button if b.label == "Start the search").click().run()
    assert "it learns from 4 labelled cases" in app.success[0].value
    job = workspaces.unfinished_job(ready)
    asked = {name: job.arguments[name] for name in ("seconds", "space", "sigma", "go_on", "adopt")}
    assert asked == {"seconds": 90.0, "space": "tiny", "sigma": 0.5, "go_on": True, "adopt": False}


def test_an_estimate_without_a_worker_is_one_sentence(ready: Store, open_page: Open) -> None:
    app = open_page(ready, "search")
    next(b for b in app.button if b.label == "Estimate").click().run()
    assert not app.exception
    assert "No worker answers" in app.error[0].value


def test_a_link_to_another_kind_of_job_is_refused(ready: Store) -> None:
    with pytest.raises(NotFound, match="is a train and no search"):
        searches.story(ready, 1)
