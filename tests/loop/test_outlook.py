"""What the Progress page says beyond the figures, on small workspaces with a stand-in for the worker."""

import json

import numpy as np
import pytest

from activedints.core.errors import EmptyPool, IllegalChange, InvalidSettings, NotFound
from activedints.core.job import JobKind, JobStatus
from activedints.core.query import UNITS
from activedints.formats.header import read_header
from activedints.formats.voxels import read_label_raw
from activedints.loop import (
    commands,
    comparison,
    experiments,
    outlook,
    reading,
    running,
    second_look,
    streams,
    turns,
    worklist,
)
from activedints.loop.querying import CONTROL, control_places
from activedints.store import annotations, cases, cycles, jobs
from tests.ui.workspaces import answered, filled


def read_as_a_person(store, reader="ada", seconds=60.0):
    """Answer the whole query by correcting the draft: the first slices are emptied."""
    for item in worklist.worklist(store, reader):
        if item.state == "waiting" and item.strategy != "fixed":
            opened = reading.open_case(store, item.case_id, reader)
            drawn = read_label_raw(read_header(opened.segmentation)).copy()
            drawn[:6] = 0
            model = opened.draft_model_id
            reading.submit_annotation(
                store, reading.Submission(item.case_id, reader, drawn, seconds, draft_model_id=model)
            )


def test_one_query_in_four_is_the_controls_and_logs_its_probability(turned):
    with turned.read() as session:
        experiment = experiments.active(session)
        asked = [
            query
            for cycle in cycles.all_of(session, experiment.id)
            for query in cycles.queries(session, cycle.id)
            if query.strategy != "initial"
        ]
    assert len(asked) == 4
    control = [query for query in asked if query.strategy == CONTROL]
    assert len(control) == control_places(0, 2, 0.25) + control_places(2, len(asked) - 2, 0.25)
    assert len(control) == 1
    assert all(0 < query.probability <= 1 for query in control)
    assert all("control, drawn foreground-aware at random" in query.reason for query in control)


def test_both_streams_are_compared_by_what_a_minute_found(turned):
    before = streams.view(turned)
    assert before.sentence.startswith("No control exists")
    read_as_a_person(turned)
    found = streams.view(turned)
    rows = {row["stream"]: row for row in found.rows}
    assert rows["control"]["annotated"] == 1
    timed = rows["control"]
    assert timed["reader minutes"] == 1.0
    assert timed["mL corrected per minute"] == timed["mL corrected"] >= 0
    with turned.write() as session:  # the queued training is another test's matter
        for job in jobs.unfinished(session):
            jobs.request_cancel(session, job)
    assert found.can_leave_out
    assert "trains three times" in streams.start_leaving_out(turned)
    with pytest.raises(IllegalChange, match="unfinished"):
        streams.start_leaving_out(turned)


def test_without_a_control_stream_nothing_can_be_left_out(tmp_path):
    store = answered(tmp_path)
    with store.write() as session:
        for job in jobs.unfinished(session):
            jobs.request_cancel(session, job)
    with pytest.raises(IllegalChange, match="Only one stream"):
        streams.start_leaving_out(store)
    store.engine.dispose()


def test_a_budget_in_minutes_uses_measured_time_and_says_where_there_is_none(turned):
    assert set(UNITS) == {"volumes", "voxels", "minutes"}
    with pytest.raises(InvalidSettings, match="nobody has been timed"):
        commands.query(turned, {"budget_unit": "minutes", "budget": 5})
    voxels = commands.query(turned, {"budget_unit": "voxels", "budget": 14 * 13 * 12, "control": 0.0})["query"]
    assert len(voxels) == 1


def test_the_outlook_says_why_it_cannot_say_more(turned):
    found = outlook.view(turned)
    assert "not known" in found.trust
    assert "No temperature is fitted" in found.temperature
    assert "No forecast yet: 2 cycle(s)" in found.forecast_sentence
    assert [row["cases"] for row in found.curve] == [2, 4]
    assert {advice.rule for advice in found.advice} >= {"budget"}


def test_there_is_no_outlook_before_the_first_model(tmp_path):
    store = filled(tmp_path)
    assert outlook.view(store) is None
    assert comparison.studies(store) == []
    store.engine.dispose()


