"""What the viewer says reaches the loop, and the viewer gets what the loop gathered."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.packed import pack
from activedints.loop import assisting, progress, reading, remarks, worklist
from activedints.loop.standing import standing
from activedints.store import annotations, cases
from activedints.store.database import Store
from activedints.ui import reading as desk
from activedints.ui.here import Here
from activedints.ui.viewer import ViewerEvent, ViewerQuestion
from tests.ui import workspaces


def say(event):  # Streamlit's tester copies the source: nothing of this module is known inside
    """A page that opens Ada's next case and hears one event of its viewer."""
    import streamlit as st

    from activedints.loop import worklist
    from activedints.loop.standing import standing
    from activedints.ui import reading as desk
    from activedints.ui.here import Here, workspace

    here = Here(workspace(), "Ada", standing(workspace()), arrived=True)
    opened = desk.open_case(here, worklist.next_case(here.store, "Ada"))
    st.text(desk.hear(here, opened, event))
    st.text(str("opened" in st.session_state))


def heard(store: Store, monkeypatch: pytest.MonkeyPatch, event: ViewerEvent) -> list[str]:
    monkeypatch.setenv("ACTIVEDINTS_WORKSPACE", str(store.folder))
    app = AppTest.from_function(say, kwargs={"event": event}, default_timeout=60).run()
    assert not app.exception
    return [text.value for text in app.text]


def drawing(kind: str, reason: str = "") -> ViewerEvent:
    voxels = np.zeros(workspaces.SHAPE, np.uint8)
    voxels[3, 4, 5] = 2
    return ViewerEvent(kind, 1, voxels, 42.0, reason)


def test_a_submission_is_stored_with_its_comment_and_the_case_is_closed(ready: Store, monkeypatch) -> None:
    case = worklist.next_case(ready, "Ada")
    receipt, still_open = heard(ready, monkeypatch, replace(drawing("submit", "motion"), difficulty="hard"))
    with ready.read() as session:
        name = cases.case(session, case).name
    assert receipt.startswith(f"{name}: version 1 saved.")
    assert still_open == "False"
    with ready.read() as session:
        row = annotations.newest(session, 1, case)
        assert (row.reader, row.seconds, row.comment, row.difficulty) == ("Ada", 42.0, "motion", "hard")
        assert row.draft_model_id is not None
        assert annotations.leased(session, 1) == {}
    assert "Its reader said: hard: motion." in desk.notes(reading.preview(ready, case, "Grace"))
    said = [row for row in progress.view(ready).reading if row["reader"] == "Ada"]
    assert [(row["difficulty"], row["comment"]) for row in said] == [("hard", "motion")]


def test_only_the_known_words_say_how_hard_a_case_was(ready: Store) -> None:
    voxels = np.zeros(workspaces.SHAPE, np.uint8)
    case = worklist.next_case(ready, "Ada")
    with pytest.raises(InvalidSettings, match="easy, fair, hard to read, not 'awful'"):
        reading.submit_annotation(ready, reading.Submission(case, "Ada", voxels, difficulty="awful"))


def test_a_draft_is_kept_for_this_reader_and_the_case_stays_open(ready: Store, monkeypatch) -> None:
    case = worklist.next_case(ready, "Ada")
    receipt, still_open = heard(ready, monkeypatch, drawing("draft"))
    assert receipt.startswith("Draft kept at")
    assert still_open == "True"
    assert reading.preview(ready, case, "Ada").seconds == 42.0
    assert "unsubmitted drawing" in reading.preview(ready, case, "Ada").segmentation_is
    assert "draft of the trained model" in reading.preview(ready, case, "Grace").segmentation_is


