"""The viewer's Python side without a browser: what it hands over, and how it answers messages."""

import base64
import gzip
import hashlib
import json

import nibabel as nib
import numpy as np
import pytest

from activedints.core.errors import InvalidGeometry, InvalidLabels
from activedints.ui import viewer as package
from activedints.ui.viewer import Spot, ViewerInput

AFFINE = np.diag([-2.0, -2.0, 3.0, 1.0])  # LPS
SHAPE = (4, 3, 2)


def save(path, array, affine=AFFINE):
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@pytest.fixture
def view(tmp_path):
    label = np.zeros(SHAPE, np.uint8)
    label[0, 0, 0] = 5
    return ViewerInput(
        case_id=7,
        title="a case",
        channels=[(name, save(tmp_path / f"{name}.nii.gz", np.ones(SHAPE, np.int16))) for name in ("FLAIR", "T2w")],
        labels=[(2, "edema"), (5, "core")],
        segmentation=save(tmp_path / "draft.nii.gz", label),
        uncertainty=save(tmp_path / "heat.nii.gz", np.full(SHAPE, 0.5, np.float32)),
        spots=[Spot((1.0, 2.0, 3.0), 0.5, 0.9, "core is unsure")],
        regions=[((0, 0, 0), (1, 3, 2))],
        versions=[("version 1", save(tmp_path / "v1.nii.gz", label))],
    )


@pytest.fixture
def state(monkeypatch):
    state = {}
    monkeypatch.setattr(package.st, "session_state", state)
    return state


@pytest.fixture(autouse=True)
def addresses(monkeypatch):
    monkeypatch.setattr(package.server, "volume_url", lambda name, make: f"/volumes/{make().name}")


def test_the_data_is_small_json_in_ras_and_the_same_every_time(view, tmp_path):
    data = package._data(view, tmp_path / "cache")
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(package._data(view, tmp_path / "cache")))
    assert len(json.dumps(data)) < 3000
    assert data["shape"] == [4, 3, 2]
    assert np.allclose(
        data["affine"], np.diag([2.0, 2.0, 3.0, 1.0]) + np.array([[0, 0, 0, -6], [0, 0, 0, -4], [0] * 4, [0] * 4])
    )
    assert [label["value"] for label in data["labels"]] == [2, 5]
    assert len({label["colour"] for label in data["labels"]}) == 2
    assert data["regions"] == [((3, 0, 0), (4, 3, 2))]
    assert [version["name"] for version in data["versions"]] == ["version 1"]
    ras = np.zeros(24, np.uint8)
    ras[11] = 5  # (3, 2, 0): the last of its slice once both axes are turned
    assert data["segmentation"]["sha"] == hashlib.sha256(ras.tobytes()).hexdigest()


def test_a_draft_on_another_grid_is_refused(view, tmp_path):
    save(tmp_path / "draft.nii.gz", np.zeros(SHAPE, np.uint8), np.diag([2.0, 2.0, 3.0, 1.0]))
    with pytest.raises(InvalidGeometry, match=r"draft\.nii\.gz lies on another grid"):
        package._data(view, tmp_path / "cache")


def message(number=1, kind="draft", values=()):
    raw = bytearray(24)
    for index, value in values:
        raw[index] = value
    packed = base64.b64encode(gzip.compress(bytes(raw))).decode()
    digest = hashlib.sha256(raw).hexdigest()
    return {"kind": kind, "case": 7, "number": number, "seconds": 1.0, "reason": "", "mask": packed, "sha": digest}


def test_a_message_is_stored_once_and_answered(view, state):
    heard = []

    def on_event(event):
        heard.append(event)
        return "Draft kept."

    state["viewer"] = {"event": message(values=[(11, 2)])}
    for _ in range(2):  # the browser asks again while the first answer is on its way
        package._hear(view, "viewer", on_event)
    assert len(heard) == 1
    assert np.argwhere(heard[0].array == 2).tolist() == [[0, 0, 0]]
    assert state["viewer receipt"] == {"number": 1, "ok": True, "text": "Draft kept.", "rerun": False}
    state["viewer"] = {"event": message(number=2, kind="submit")}
    package._hear(view, "viewer", on_event)
    assert heard[1].kind == "submit"
    assert state["viewer receipt"]["rerun"] is True


def test_a_refusal_reaches_the_reader_in_one_sentence(view, state):
    def refuse(event):
        raise InvalidLabels("Somebody else has this case now.")

    state["viewer"] = {"event": message()}
    package._hear(view, "viewer", refuse)
    assert state["viewer receipt"] == {
        "number": 1,
        "ok": False,
        "text": "Somebody else has this case now.",
        "rerun": False,
    }
    state["viewer"] = {"event": message(number=2, values=[(0, 9)])}
    package._hear(view, "viewer", lambda event: pytest.fail("a damaged drawing must not be heard of"))
    assert "no labels of this case" in state["viewer receipt"]["text"]


def test_nothing_sent_nothing_heard(view, state):
    state["viewer"] = {"event": None}
    package._hear(view, "viewer", lambda event: pytest.fail("there was no event"))
    assert "viewer receipt" not in state


def test_a_message_that_comes_after_the_viewer_is_gone_is_not_heard(view, state):
    state.clear()  # the page went on to something else; a slow receipt made the browser ask again
    package._hear(view, "viewer", lambda event: pytest.fail("it was heard already"))
    package._answer(view, "viewer", lambda question: pytest.fail("nobody is there to be answered"))
