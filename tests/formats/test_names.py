"""Which names are safe, what stays inside a folder, and which names are one patient."""

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activedints.core.errors import UnsafePath
from activedints.formats.names import inside, safe_name, shown, stem, subject_key, whole


@pytest.mark.parametrize("name", ["BraTS2021_00006", "sub-01_ses-02", "Müller 3", "a.b", "_x", "患者7", "console"])
def test_safe(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "a\\b", "CON", "nul.x", "lpt9", "a.", "a ", "-rf", "a..b", "a:b", "a\u200fb"]
)
def test_unsafe(name: str) -> None:
    with pytest.raises(UnsafePath, match="rename it"):
        safe_name(name)


@given(st.text(max_size=140))
def test_a_safe_name_is_one_plain_part_of_a_path(name: str) -> None:
    try:
        safe_name(name)
    except UnsafePath as refusal:
        sentence = str(refusal)
    else:
        sentence = ""
        assert len((name + "_entropy.nii.gz").encode()) <= 255
        assert name.isprintable()
        assert Path("/x", name).parent == Path("/x")
        assert PureWindowsPath("c:/x", name).parent == PureWindowsPath("c:/x")
    assert sentence.isprintable()


@given(st.lists(st.sampled_from(["..", ".", "a", "/", "//", "a/b"]), max_size=6))
def test_inside_or_refused(parts: list[str]) -> None:
    root = Path("/srv/data")
    try:
        assert inside(root, "/".join(parts), "x").is_relative_to(root)
    except UnsafePath:
        assert ".." in parts or "/" in parts[:1] or "//" in parts[:1]


def test_a_neighbour_with_the_same_beginning_is_outside() -> None:
    with pytest.raises(UnsafePath, match="leaves the folder"):
        inside(Path("/srv/data"), "../data2/x", "dataset.json")


def test_subjects() -> None:
    assert subject_key("BraTS2021_00006") == subject_key("brats2021_00006_1mm") == subject_key("BraTS2021_00006 2mm")
    assert subject_key("sub-07_T1w") == subject_key("sub-07_ses-2") != subject_key("sub-08_T1w")
    assert subject_key("case1") != subject_key("case2")


def test_shown_is_short_and_printable() -> None:
    assert shown("/a/b\n/c\x1b[31m.nii") == "b\\n/c\\x1b[31m.nii"
    assert len(shown("x" * 5000)) < 100
    assert whole("/a/b\n/c\x1b[31m.nii") == "/a/b\\n/c\\x1b[31m.nii"
    assert len(whole("/x" * 5000)) < 300
    assert stem("a/B.NII.GZ") == "B"
