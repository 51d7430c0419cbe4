import json
import socket
import time

import numpy as np
import pytest

import activedints.learn.train as training
from activedints.core.cycle import Phase
from activedints.core.errors import (
    ActiveDintsError,
    Cancelled,
    EmptyPool,
    IllegalChange,
    InvalidSettings,
    NotFound,
    WorkspaceBusy,
)
from activedints.core.job import JobKind, JobStatus, silent
from activedints.core.strategies import STRATEGIES
from activedints.formats.header import read_header
from activedints.formats.voxels import read_label_raw
from activedints.learn.checkpoint import save_checkpoint
from activedints.loop import commands, reading, running, turns, worklist
from activedints.loop.asking import ADDRESS_FILE, ask
from activedints.loop.calibrating import read_sample
from activedints.loop.importing import ImportRequest, import_cases
from activedints.loop.views import job_table, status
from activedints.store import annotations, cases, cycles, jobs
from activedints.worker import scoring
from activedints.worker.here import run_step, run_turn
from activedints.worker.lanes import InteractiveLane
from activedints.worker.runner import Worker

QUICK = {"steps": 2, "draws": 3}


def turn(store, brains, **given):
    return run_turn(store, brains, {**QUICK, **given}, "cpu", silent)


def test_whole_turns_with_an_oracle(imported, brains):
    assert "Trained on 2 labelled case(s); cycle 1 asks for 2 more." in turn(imported, brains)
    shown = status(imported)
    assert (shown["cycle"], shown["phase"]) == (1, Phase.ANNOTATE)
    assert shown["counts"] == {"labelled": 2, "pool": 2, "calibration": 1, "holdout": 1}
    assert shown["metrics"]["n"] == 1
    assert 0 <= shown["metrics"]["any_foreground_dice"] <= 1
    assert "The pool is empty: trained and evaluated on all 4" in turn(imported, brains)
    assert "The pool is empty: trained and evaluated on all 4" in turn(imported, brains)


def test_a_model_lists_the_exact_annotations_it_came_from_and_never_the_fixed_cases(imported, brains):
    turn(imported, brains)
    with imported.read() as session:
        experiment = cases.active_experiment(session)
        (model,) = cycles.models(session, experiment.id)
        behind = {a.case_id for a in cycles.trained_on(session, model.id)}
        asked = {q.case_id for q in cycles.queries(session, cycles.all_of(session, experiment.id)[0].id)}
        assert behind == asked
        assert model.settings["steps"] == 2
        assert json.loads(model.architecture)["name"] == "small"
        assert {e.role for e in cycles.evaluations(session, model.id)} == {"holdout", "calibration"}


def test_the_oracle_annotates_what_is_asked_for_and_nothing_else(imported, brains):
    turn(imported, brains)
    with imported.read() as session:
        experiment = cases.active_experiment(session)
        annotated = {cases.case(session, c).name for c in annotations.newest_of_each(session, experiment.id)}
    assert len(annotated) == 4
    assert {"brain_0", "brain_5"} < annotated


def test_the_draft_and_the_heat_map_lie_on_the_source_grid(imported, brains):
    import nibabel as nib

    turn(imported, brains)
    item = worklist.worklist(imported, "ada")[0]
    opened = reading.open_case(imported, item.case_id, "ada")
    image = nib.load(opened.images[0])
    draft, heat = nib.load(opened.segmentation), nib.load(opened.uncertainty)
    assert np.array_equal(draft.affine, image.affine)
    assert draft.shape == heat.shape == image.shape[:3]
    assert 0 < np.asarray(heat.dataobj).max() <= 1 + 1e-6
    assert "draft of the trained model, cycle 0" in opened.segmentation_is
    assert " of 2: " in item.reason


def test_scoring_again_without_a_change_predicts_nothing(imported, brains, monkeypatch):
    turn(imported, brains)
    monkeypatch.setattr(scoring, "load_model", lambda *_: pytest.fail("a model was loaded"))
    began = time.monotonic()
    assert run_step(imported, JobKind.SCORE, {}, "cpu", silent)["scored"] == 0
    assert time.monotonic() - began < 5


