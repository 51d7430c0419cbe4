"""nnU-Net raw and BIDS: out and in again, and what each format cannot say."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.core.errors import DuplicateCase, InvalidChannels, InvalidFile
from activedints.core.settings import LabelSet
from activedints.formats.bids import export_bids
from activedints.formats.convert import Conversion
from activedints.formats.export import ExportCase
from activedints.formats.inspect import inspect
from activedints.formats.nifti import read_labelmap, read_volume
from activedints.formats.nnunet import export_nnunet
from activedints.formats.source import read_dataset
from tests.formats.scans import LPS, dataset, image, label, save

GAPS = LabelSet((0, 2, 5), ("background", "edema", "core"))


def cases(folder: Path) -> list[ExportCase]:
    """Case a annotated with the values 0, 2, 5 and 255; case b predicted only."""
    a, b = read_dataset(dataset(folder)).cases
    values = np.array([0, 2, 5, 255], np.uint8)[np.arange(120).reshape(6, 5, 4) % 4]
    annotation = save(folder / "a_annotation.nii.gz", values)
    prediction = save(folder / "b_prediction.nii.gz", np.minimum(values, 2))
    return [
        ExportCase("a", a.images, a.channels, annotation, facts={"Reader": "Ada"}),
        ExportCase("b", b.images, b.channels, prediction=prediction, maps={"entropy": b.images[0]}),
    ]


def test_nnunet_round_trip(tmp_path: Path) -> None:
    rows = cases(tmp_path / "in")
    export_nnunet(rows, GAPS, tmp_path / "out", number=7)
    root = tmp_path / "out/Dataset007_out"
    facts = json.loads((root / "dataset.json").read_text())
    assert facts["channel_names"] == {"0": "FLAIR", "1": "T1w"}
    assert facts["labels"] == {"background": 0, "edema": 1, "core": 2, "ignore": 3}
    assert (facts["numTraining"], facts["file_ending"]) == (1, ".nii.gz")
    assert sorted(p.relative_to(root).as_posix() for p in root.rglob("*.gz")) == [
        "imagesTr/a_0000.nii.gz",
        "imagesTr/a_0001.nii.gz",
        "imagesTs/b_0000.nii.gz",
        "imagesTs/b_0001.nii.gz",
        "labelsTr/a.nii.gz",
    ]
    np.testing.assert_array_equal(nib.load(root / "imagesTr/a_0001.nii.gz").dataobj, image()[..., 1])
    (tmp_path / "scratch").mkdir()
    found = read_dataset(root, conversion=Conversion(tmp_path / "scratch"))
    assert not found.problems
    assert inspect(root) == []
    assert found.labels == LabelSet((0, 1, 2), ("background", "edema", "core"))
    a, b = found.cases
    assert b.label is None
    np.testing.assert_array_equal(read_volume(a).array[1], image()[::-1, ::-1, :, 1].astype(np.float32))
    back = read_labelmap(a.label, like=a.images[0]).array
    np.testing.assert_array_equal(GAPS.value_of(back), read_labelmap(rows[0].annotation).array)


def folder_of_cases(root: Path) -> Path:
    save(root / "p1/flair.nii.gz", image(1)[..., 0])
    return root


@pytest.mark.parametrize("place", ["msd", "nn/Dataset001_nn", "bids", "folders"])
def test_every_layout_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    rows = cases(tmp_path / "msd")
    export_nnunet(rows, GAPS, tmp_path / "nn")
    bids_root(tmp_path / "bids")
    folder_of_cases(tmp_path / "folders")
    globs = {"FLAIR": "*flair*"} if place == "folders" else None
    (tmp_path / "scratch").mkdir()
    scratch = Conversion(tmp_path / "scratch")
    names = [case.name for case in read_dataset(tmp_path / place, "auto", globs, conversion=scratch).cases]
    for start, path in ((".", place), (".", f"./{place}"), (place, "."), ("scratch", f"../{place}")):
        monkeypatch.chdir(tmp_path / start)
        found = read_dataset(Path(path), "auto", globs, conversion=scratch)
        assert (found.problems, [case.name for case in found.cases]) == ({}, names)


def test_the_folder_of_an_nnunet_export_is_imported_and_has_a_safe_name(tmp_path: Path) -> None:
    export_nnunet(cases(tmp_path / "in"), GAPS, tmp_path / "my export (2), März")
    outer = tmp_path / "my export (2), März"
    assert [place.name for place in outer.iterdir()] == ["Dataset001_my_export_2_M_rz"]
    (tmp_path / "scratch").mkdir()
    for format in ("auto", "nnunet"):
        found = read_dataset(outer, format, conversion=Conversion(tmp_path / "scratch"))
        assert [case.name for case in found.cases] == ["a", "b"]
    (outer / "Dataset002_x").mkdir()
    (outer / "Dataset002_x/dataset.json").write_text("{}")
    with pytest.raises(InvalidFile, match="it holds 2 .Dataset001_my_export_2_M_rz, Dataset002_x.: name one of them"):
        read_dataset(outer)


def test_nnunet_without_gaps_in_the_channels_and_with_regions(tmp_path: Path) -> None:
    export_nnunet(cases(tmp_path / "in"), GAPS, tmp_path / "out")
    root = tmp_path / "out/Dataset001_out"
    facts = json.loads((root / "dataset.json").read_text())
    facts["labels"] = {"background": 0, "whole": [1, 2], "core": 2, "ignore": 3}
    (root / "dataset.json").write_text(json.dumps(facts))
    (root / "imagesTs/b_0001.nii.gz").unlink()
    (tmp_path / "scratch").mkdir()
    found = read_dataset(root, conversion=Conversion(tmp_path / "scratch"))
    assert found.labels == LabelSet((0, 1, 2), ("background", "label 1", "core"))
    assert "missing 0001" in found.problems["b"]


def test_bids_derivatives(tmp_path: Path) -> None:
    export_bids(cases(tmp_path / "in"), GAPS, tmp_path / "out")
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()) == [
        "dataset_description.json",
        "dseg.tsv",
        "participants.tsv",
        "sub-a/anat/sub-a_desc-annotated_dseg.json",
        "sub-a/anat/sub-a_desc-annotated_dseg.nii.gz",
        "sub-b/anat/sub-b_desc-entropy_map.nii.gz",
        "sub-b/anat/sub-b_desc-predicted_dseg.json",
        "sub-b/anat/sub-b_desc-predicted_dseg.nii.gz",
    ]
    assert (tmp_path / "out/dseg.tsv").read_text().splitlines() == [
        "index\tname",
        "0\tbackground",
        "2\tedema",
        "5\tcore",
        "255\tnot annotated",
    ]
    assert json.loads((tmp_path / "out/sub-a/anat/sub-a_desc-annotated_dseg.json").read_text())["Reader"] == "Ada"
    assert json.loads((tmp_path / "out/dataset_description.json").read_text())["DatasetType"] == "derivative"


def test_names_that_become_one_subject(tmp_path: Path) -> None:
    a, b = cases(tmp_path / "in")
    twins = [ExportCase("p_1", a.images, a.channels), ExportCase("p1", b.images, b.channels)]
    with pytest.raises(DuplicateCase, match="would both become sub-p1"):
        export_bids(twins, GAPS, tmp_path / "out")
    sessions = [ExportCase(f"sub-p1_ses-{i}", a.images, a.channels, a.annotation) for i in (1, 2)]
    export_bids(sessions, GAPS, tmp_path / "other")
    assert (tmp_path / "other/sub-p1/ses-2/anat/sub-p1_ses-2_desc-annotated_dseg.nii.gz").is_file()


def bids_root(root: Path) -> Path:
    root.mkdir()
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    for person in ("sub-01/ses-1", "sub-02/ses-1"):
        start = f"{person}/anat/{person.replace('/', '_')}"
        for channel in ("FLAIR", "T1w", "acq-mprage_ce-gadolinium_T1w"):
            save(root / f"{start}_{channel}.nii.gz", image(1)[..., 0])
    save(root / "sub-02/ses-1/anat/sub-02_ses-1_PDw.nii.gz", image(1)[..., 0])
    save(root / "derivatives/expert/sub-01/ses-1/anat/sub-01_ses-1_desc-expert_dseg.nii.gz", label())
    save(
        root / "derivatives/expert/sub-01/ses-1/anat/sub-01_ses-1_desc-brain_mask.nii.gz", np.ones((6, 5, 4), np.uint8)
    )
    (root / "derivatives/expert/dseg.tsv").write_text("index\tname\n1\tedema\n2\tcore\n")
    return root


def test_bids_in(tmp_path: Path) -> None:
    found = read_dataset(bids_root(tmp_path / "bids"))
    assert not found.problems
    assert found.channels == ("FLAIR", "T1w", "ce-gadolinium_T1w")
    assert found.labels == LabelSet((0, 1, 2), ("background", "edema", "core"))
    first, second = found.cases
    assert (first.name, second.name) == ("sub-01_ses-1", "sub-02_ses-1")
    assert (first.label is None, first.brain is None) == (False, False)
    assert (second.label is None, second.brain is None) == (True, True)
    assert second.warnings == ("sub-02_ses-1 also has PDw, which not every case has; left out.",)
    np.testing.assert_array_equal(nib.load(first.images[0]).affine, LPS)


def test_bids_with_repeated_runs_needs_a_choice(tmp_path: Path) -> None:
    root = bids_root(tmp_path / "bids")
    save(root / "sub-01/ses-1/anat/sub-01_ses-1_run-2_FLAIR.nii.gz", image(1)[..., 0])
    assert "choose one by a pattern" in read_dataset(root).problems["sub-01_ses-1"]
    found = read_dataset(root, channel_globs={"FLAIR": "*ses-1_FLAIR.nii*", "T1gd": "*ce-gadolinium_T1w*"})
    assert not found.problems
    assert found.channels == ("FLAIR", "T1gd")
    assert found.cases[0].label is not None
    for file in root.glob("sub-*/ses-1/anat/*"):
        if "01" in file.name or "PDw" not in file.name:
            file.unlink()
    with pytest.raises(InvalidChannels, match="must share a channel; they have PDw, none of them in every case"):
        read_dataset(root)
