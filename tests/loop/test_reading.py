import numpy as np
import pytest

from activedints.core.cycle import Phase
from activedints.core.errors import IllegalChange, InvalidGeometry, InvalidLabels
from activedints.core.volume import IGNORE
from activedints.formats.header import read_header
from activedints.formats.voxels import read_label_raw
from activedints.loop import reading, worklist
from activedints.loop.importing import ImportRequest, import_cases
from activedints.loop.reading import Submission, compose
from activedints.loop.views import home, status
from activedints.store import annotations, cases, cycles, jobs
from tests.brains import SIZE, brain


@pytest.fixture
def reading_room(store, brains):
    """Three queried cases in cycle 0 and one holdout case, nothing annotated, no model."""
    import_cases(store, ImportRequest(brains, holdout="brain_0"))
    from dataclasses import replace

    from activedints.loop import experiments

    settings = replace(experiments.active_settings(store), initial=3)
    experiments.create(store, "reading", settings, ("brain_1", "brain_2", "brain_3"))
    return store


def case_id(store, name):
    with store.read() as session:
        return cases.case_named(session, name).id


def voxels(seed=1):
    return brain(seed)[1]


def test_the_worklist_serves_the_holdout_first_and_without_a_draft(reading_room):
    items = worklist.worklist(reading_room, "ada")
    assert [item.name for item in items] == ["brain_0", "brain_1", "brain_2", "brain_3"]
    assert items[0].role == "holdout"
    assert "without a draft" in items[0].reason
    opened = reading.open_case(reading_room, items[0].case_id, "ada")
    assert opened.segmentation is None
    assert opened.uncertainty is None


def test_a_case_open_at_one_reader_is_not_served_to_another(reading_room):
    first = worklist.next_case(reading_room, "ada")
    reading.open_case(reading_room, first, "ada")
    assert worklist.next_case(reading_room, "bob") != first
    assert worklist.next_case(reading_room, "ada") == first
    with pytest.raises(IllegalChange, match="open at ada"):
        reading.open_case(reading_room, first, "bob")
    reading.close_case(reading_room, first, "ada")
    assert worklist.next_case(reading_room, "bob") == first


def test_an_annotation_is_stored_voxel_for_voxel_on_the_source_grid(reading_room):
    mine = case_id(reading_room, "brain_1")
    reading.submit_annotation(reading_room, Submission(mine, "ada", voxels(), seconds=12.5))
    with reading_room.read() as session:
        row = annotations.newest(session, cases.active_experiment(session).id, mine)
        stored = read_header(reading_room.files.path(row.file))
        image = read_header(reading_room.files.path(cases.case(session, mine).images[0]))
    assert (row.version, row.reader, row.seconds) == (1, "ada", 12.5)
    assert np.array_equal(read_label_raw(stored), voxels())
    assert np.array_equal(stored.grid.affine, image.grid.affine)


def test_two_readers_of_one_case_are_both_kept_and_told(reading_room):
    mine = case_id(reading_room, "brain_1")
    reading.submit_annotation(reading_room, Submission(mine, "ada", voxels(), based_on=0))
    receipt = reading.submit_annotation(reading_room, Submission(mine, "bob", voxels(2), based_on=0))
    assert "version 2 saved" in receipt
    assert "ada saved version 1 meanwhile; both are kept" in receipt
    with reading_room.read() as session:
        kept = annotations.versions(session, cases.active_experiment(session).id, mine)
        assert [a.reader for a in kept] == ["ada", "bob"]