def test_the_same_seed_asks_for_the_same_cases_with_the_same_scores(tmp_path, brains):
    from activedints.store.database import Store

    asked = []
    for name in ("a", "b"):
        store = Store.open(tmp_path / name)
        import_cases(store, ImportRequest(brains, holdout="brain_0"))
        turn(store, brains)
        asked.append(commands.query(store, {})["query"])
        store.engine.dispose()
    assert asked[0] == asked[1]


def test_asking_anew_with_every_strategy(imported, brains):
    turn(imported, brains, strategy="variance")  # a strategy that needs draws gets them
    for strategy in sorted(STRATEGIES):
        anew = commands.query(imported, {"strategy": strategy, "budget": 1})["query"]
        assert [q["rank"] for q in anew] == [1], strategy
        assert anew[0]["case"] in {f"brain_{i}" for i in range(1, 5)}


def test_one_pass_is_used_until_calibration_says_that_draws_help(imported, brains):
    turn(imported, brains)
    result = next(j.result for j in _jobs(imported) if j.kind == "score")
    assert result["draws"] == 1
    assert "fewer than 4 annotated calibration cases" in result["draws_verdict"]
    with pytest.raises(InvalidSettings, match="no Score 'variance/over_draft', because one pass"):
        commands.query(imported, {"strategy": "variance"})


def _jobs(store):
    with store.read() as session:
        return jobs.newest(session)


def test_a_second_reading_of_a_fixed_case_is_all_that_is_looked_at_again(imported, brains, monkeypatch):
    turn(imported, brains)
    before = status(imported)["metrics"]["any_foreground_dice"]
    held = next(c for c in range(1, 7) if _role(imported, c) == "holdout")
    opened = reading.open_case(imported, held, "ada")
    other = read_label_raw(read_header(opened.segmentation)).copy()
    other[:12] = 0
    reading.submit_annotation(imported, reading.Submission(held, "ada", other))
    assert [j.kind for j in _jobs(imported) if j.status == JobStatus.QUEUED] == ["evaluate"]
    truth = sample_of(imported, held)
    assert run_step(imported, JobKind.EVALUATE, {}, "cpu", silent)["predicted"] == 1
    assert status(imported)["metrics"]["any_foreground_dice"] != before
    assert not np.array_equal(sample_of(imported, held), truth), "what calibration is told follows the correction"
    monkeypatch.setattr(scoring, "load_model", lambda *_: pytest.fail("a model was loaded"))
    assert run_step(imported, JobKind.EVALUATE, {}, "cpu", silent)["predicted"] == 0


def sample_of(store, case_id):
    """Truth of the voxels that the newest model's prediction keeps for calibration."""
    with store.read() as session:
        model = cycles.newest_model(session, cases.active_experiment(session).id)
        return read_sample(store.files.path(cycles.prediction(session, model.id, case_id).sample)).truth


def test_a_stopped_training_resumes_with_its_own_labels_though_a_case_was_read_meanwhile(imported, brains, monkeypatch):
    """Every step is kept; the training is stopped after the first, a reader submits, the same job goes on."""
    monkeypatch.setattr(training._Run, "keep", keep_and_stop_once)
    monkeypatch.setattr(training._Run, "stopped", False, raising=False)
    with pytest.raises(ActiveDintsError):
        turn(imported, brains)
    (stopped,) = (j for j in _jobs(imported) if j.kind == "train")
    assert stopped.status == JobStatus.CANCELLED
    with imported.read() as session:
        experiment = cases.active_experiment(session)
        begun, unread = turns.labelled(session, experiment), turns.pool(session, experiment, None)
    opened = reading.open_case(imported, unread[0], "ada")
    drawn = np.zeros(read_header(opened.images[0]).grid.shape, np.uint8)
    drawn[8:12, 8:12, 8:12] = 1
    reading.submit_annotation(imported, reading.Submission(unread[0], "ada", drawn))
    running.resume(imported, stopped.id)
    turn(imported, brains)
    with imported.read() as session:
        model = cycles.newest_model(session, cases.active_experiment(session).id)
        assert {a.case_id for a in cycles.trained_on(session, model.id)} == set(begun)


