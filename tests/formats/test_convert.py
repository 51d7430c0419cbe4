"""DICOM folders and channels on different grids, through the child process that an import uses."""

import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from scipy.ndimage import gaussian_filter

from activedints.core.errors import InvalidFile, InvalidGeometry
from activedints.core.volume import Volume
from activedints.formats import convert
from activedints.formats.convert import Conversion, run_child
from activedints.formats.dicom import identifies, is_series, read_series
from activedints.formats.nifti import read_volume
from activedints.formats.resample import resample
from activedints.formats.source import read_dataset
from tests.formats.scans import save
from tests.formats.series import write_slices

VOXELS = (np.arange(7 * 6 * 5).reshape(7, 6, 5) * 3 - 200).astype(np.int16)


def test_geometry_and_voxels_by_hand(tmp_path: Path) -> None:
    series = read_series(write_slices(tmp_path / "s", VOXELS))
    np.testing.assert_array_equal(series.array, VOXELS)
    # LPS: first voxel (10, -20, 30), a column step is 1.5 mm of (.8, .6, 0), a row step 2 mm of (0, 0, -1)
    np.testing.assert_allclose(series.affine[:3, 3], (-10, 20, 30))
    np.testing.assert_allclose(series.affine[:3, 0], (-1.2, -0.9, 0), atol=1e-9)
    np.testing.assert_allclose(series.affine[:3, 1], (0, 0, -2), atol=1e-9)
    np.testing.assert_allclose(series.affine[:3, 2], (1.8, -2.4, 0), atol=1e-9)  # 3 mm of the normal (-.6, .8, 0)
    assert series.note == "made from a DICOM series of 5 slices (MR); its tags were dropped"


def test_rescale_slope_is_applied(tmp_path: Path) -> None:
    series = read_series(write_slices(tmp_path / "s", VOXELS, RescaleSlope="0.5", RescaleIntercept="7"))
    np.testing.assert_allclose(series.array, VOXELS * 0.5 + 7)


def test_import_of_one_folder_per_channel(tmp_path: Path) -> None:
    write_slices(tmp_path / "in/case1/flair", VOXELS)
    write_slices(tmp_path / "in/case1/t1", VOXELS * 2)
    write_slices(tmp_path / "in/Jane/flair", VOXELS + 5)
    write_slices(tmp_path / "in/Jane/t1", VOXELS)
    (tmp_path / "scratch").mkdir()
    before = sorted(p for p in (tmp_path / "in").rglob("*"))
    found = read_dataset(
        tmp_path / "in",
        channel_globs={"FLAIR": "flair", "T1w": "t1"},
        conversion=Conversion(tmp_path / "scratch"),
    )
    assert not found.problems
    jane, case1 = found.cases
    assert case1.name == "case1"
    assert case1.originals == (tmp_path / "in/case1/flair", tmp_path / "in/case1/t1")
    assert case1.done[0].startswith("Channel FLAIR was made from a DICOM series of 5 slices")
    volume = read_volume(case1)
    np.testing.assert_array_equal(volume.array[1], 2 * volume.array[0])
    # a folder named after the patient gives no name, nor does any tag reach what was written
    assert jane.name.startswith("case-")
    assert "holds the patient's name" in jane.done[-1]
    for file in (tmp_path / "scratch").rglob("*.nii.gz"):
        raw = bytes(nib.load(file).header.binaryblock)
        assert not any(word in raw for word in (b"Doe", b"Jane", b"4711", b"MZ"))
    assert sorted(p for p in (tmp_path / "in").rglob("*")) == before


def test_identity_words() -> None:
    assert identifies("20240101_DOE-J", frozenset({"doe"}))
    assert not identifies("patient3", frozenset())


@pytest.mark.parametrize(
    ("tags", "pattern"),
    [
        ({"PixelSpacing": [0.0, 1.5]}, r"PixelSpacing \(0028,0030\) of .* must be positive; it is \[0.0, 1.5\]"),
        ({"PixelSpacing": None}, r"needs PixelSpacing \(0028,0030\) as 2 finite numbers; one has"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, r"ImageOrientationPatient \(0020,0037\)"),
        ({"ImagePositionPatient": [0, 0, 0]}, "it has 5 slices at 1 positions"),
    ],
)
def test_bad_tags(tmp_path: Path, tags: dict, pattern: str) -> None:
    with pytest.raises(InvalidGeometry, match=pattern):
        read_series(write_slices(tmp_path / "s", VOXELS, **tags))


def test_bad_folders(tmp_path: Path) -> None:
    folder = write_slices(tmp_path / "s", VOXELS)
    (folder / "014.dcm").rename(tmp_path / "kept")  # the third of five slices
    with pytest.raises(InvalidGeometry, match=r"distances go from 3 to 6 mm, so that one may be missing"):
        read_series(folder)
    (tmp_path / "kept").rename(folder / "014.dcm")
    write_slices(folder / "other", VOXELS)
    (folder / "other/000.dcm").rename(folder / "x.dcm")
    with pytest.raises(InvalidFile, match="it holds 2: put each in a folder of its own"):
        read_series(folder)
    (folder / "x.dcm").unlink()
    os.mkfifo(folder / "pipe.dcm")
    with pytest.raises(InvalidFile, match="must be a regular file"):
        read_series(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidFile, match="must hold DICOM images; it holds none"):
        read_series(tmp_path / "empty")
    assert is_series(tmp_path / "s")
    assert not is_series(tmp_path / "empty")