def test_a_pool_that_is_all_flagged_and_an_experiment_without_a_label_are_one_sentence(turned, tmp_path):
    with turned.read() as session:
        left = turns.pool(session, experiments.active(session), None)
    for case in left:
        reading.set_aside(turned, case, "ada", "flag", "motion")
    with turned.write() as session:
        experiment = experiments.active(session)
        for job in jobs.unfinished(session):
            jobs.request_cancel(session, job)
        cycle = cycles.current(session, experiment.id)
        with pytest.raises(EmptyPool, match="annotated, flagged or held out"):
            turns.query_next(session, experiment, cycle, 1, turns.settings_of(experiment))
    unlabelled = filled(tmp_path / "other")
    with pytest.raises(EmptyPool, match="No case is annotated yet"):
        running.train_now(unlabelled)
    unlabelled.engine.dispose()


def test_studies_of_the_workspace_tell_their_sentence_first(turned):
    folder = turned.folder / "studies" / "smoke"
    folder.mkdir(parents=True)
    band = {"arm": "entropy", "label": "mean over labels", "cycle": 0, "volumes": 2.0, "dice": 0.4, "n": 2}
    told = ["After 2 cycles entropy has not beaten random.", "After 2 cycles entropy has not beaten foreground-aware"]
    facts = {"sentences": told, "bands": [band, {**band, "label": "core"}], "differences": [], "unit": "volumes"}
    (folder / "summary.json").write_text(json.dumps(facts))
    broken = turned.folder / "studies" / "broken"
    broken.mkdir()
    (broken / "summary.json").write_text("{")
    (found,) = comparison.studies(turned)
    assert found.sentences[0].endswith("foreground-aware")
    assert len(found.curves) == 1


def test_a_suspicious_label_goes_back_to_the_worklist_until_it_is_read_again(turned):
    with turned.write() as session:
        experiment = experiments.active(session)
        labelled = turns.labelled(session, experiment)
        newest = annotations.newest_of_each(session, experiment.id)
        ranking = [
            {"case_id": c, "case": cases.case(session, c).name, "annotation": newest[c].id, "excess": 1.0 - i / 9}
            | {"disagreeing_ml": 2.0}
            for i, c in enumerate(labelled)
        ]
        job = jobs.enqueue(session, JobKind.LABEL_CHECK, {}, experiment.id)
        jobs.settle(session, job, JobStatus.RUNNING)
        jobs.settle(session, job, JobStatus.DONE, result={"ranking": ranking})
    first = second_look.findings(turned)[0]
    assert (first["rank"], first["state"]) == (1, "not looked at")
    assert "sent back" in second_look.send_back(turned, first["case_id"], "ada")
    with pytest.raises(IllegalChange, match="waits for a second look already"):
        second_look.send_back(turned, first["case_id"], "ada")
    asked = [item for item in worklist.worklist(turned, "ada") if item.strategy == second_look.KIND]
    assert [item.case_id for item in asked] == [first["case_id"]]
    assert worklist.next_case(turned, "ada") == first["case_id"]
    shape = np.zeros((14, 13, 12), np.uint8)
    reading.submit_annotation(turned, reading.Submission(first["case_id"], "bob", shape))
    assert not [item for item in worklist.worklist(turned, "ada") if item.strategy == second_look.KIND]
    assert second_look.findings(turned)[0]["state"] == "annotated anew since"
    with turned.read() as session:
        pool = turns.pool(session, experiments.active(session), None)
    if pool:
        with pytest.raises(NotFound, match="no annotation yet"):
            second_look.send_back(turned, pool[0], "ada")


def test_label_errors_are_looked_for_from_four_cases_on(turned, tmp_path):
    assert "ranks 4 annotated cases" in second_look.start(turned)
    store = answered(tmp_path / "other")
    with store.write() as session:
        for job in jobs.unfinished(session):
            jobs.request_cancel(session, job)
    with pytest.raises(IllegalChange, match="needs 4 annotated cases or more; there are 2"):
        second_look.start(store)
    assert second_look.findings(store) == []
    store.engine.dispose()