def keep_and_stop_once(self):
    save_checkpoint(self.folder, self.step, self.state())
    if not type(self).stopped:
        type(self).stopped = True
        raise Cancelled("stopped by the test")


def _role(store, case_id):
    with store.read() as session:
        return cases.role_of(session, cases.active_experiment(session).id, case_id)


def test_training_without_a_label_and_scoring_without_a_model_are_one_sentence(imported):
    with pytest.raises(EmptyPool, match="No case is annotated yet"):
        run_step(imported, JobKind.TRAIN, QUICK, "cpu", silent)
    with pytest.raises(NotFound, match="no trained model yet"):
        run_step(imported, JobKind.SCORE, {}, "cpu", silent)


def test_an_oracle_without_the_label_map_is_refused_and_annotates_nothing(imported, tmp_path):
    with pytest.raises(NotFound, match="holds no label map brain_"):
        run_turn(imported, tmp_path, QUICK, "cpu", silent)
    assert status(imported)["counts"]["labelled"] == 0


def test_an_oracle_that_is_no_folder_is_refused_before_anything_is_queued(imported, tmp_path):
    with pytest.raises(NotFound, match="nowhere is no folder: check --oracle"):
        run_turn(imported, tmp_path / "nowhere", QUICK, "cpu", silent)
    assert job_table(imported) == []


def test_an_unfinished_job_is_named_with_the_ways_to_end_it(imported):
    with imported.write() as session:
        commands.prepare_step(session, JobKind.SEARCH, {})
        with pytest.raises(IllegalChange, match=r"Job 1 \(search\) is unfinished, .*worker --once`\), or cancel it on"):
            commands.prepare_step(session, JobKind.TRAIN, {})


def test_an_unknown_architecture_fails_the_job_with_its_sentence(imported, brains):
    from dataclasses import replace

    from activedints.loop import experiments

    settings = replace(experiments.active_settings(imported), architecture="no-such", initial=1)
    experiments.create(imported, "odd", settings)
    with pytest.raises(ActiveDintsError, match="The train failed: No architecture named 'no-such'"):
        turn(imported, brains)
    with imported.read() as session:
        assert jobs.newest(session, 1)[0].status == JobStatus.FAILED


def test_a_second_worker_service_is_refused(store):
    import fcntl

    with (store.folder / "worker.lock").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("4711")
        held.flush()
        with pytest.raises(WorkspaceBusy, match="process 4711.* one is enough"):
            Worker(store).serve(once=True)


def test_the_interactive_lane_answers_those_who_know_the_secret(store):
    with InteractiveLane(store.folder, "cpu") as lane:
        address = store.folder / ADDRESS_FILE
        until = time.monotonic() + 90
        while not address.exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert ask(store, {"do": "ping"})["pid"] > 0
        with pytest.raises(ActiveDintsError, match="There is no experiment yet"):
            ask(store, {"do": "draft", "case": 1})
        with pytest.raises(ActiveDintsError, match="does not understand"):
            ask(store, {"do": "sing"})
        with socket.create_connection(("127.0.0.1", json.loads(address.read_text())["port"])) as line:
            line.sendall(b'{"do": "ping", "secret": "guessed"}\n')
            assert b"does not carry the workspace's secret" in line.makefile("rb").readline()
        lane.child.kill()  # a crash in the middle of a reader's work is one sentence to the reader
        lane.child.wait()
        with pytest.raises(NotFound, match="No worker answers"):
            ask(store, {"do": "ping"})
    with pytest.raises(NotFound, match="No worker answers"):
        ask(store, {"do": "ping"})
