"""What goes out comes back: label maps, images, names; and nothing else travels along."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.core.errors import InvalidSettings, UnsafePath
from activedints.core.settings import LabelSet
from activedints.formats.export import ExportCase, export_msd, export_nifti
from activedints.formats.nifti import read_labelmap, read_volume
from activedints.formats.source import read_dataset
from tests.formats.scans import LPS, dataset, image, label, save

LABELS = LabelSet((0, 1, 2), ("background", "edema", "core"))


def cases(folder: Path) -> list[ExportCase]:
    found = read_dataset(dataset(folder))
    annotated, other = found.cases
    return [
        ExportCase("a", annotated.images, annotated.channels, annotated.label, facts={"reader": "Ada", "version": 2}),
        ExportCase("b", other.images, other.channels, prediction=other.label, maps={"entropy": other.images[0]}),
    ]


def test_msd_round_trip(tmp_path: Path) -> None:
    before = cases(tmp_path / "in")
    written = export_msd(before, LABELS, tmp_path / "out")
    assert {p.relative_to(tmp_path / "out").as_posix() for p in written} == {
        "imagesTr/a.nii.gz",
        "labelsTr/a.nii.gz",
        "imagesTs/b.nii.gz",
        "dataset.json",
    }
    found = read_dataset(tmp_path / "out")
    assert not found.problems
    assert (found.labels, found.channels) == (LABELS, ("FLAIR", "T1w"))
    assert [case.label is None for case in found.cases] == [False, True]
    np.testing.assert_array_equal(nib.load(found.cases[0].images[0]).dataobj, image())
    np.testing.assert_array_equal(nib.load(found.cases[0].images[0]).affine, LPS)
    np.testing.assert_array_equal(nib.load(found.cases[0].label).dataobj, label())


def test_plain_nifti(tmp_path: Path) -> None:
    written = export_nifti(cases(tmp_path / "in"), LABELS, tmp_path / "out")
    assert [p.relative_to(tmp_path / "out").as_posix() for p in written] == [
        "a/a_annotation.nii.gz",
        "b/b_prediction.nii.gz",
        "b/b_entropy.nii.gz",
        "cases.json",
    ]
    facts = json.loads((tmp_path / "out/cases.json").read_text())
    assert facts["labels"] == {"0": "background", "1": "edema", "2": "core"}
    assert facts["cases"][0]["reader"] == "Ada"
    assert facts["cases"][1]["prediction"] == "b/b_prediction.nii.gz"
    np.testing.assert_array_equal(read_labelmap(written[0]).array, label()[::-1, ::-1])


def test_separate_channels_are_stacked_and_header_text_stays_behind(tmp_path: Path) -> None:
    one, other = image(1)[..., 0], image(1, np.float32)[..., 0] / 3
    picture = nib.Nifti1Image(one, LPS)
    picture.header["descrip"] = b"Jane Doe"
    nib.save(picture, tmp_path / "one.nii")
    flipped = LPS @ np.diag([1.0, -1, 1, 1])
    flipped[1, 3] = LPS[1, 3] - 2 * 4
    case = ExportCase("x", (tmp_path / "one.nii", save(tmp_path / "two.nii", other[:, ::-1], flipped)), ("p", "q"))
    export_msd([case], LABELS, tmp_path / "out")
    (found,) = read_dataset(tmp_path / "out").cases
    result = read_volume(found)
    np.testing.assert_array_equal(result.array, np.stack([one, other])[:, ::-1, ::-1].astype(np.float32))
    assert b"Jane" not in bytes(nib.load(found.images[0]).header.binaryblock)


def test_refused(tmp_path: Path) -> None:
    some = cases(tmp_path / "in")
    with pytest.raises(InvalidSettings, match="empty folder"):
        export_nifti(some, LABELS, tmp_path / "in")
    with pytest.raises(InvalidSettings, match="at least one case"):
        export_nifti([], LABELS, tmp_path / "out")
    with pytest.raises(UnsafePath, match="safe as a file name"):
        export_msd([ExportCase("../x", some[0].images, some[0].channels)], LABELS, tmp_path / "out")
    with pytest.raises(InvalidSettings, match="one list of channels"):
        export_msd([some[0], ExportCase("c", some[0].images, ("x", "y"))], LABELS, tmp_path / "out")
    assert not (tmp_path / "out").exists()