def test_truncated_pixels_and_multi_frame(tmp_path: Path) -> None:
    folder = write_slices(tmp_path / "s", VOXELS)
    data = (folder / "000.dcm").read_bytes()
    (folder / "000.dcm").write_bytes(data[:-40])
    with pytest.raises(InvalidFile, match=r"cannot be read|damaged"):
        read_series(folder)
    item = pydicom.dcmread(folder / "007.dcm")
    item.NumberOfFrames = 4
    item.save_as(folder / "000.dcm")
    with pytest.raises(InvalidFile, match="multi-frame"):
        read_series(folder)


def test_errors_crashes_and_hangs_of_the_child_become_sentences(tmp_path: Path, monkeypatch) -> None:
    request = {"do": "dicom", "folder": str(tmp_path), "out": str(tmp_path / "o.nii.gz"), "name": "x"}
    with pytest.raises(InvalidFile, match="must hold DICOM images"):
        run_child([request], 60, "it")
    with pytest.raises(InvalidFile, match=r"must end within 0.01 s; it was stopped: convert it with dcm2niix"):
        run_child([request], 0.01, "it")
    crash = tmp_path / "crash.sh"
    crash.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crash.chmod(0o755)
    monkeypatch.setattr(convert.sys, "executable", str(crash))
    with pytest.raises(InvalidFile, match="The reader of it stopped \\(SIGSEGV"):
        run_child([request], 60, "it")


def head(shift: float = 0.0, size: int = 40) -> np.ndarray:
    """A smooth head with structure; ``shift`` in voxels along x."""
    x, y, z = np.indices((size, size, size)) - (size - 1) / 2
    x = x - shift
    skull = (x / 15) ** 2 + (y / 17) ** 2 + (z / 13) ** 2 < 1
    array = (
        skull * 60.0 + ((x - 5) ** 2 + y**2 + (z / 2) ** 2 < 30) * 80 + ((x + 6) ** 2 + (y - 6) ** 2 + z**2 < 16) * 40
    )
    return gaussian_filter(array, 1).astype(np.float32)


def test_resampling_by_header(tmp_path: Path) -> None:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    reference = Volume(head()[None], affine, ("FLAIR",))
    finer = np.diag([1.0, 1.0, 1.0, 1.0])
    finer[:3, 3] = -0.5  # each coarse voxel is the mean place of eight fine ones
    moving = Volume(np.kron(head(), np.ones((2, 2, 2), np.float32))[None], finer, ("T1w",))
    array, note = resample(moving, reference)
    np.testing.assert_allclose(array, head(), atol=1e-4)
    assert note.startswith("channel T1w was resampled from 80x80x80 voxels of 1x1x1 mm")
    assert note.endswith("onto FLAIR, of which it covers 100%")
    far = finer.copy()
    far[0, 3] = 70
    with pytest.raises(InvalidGeometry, match="must overlap the reference channel FLAIR; it covers 12% of it"):
        resample(Volume(moving.array, far, ("T1w",)), reference)


def test_rigid_registration_finds_a_shift() -> None:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    reference = Volume(head()[None], affine, ("FLAIR",))
    moving = Volume(200 - head(shift=3)[None], affine, ("T2w",))  # another contrast, 6 mm off
    array, note = resample(moving, reference, register=True)
    inner = (slice(8, 32),) * 3
    assert np.abs(array[inner] - (200 - head())[inner]).mean() < 2
    assert np.abs(moving.array[0][inner] - (200 - head())[inner]).mean() > 8
    moved = float(note.split("moved by ")[1].split(" mm")[0])
    assert 5 < moved < 7


def test_import_onto_a_stated_reference(tmp_path: Path) -> None:
    thick = np.diag([2.0, 2.0, 4.0, 1.0])
    thick[2, 3] = 1.0
    save(tmp_path / "in/p/flair.nii.gz", head(), np.diag([2.0, 2.0, 2.0, 1.0]))
    save(tmp_path / "in/p/t1.nii.gz", head()[:, :, ::2], thick)
    (tmp_path / "scratch").mkdir()
    globs = {"FLAIR": "flair*", "T1w": "t1*"}
    assert "must be that of" in read_dataset(tmp_path / "in", channel_globs=globs).problems["p"]
    found = read_dataset(tmp_path / "in", channel_globs=globs, conversion=Conversion(tmp_path / "scratch", "FLAIR"))
    (case,) = found.cases
    assert read_volume(case).array.shape == (2, 40, 40, 40)
    assert case.originals[1] == tmp_path / "in/p/t1.nii.gz"
    assert case.done[0].startswith("Channel T1w was resampled from 40x40x20 voxels of 2x2x4 mm")
    wrong = read_dataset(tmp_path / "in", channel_globs=globs, conversion=Conversion(tmp_path / "scratch", "T2w"))
    assert "must be one of the channels FLAIR, T1w; it is T2w" in wrong.problems["p"]
