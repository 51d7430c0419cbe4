"""What the browser sends is read with suspicion."""

import base64
import gzip
import hashlib

import numpy as np
import pytest

from activedints.core.errors import ActiveDintsError
from activedints.core.packed import pack
from activedints.ui.viewer.message import decode_mask, read_event, read_question
from activedints.ui.viewer.volumes import Grid

LPS = Grid((2, 3, 4), np.diag([-1.0, -1.0, 1.0, 1.0]))


def packed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw)).decode()


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def message(**change) -> dict:
    raw = bytes(24)
    return {
        "kind": "submit",
        "case": 7,
        "number": 3,
        "seconds": 12.5,
        "reason": "",
        "mask": packed(raw),
        "sha": sha(raw),
    } | change


def test_the_first_ras_voxel_is_the_last_of_an_lps_row():
    raw = bytes([1]) + bytes(23)
    array = decode_mask(packed(raw), sha(raw), LPS, [1])
    assert array.dtype == np.uint8
    assert np.argwhere(array).tolist() == [[1, 2, 0]]


@pytest.mark.parametrize(
    ("text", "digest", "rule"),
    [
        ("???", "", "arrived damaged"),
        (base64.b64encode(b"no gzip").decode(), "", "arrived damaged"),
        (packed(bytes(23)), sha(bytes(23)), "must have the 24 voxels"),
        (packed(bytes(50_000_000)), sha(bytes(24)), "must have the 24 voxels"),
        (packed(bytes(24)), sha(b"other"), "checksum"),
        (base64.b64encode(gzip.compress(bytes(24))[:-6]).decode(), sha(bytes(24)), "checksum"),
        (packed(bytes([9]) + bytes(23)), sha(bytes([9]) + bytes(23)), r"values \[9\]"),
    ],
)
def test_a_damaged_drawing_is_refused(text, digest, rule):
    with pytest.raises(ActiveDintsError, match=rule):
        decode_mask(text, digest, LPS, [1, 2])


def test_an_event_is_read():
    event = read_event(message(), 7, LPS, [1])
    assert (event.kind, event.number, event.seconds, event.reason) == ("submit", 3, 12.5, "")
    assert event.array.shape == (2, 3, 4)
    skip = read_event(message(kind="skip", mask=None, sha=None, reason="bad scan"), 7, LPS, [1])
    assert (skip.array, skip.reason) == (None, "bad scan")
    assert read_event(message(difficulty="hard"), 7, LPS, [1]).difficulty == "hard"


def test_boxes_come_back_on_the_file_s_own_grid():
    event = read_event(message(regions=[[[0, 0, 0], [1, 1, 2]]]), 7, LPS, [1])
    assert event.regions == (((1, 2, 0), (2, 3, 2)),)
    for box in ([[0, 0, 0], [3, 1, 1]], [[1, 0, 0], [1, 1, 1]], [[0, 0], [1, 1]], "abc", [[0, 0, 0], ["a", 1, 1]]):
        with pytest.raises(ActiveDintsError, match="box"):
            read_event(message(regions=[box]), 7, LPS, [1])


def test_a_question_is_read_with_its_box():
    label, scribble = np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2, 2), np.uint8)
    label[0, 1, 1], scribble[1, 0, 1] = 1, 1
    asked = {"do": "refine", "number": 2, "case": 7, "value": 1, "box": [[0, 0, 1], [2, 2, 3]]}
    read = read_question(asked | {"label": pack(label), "scribble": pack(scribble)}, 7, LPS, [1])
    assert (read.do, read.number, read.value, read.box) == ("refine", 2, 1, ((0, 0, 1), (2, 2, 3)))
    np.testing.assert_array_equal(read.label, label)
    np.testing.assert_array_equal(read.scribble, scribble)
    assert read_question({"do": "map", "number": 1, "case": 7, "measure": "variance"}, 7, LPS, [1]).box is None


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"do": "format"}, "something unknown"),
        ({"number": None}, "something unknown"),
        ({"case": 8}, "belongs to case 8"),
        ({"value": 9}, "label 9"),
        ({"box": [[0, 0, 0], [9, 1, 1]]}, "must lie in"),
        ({"label": "!"}, "damaged"),
        ({"label": pack(np.zeros((4, 4, 4), np.uint8))}, "must hold 8 voxels"),
    ],
)
def test_a_wrong_question_is_refused(change, rule):
    asked = {"do": "refine", "number": 2, "case": 7, "value": 1, "box": [[0, 0, 0], [2, 2, 2]]}
    with pytest.raises(ActiveDintsError, match=rule):
        read_question(asked | change, 7, LPS, [1])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kind": "delete"}, "unknown kind"),
        ({"case": 8}, "belongs to case 8, but case 7 is open"),
        ({"number": "1"}, "incomplete"),
        ({"seconds": float("nan")}, "incomplete"),
        ({"reason": "x" * 2001}, "incomplete"),
        ({"mask": None}, "no drawing"),
        ({"mask": 5}, "incomplete"),
        ({"difficulty": 3}, "incomplete"),
    ],
)
def test_a_wrong_event_is_refused(change, rule):
    with pytest.raises(ActiveDintsError, match=rule):
        read_event(message(**change), 7, LPS, [1])


def test_a_case_for_reading_saves_nothing():
    with pytest.raises(ActiveDintsError, match="reading only"):
        read_event(message(), 7, LPS, [1], read_only=True)
