"""The reader's questions through the interactive lane's own door, answered by a model that was trained two steps."""

import json

import numpy as np
import pytest

from activedints.core.errors import ActiveDintsError, IllegalChange
from activedints.core.job import silent
from activedints.core.volume import IGNORE
from activedints.formats.nifti import read_labelmap, read_map
from activedints.loop import assisting, reading, worklist
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import annotations, cases, cycles
from activedints.store.database import Store
from activedints.worker import interactive
from activedints.worker.gather import training_case
from activedints.worker.here import run_turn


@pytest.fixture(scope="module")
def turned(tmp_path_factory, brains):
    """A workspace after one short turn: two cases wait, with a draft."""
    store = Store.open(tmp_path_factory.mktemp("assist") / "workspace")
    import_cases(store, ImportRequest(brains, holdout="brain_0", calibration="brain_5"))
    run_turn(store, brains, {"steps": 2, "draws": 3}, "cpu", silent)
    yield store
    store.engine.dispose()


@pytest.fixture
def lane(turned, monkeypatch):
    """The warm child, in this process: questions travel as they do over the wire."""
    warm = interactive.Warm(turned, "cpu")

    def ask(store, question, seconds=30.0, hear=None):
        line = json.dumps({**question, "secret": "s"}).encode()
        found = json.loads(json.dumps(interactive.answer(store, warm, "s", line)))
        if "error" in found:
            raise ActiveDintsError(found["error"])
        return found

    monkeypatch.setattr(assisting, "ask", ask)
    return warm


def opened(store) -> reading.OpenCase:
    return reading.open_case(store, worklist.next_case(store, "ada"), "ada")


def test_a_scribble_comes_back_as_a_label_map_of_its_box(turned, lane):
    case = opened(turned)
    box = ((2, 3, 4), (18, 20, 16))
    shape = (16, 17, 12)
    label, drawn = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    drawn[7:10, 8, 6] = 1
    assisting.prepare(turned, case)
    assert lane.case_id == case.case_id
    after = assisting.refine(turned, case, box, label, drawn, 2)
    assert after.shape == shape
    assert (after[drawn == 1] == 2).all()
    assert set(np.unique(after)) <= {0, 2}


def test_a_box_is_predicted_again_as_the_draft_was(turned, lane):
    case = opened(turned)
    draft = read_labelmap(case.segmentation).array
    box = ((0, 0, 0), draft.shape)
    again = assisting.predict_box(turned, case, box)
    assert again.shape == draft.shape
    assert (again == draft).mean() > 0.97  # the windows lie the same where the box is the whole case
    part = ((5, 6, 7), (20, 22, 15))
    window = tuple(slice(a, b) for a, b in zip(*part))
    assert (assisting.predict_box(turned, case, part) == draft[window]).mean() > 0.9


def test_other_maps_are_made_once_and_lie_on_the_source_grid(turned, lane):
    case = opened(turned)
    assert assisting.uncertainty_map(turned, case, "entropy", 0) == case.uncertainty
    whole = read_map(case.uncertainty)
    for measure, about in (("variance", 0), ("mutual_information", 0), ("entropy", 1), ("variance", 2)):
        path = assisting.uncertainty_map(turned, case, measure, about)
        found = read_map(path)
        assert found.shape == whole.shape
        assert 0 <= found.min() < found.max() <= 1
        before = path.stat().st_mtime_ns
        assert assisting.uncertainty_map(turned, case, measure, about) == path
        assert path.stat().st_mtime_ns == before
    with pytest.raises(ActiveDintsError, match="There is no map 'surprise'"):
        assisting.uncertainty_map(turned, case, "surprise", 0)
    with pytest.raises(ActiveDintsError, match="a label that the model knows"):
        assisting.uncertainty_map(turned, case, "mutual_information", 1)


def test_a_box_outside_of_the_case_is_refused(turned, lane):
    with pytest.raises(ActiveDintsError, match="must lie in"):
        assisting.predict_box(turned, opened(turned), ((0, 0, 0), (999, 5, 5)))


def test_fixed_and_blind_cases_are_never_shown_the_models_opinion(turned, lane):
    with turned.read() as session:
        held = cases.case_named(session, "brain_0").id
    fixed = reading.preview(turned, held, "ada")
    for question in (
        lambda: assisting.predict_box(turned, fixed, ((0, 0, 0), (4, 4, 4))),
        lambda: assisting.uncertainty_map(turned, fixed, "variance", 0),
    ):
        with pytest.raises(IllegalChange, match="without the model's opinion"):
            question()


def test_training_ignores_what_lies_outside_of_a_region(turned):
    case = opened(turned)
    box = ((4, 5, 6), (14, 15, 16))
    drawing = np.full(read_labelmap(case.segmentation).array.shape, 1, np.uint8)
    reading.submit_annotation(turned, reading.Submission(case.case_id, "ada", drawing, regions=(box,)))
    from activedints.loop import experiments

    with turned.read() as session:
        row = annotations.newest(session, cases.active_experiment(session).id, case.case_id)
        stored, settings = cases.case(session, case.case_id), experiments.active_settings(turned)
        assert cycles.newest_model(session, 1) is not None
    label = training_case(turned, stored, row, settings).label
    assert (label != IGNORE).sum() == 1000
    assert set(np.unique(label)) == {1, IGNORE}
