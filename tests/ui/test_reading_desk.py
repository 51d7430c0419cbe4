"""What the viewer says reaches the loop, and the viewer gets what the loop gathered."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from activedints.loop import reading, worklist
from activedints.store import annotations, cases
from activedints.store.database import Store
from activedints.ui.viewer import ViewerEvent
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
    receipt, still_open = heard(ready, monkeypatch, drawing("submit", "Hard: motion"))
    with ready.read() as session:
        name = cases.case(session, case).name
    assert receipt.startswith(f"{name}: version 1 saved.")
    assert still_open == "False"
    with ready.read() as session:
        row = annotations.newest(session, 1, case)
        assert (row.reader, row.seconds, row.comment) == ("Ada", 42.0, "Hard: motion")
        assert row.draft_model_id is not None
        assert annotations.leased(session, 1) == {}


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


def test_the_notes_say_what_a_reader_must_know(ready: Store) -> None:
    from activedints.ui.reading import notes

    opened = reading.open_case(ready, worklist.next_case(ready, "Ada"), "Ada")
    assert notes(opened).startswith("1st of 1: ")
    assert "Start: draft of the trained model, cycle 1." in notes(opened)
    partial = replace(opened, any_foreground_only=True, absent=("T1w",))
    assert "any foreground only" in notes(partial)
    assert "No image came for T1w." in notes(partial)