def test_a_region_leaves_the_rest_ignored_and_a_later_one_adds(reading_room):
    mine = case_id(reading_room, "brain_1")
    low, high = ((0, 0, 0), (12, 28, 20)), ((12, 0, 0), (24, 28, 20))
    reading.submit_annotation(reading_room, Submission(mine, "ada", voxels(), regions=(low,)))
    reading.submit_annotation(reading_room, Submission(mine, "ada", np.ones(SIZE, np.uint8), regions=(high,)))
    with reading_room.read() as session:
        first, second = annotations.versions(session, cases.active_experiment(session).id, mine)
        one, two = (read_label_raw(read_header(reading_room.files.path(a.file))) for a in (first, second))
    assert (one[12:] == IGNORE).all()
    assert np.array_equal(one[:12], voxels()[:12])
    assert np.array_equal(two[:12], voxels()[:12])
    assert (two[12:] == 1).all()
    assert annotations.boxes(second) == [low, high]


def test_compose_by_hand():
    earlier = np.array([[[5, 5, 255]]], np.uint8)
    drawn = np.array([[[1, 2, 3]]], np.uint8)
    region = [((0, 0, 1), (1, 1, 2))]
    assert compose(drawn, region, earlier).ravel().tolist() == [5, 2, 255]
    assert compose(drawn, region, None).ravel().tolist() == [255, 2, 255]


@pytest.mark.parametrize(
    ("array", "error"),
    [(np.full(SIZE, 7, np.uint8), InvalidLabels), (np.zeros((2, 2, 2), np.uint8), InvalidGeometry)],
)
def test_a_drawing_that_cannot_be_right_is_refused_and_nothing_changes(reading_room, array, error):
    mine = case_id(reading_room, "brain_1")
    with pytest.raises(error):
        reading.submit_annotation(reading_room, Submission(mine, "ada", array))
    assert status(reading_room)["counts"]["labelled"] == 0


def test_a_draft_comes_back_and_goes_with_the_submission(reading_room):
    mine = case_id(reading_room, "brain_1")
    reading.save_draft(reading_room, mine, "ada", voxels(4), seconds=30.0)
    opened = reading.open_case(reading_room, mine, "ada")
    assert opened.seconds == 30.0
    assert np.array_equal(read_label_raw(read_header(opened.segmentation)), voxels(4))
    assert "unsubmitted" in opened.segmentation_is
    reading.submit_annotation(reading_room, Submission(mine, "ada", voxels()))
    assert "version 1, by ada" in reading.open_case(reading_room, mine, "ada").segmentation_is


def test_the_last_answer_of_a_query_queues_the_training(reading_room):
    for name in ("brain_1", "brain_2"):
        receipt = reading.submit_annotation(reading_room, Submission(case_id(reading_room, name), "ada", voxels()))
        assert "queued" not in receipt
    receipt = reading.submit_annotation(reading_room, Submission(case_id(reading_room, "brain_3"), "ada", voxels()))
    assert "training is queued" in receipt
    with reading_room.read() as session:
        experiment = cases.active_experiment(session)
        assert cycles.current(session, experiment.id).phase == Phase.TRAIN
        assert [job.kind for job in jobs.unfinished(session, experiment.id)] == ["train"]


@pytest.mark.parametrize(("kind", "words"), [("skip", "skipped"), ("flag", "flagged")])
def test_a_case_set_aside_leaves_the_query(reading_room, kind, words):
    mine = case_id(reading_room, "brain_1")
    reading.set_aside(reading_room, mine, "ada", kind, "motion")
    assert {item.name: item.state for item in worklist.worklist(reading_room, "ada")}["brain_1"] == words
    assert home(reading_room).waiting == 2


def test_the_simulated_reader_answers_with_the_files_that_came_along(reading_room):
    assert home(reading_room).can_simulate
    assert "annotated 4 case" in reading.simulate_reader(reading_room)
    with reading_room.read() as session:
        newest = annotations.newest_of_each(session, cases.active_experiment(session).id)
    assert {a.reader for a in newest.values()} == {"simulated reader"}


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "two\nlines"])
def test_a_reader_needs_a_printable_name(reading_room, name):
    with pytest.raises(IllegalChange, match="Say who you are"):
        reading.open_case(reading_room, case_id(reading_room, "brain_1"), name)