@pytest.mark.parametrize(("kind", "words"), [("skip", "skipped for this cycle"), ("flag", "flagged and left out")])
def test_a_case_set_aside_leaves_the_worklist_with_its_reason(kind: str, words: str, ready: Store, monkeypatch) -> None:
    case = worklist.next_case(ready, "Ada")
    receipt, _ = heard(ready, monkeypatch, ViewerEvent(kind, 1, None, 3.0, "blurred"))
    assert words in receipt
    assert worklist.next_case(ready, "Ada") != case
    with ready.read() as session:
        assert [(r.kind, r.reason, r.reader) for r in annotations.remarks(session, 1)] == [(kind, "blurred", "Ada")]
    (row,) = remarks.rows(ready)
    assert (row["state"], row["reason"], row["cycle"]) == (words.split()[0], "blurred", 2)


def test_the_notes_say_what_a_reader_must_know(ready: Store) -> None:
    notes = desk.notes
    opened = reading.open_case(ready, worklist.next_case(ready, "Ada"), "Ada")
    assert notes(opened).startswith("1st of 1: ")
    assert "Start: draft of the trained model, cycle 1." in notes(opened)
    partial = replace(opened, any_foreground_only=True, absent=("T1w",))
    assert "any foreground only" in notes(partial)
    assert "No image came for T1w." in notes(partial)
    assert "open in another tab of yours, that one saves nothing more" in notes(replace(opened, taken_over=True))
    assert "Only the outlined box is asked for" in notes(replace(opened, regions=(((0, 0, 0), (4, 4, 4)),)))


def test_the_viewer_gets_all_that_was_gathered(ready: Store, monkeypatch) -> None:
    monkeypatch.delenv("ACTIVEDINTS_NNINTERACTIVE_URL", raising=False)
    here = Here(ready, "Ada", standing(ready), arrived=True)
    opened = reading.open_case(ready, worklist.next_case(ready, "Ada"), "Ada")
    box = ((1, 2, 3), (5, 6, 7))
    given = desk.viewer_input(here, replace(opened, regions=(box,), seconds=12.0))
    assert (given.regions, given.seconds, given.verdict) == ([box], 12.0, opened.verdict)
    assert [name for name, _ in given.versions] == ["the model's draft"]
    assert given.help == ("refine", "predict")
    assert [name for _, name in given.maps] == ["Entropy", "Mutual information", "Variance"]
    assert all(spot.text.startswith(("edema: ", "core: ")) for spot in given.spots)
    monkeypatch.setenv("ACTIVEDINTS_NNINTERACTIVE_URL", "http://127.0.0.1:1527")
    assert desk.viewer_input(here, opened).help == ("refine", "predict", "prompt")
    blind = desk.viewer_input(here, replace(opened, blind=True, uncertainty=None))
    assert (blind.help, blind.maps) == (("refine",), [])


def test_what_the_reader_asks_reaches_the_interactive_lane(ready: Store, monkeypatch) -> None:
    here = Here(ready, "Ada", standing(ready), arrived=True)
    opened = reading.open_case(ready, worklist.next_case(ready, "Ada"), "Ada")
    asked: list[dict] = []

    def ask(store, question, *_, **__):
        asked.append(question)
        return {"label": pack(np.full((2, 3, 4), 2, np.uint8)), "file": str(opened.uncertainty)}

    monkeypatch.setattr(assisting, "ask", ask)
    box, zeros = ((0, 0, 0), (2, 3, 4)), np.zeros((2, 3, 4), np.uint8)
    assert desk.answer_question(here, opened, ViewerQuestion("prepare", 1)).label is None
    refined = desk.answer_question(here, opened, ViewerQuestion("refine", 2, box, zeros, zeros, 1))
    predicted = desk.answer_question(here, opened, ViewerQuestion("predict", 3, box))
    other = desk.answer_question(here, opened, ViewerQuestion("map", 4, measure="variance"))
    assert (refined.label == 2).all()
    assert predicted.label.shape == (2, 3, 4)
    assert other.map == opened.uncertainty
    assert [question["do"] for question in asked] == ["prepare", "refine", "predict", "map"]
    assert all(question["case"] == opened.case_id for question in asked)
    with pytest.raises(NotFound, match="without its box"):
        desk.answer_question(here, opened, ViewerQuestion("refine", 5))
