"""NIfTI without a dataset.json: a pattern per channel, or 4-D files."""

from pathlib import Path

import numpy as np
import pytest

from activedints.core.errors import InvalidChannels, InvalidFile, InvalidSettings
from activedints.formats.nifti import read_volume
from activedints.formats.source import read_dataset, read_image
from tests.formats.scans import LPS, image, label, save

GLOBS = {"FLAIR": "*flair*", "T1w": "*t1*", "label": "*seg*"}


def folder_of_cases(root: Path) -> Path:
    for number, name in enumerate(("p1", "p2")):
        save(root / name / "x_flair.nii.gz", image(1)[..., 0] + number)
        save(root / name / "x_t1.nii.gz", image(1)[..., 0] * 2)
    save(root / "p1" / "x_seg.nii.gz", label())
    (root / "p1" / "._x_t1.nii.gz").write_bytes(b"junk")
    return root


def test_one_file_per_channel(tmp_path: Path) -> None:
    found = read_dataset(folder_of_cases(tmp_path), channel_globs=GLOBS)
    assert not found.problems
    assert found.channels == ("FLAIR", "T1w")
    assert [(case.name, case.label is not None) for case in found.cases] == [("p1", True), ("p2", False)]
    assert found.labels is not None
    assert found.labels.names == ("background", "label 1", "label 2")
    volume = read_volume(found.cases[0])
    np.testing.assert_array_equal(volume.array[1], 2 * volume.array[0])


def test_the_folder_itself_may_be_the_case(tmp_path: Path) -> None:
    found = read_dataset(folder_of_cases(tmp_path) / "p2", channel_globs=GLOBS)
    assert [case.name for case in found.cases] == ["p2"]


def test_files_in_another_order_of_axes_agree(tmp_path: Path) -> None:
    root = folder_of_cases(tmp_path)
    flipped = LPS @ np.diag([-1.0, 1, 1, 1])
    flipped[0, 3] = LPS[0, 3] - 2 * 5
    save(root / "p1" / "x_t1.nii.gz", (image(1)[..., 0] * 2)[::-1], flipped)
    found = read_dataset(root, channel_globs=GLOBS)
    assert not found.problems
    volume = read_volume(found.cases[0])
    np.testing.assert_array_equal(volume.array[1], 2 * volume.array[0])


def test_channels_on_other_grids_missing_files_and_wide_patterns(tmp_path: Path) -> None:
    root = folder_of_cases(tmp_path)
    save(root / "p1" / "x_t1.nii.gz", image(1)[..., 0], LPS * 2)
    save(root / "p2" / "y_flair.nii.gz", image(1)[..., 0])
    (root / "p3").mkdir()
    problems = read_dataset(root, channel_globs=GLOBS).problems
    assert "affine of p1/x_t1.nii.gz must be that of p1/x_flair.nii.gz" in problems["p1"]
    assert "must have one file for FLAIR (*flair*); it has 2" in problems["p2"]
    assert "it has 0" in problems["p3"]


@pytest.mark.parametrize("pattern", ["/etc/*", "../*", ""])
def test_patterns_stay_inside(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(InvalidChannels, match="inside the case folder"):
        read_dataset(folder_of_cases(tmp_path), channel_globs={"FLAIR": pattern})


def test_stacked_files_without_names(tmp_path: Path) -> None:
    save(tmp_path / "a.nii.gz", image(2))
    save(tmp_path / "a_seg.nii.gz", label())
    save(tmp_path / "b.nii.gz", image(2))
    found = read_dataset(tmp_path)
    assert [(c.name, c.label) for c in found.cases] == [("a", tmp_path / "a_seg.nii.gz"), ("b", None)]
    assert found.channels == ("channel 0", "channel 1")
    assert "does not name its channels" in found.cases[0].warnings[0]
    assert read_dataset(tmp_path / "b.nii.gz").cases[0].name == "b"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no case was found"):
        read_dataset(tmp_path)
    with pytest.raises(InvalidFile, match="does not exist"):
        read_dataset(tmp_path / "x")
    with pytest.raises(InvalidSettings, match="one of auto, msd, nifti"):
        read_dataset(tmp_path, format="dicom")


def test_one_image_by_itself(tmp_path: Path) -> None:
    folder = folder_of_cases(tmp_path) / "p1"
    stacked = save(tmp_path / "both.nii.gz", image(2))
    assert read_image(stacked, None, ("FLAIR", "T1w")).channels == ("FLAIR", "T1w")
    with pytest.raises(InvalidChannels, match="the 3 channels"):
        read_image(stacked, None, ("FLAIR", "T1w", "T2w"))
    by_name = read_image(folder, {"FLAIR": str(folder / "x_flair.nii.gz"), "T1w": "*t1*"})
    assert (by_name.name, by_name.channels) == ("p1", ("FLAIR", "T1w"))
    assert by_name.images == (folder / "x_flair.nii.gz", folder / "x_t1.nii.gz")
    with pytest.raises(InvalidFile, match="must be a file; it is a folder"):
        read_image(folder)
    with pytest.raises(InvalidFile, match="name the file of channel FLAIR"):
        read_image(stacked, {"FLAIR": "none.nii.gz"})
