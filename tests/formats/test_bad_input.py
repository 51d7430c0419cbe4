"""Bad input: each is refused with one sentence that names file, rule, value and cure; the good case beside it stays."""

import gzip
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.core.errors import ActiveDintsError, InvalidChannels, InvalidFile, InvalidLabels, InvalidSettings
from activedints.formats.convert import Conversion
from activedints.formats.source import read_dataset
from tests.formats.scans import LPS, dataset, image, label, save

IMAGE, LABEL = "imagesTr/b.nii.gz", "labelsTr/b.nii.gz"


def patch(path: Path, **fields: object) -> None:
    """Overwrite header fields of a .nii.gz as no well-behaved writer would."""
    data = bytearray(gzip.decompress(path.read_bytes()))
    header = nib.Nifti1Header(bytes(data[:348]), check=False)
    for key, value in fields.items():
        header[key] = value
    data[:348] = header.binaryblock
    path.write_bytes(gzip.compress(bytes(data)))


def entry(folder: Path, **changes: object) -> None:
    """Change case b's entry in dataset.json."""
    facts = json.loads((folder / "dataset.json").read_text())
    facts["training"][1] |= changes
    (folder / "dataset.json").write_text(json.dumps(facts))


def shifted() -> np.ndarray:
    moved = LPS.copy()
    moved[0, 3] += 1
    return moved


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link_out(folder: Path) -> None:
    outside = save(folder.parent / "secret.nii.gz", image())
    (folder / IMAGE).unlink()
    (folder / IMAGE).symlink_to(outside)


def with_value(value: float, dtype: type = np.float32) -> np.ndarray:
    array = image(dtype=dtype)
    array[2, 2, 2, 1] = value
    return array


def sform(**rows: object) -> Callable[[Path], None]:
    return lambda folder: patch(folder / IMAGE, qform_code=0, sform_code=1, **rows)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "fewer channels": (lambda d: save(d / IMAGE, image(1)[..., 0]), "2 channels FLAIR, T1w; it has 1: add"),
    "more channels": (lambda d: save(d / IMAGE, image(3)), "2 channels FLAIR, T1w; it has 3"),
    "shapes differ": (lambda d: save(d / LABEL, label((6, 5, 5))), "The shape of labelsTr/b.nii.gz must be that of"),
    "affine differs": (lambda d: save(d / LABEL, label(), shifted()), "The affine of labelsTr/b.nii.gz must be that"),
    "voxel size NaN": (lambda d: patch(d / IMAGE, pixdim=[1, np.nan, 2, 3, 1, 0, 0, 0]), "voxel size of imagesTr/b"),
    "voxel size inf": (lambda d: patch(d / IMAGE, pixdim=[1, 2, np.inf, 3, 1, 0, 0, 0]), "pixdim is .*inf"),
    "voxel size zero": (lambda d: patch(d / IMAGE, pixdim=[1, 2, 2, 0, 1, 0, 0, 0]), r"pixdim is \[2.0, 2.0, 0.0\]"),
    "voxel size < 0": (lambda d: patch(d / LABEL, pixdim=[1, 2, -2, 3, 1, 0, 0, 0]), "voxel size of labelsTr/b"),
    "singular affine": (sform(srow_x=[0, 0, 0, 5]), "affine of imagesTr/b.nii.gz must be invertible"),
    "parallel axes": (sform(srow_x=[2, 2, 0, 0], srow_y=[0, 0, 0, 0], srow_z=[0, 0, 3, 0]), "must be invertible"),
    "non-finite affine": (sform(srow_y=[0, np.nan, 0, 5]), "affine of imagesTr/b.nii.gz must be finite; it holds nan"),
    "no rotation": (lambda d: patch(d / IMAGE, sform_code=0, qform_code=1, quatern_b=3), "qform of imagesTr/b.nii.gz"),
    "truncated gz": (lambda d: (d / IMAGE).write_bytes((d / IMAGE).read_bytes()[:-80]), "is cut short"),
    "damaged gz": (lambda d: flip(d / IMAGE, -6), "damaged gzip"),
    "0 bytes": (lambda d: (d / LABEL).write_bytes(b""), "labelsTr/b.nii.gz must hold an image; it has 0 bytes"),
    "not NIfTI": (lambda d: (d / IMAGE).write_bytes(b"\x89PNG" * 200), "must be a single-file NIfTI"),
    "5-D": (lambda d: save(d / IMAGE, image()[..., None]), r"it is 5-D \(6, 5, 4, 2, 1\): split"),
    "2-D": (lambda d: save(d / IMAGE, np.ones((6, 5), np.int16)), "it is 2-D"),
    "RGB": (lambda d: patch(d / IMAGE, datatype=128), "must hold real numbers; its datatype code is 128"),
    "1 voxel": (
        lambda d: save(d / IMAGE, image(shape=(1, 1, 1))),
        r"at least 4 voxels .* has \(1, 1, 1\)",
    ),
    "unknown label": (lambda d: save(d / LABEL, label() * 3), r"labels of dataset.json \(.*2 core\); it also has 3, 6"),
    "float label": (lambda d: save(d / LABEL, label() + np.float32(0.5)), "as integers; it is stored as float32"),
    "scaled label": (lambda d: patch(d / LABEL, scl_slope=0.5, scl_inter=0), "scaled by 0.5"),
    "negative label": (lambda d: save(d / LABEL, -label().astype(np.int16)), "it has -2 to 0"),
    "4-D label": (lambda d: save(d / LABEL, image()), "must be one label map; it has 2 along a fourth axis"),
    "NaN voxel": (lambda d: save(d / IMAGE, with_value(np.nan)), "channel T1w has 1 voxels that are NaN or infinite"),
    "inf voxel": (lambda d: save(d / IMAGE, with_value(-np.inf)), "must hold finite intensities"),
    "overflow": (lambda d: save(d / IMAGE, with_value(1e300, np.float64)), "must hold finite intensities"),
    "inf scale": (lambda d: patch(d / IMAGE, scl_slope=np.inf), "finite intensity scale"),
    "all zero": (lambda d: save(d / IMAGE, image() * 0), "all its channels are zero"),
    "no file": (lambda d: (d / IMAGE).unlink(), "imagesTr/b.nii.gz does not exist"),
    "folder": (lambda d: ((d / LABEL).unlink(), (d / LABEL).mkdir()), "must be a regular file"),
    "FIFO": (lambda d: fifo(d / IMAGE), "imagesTr/b.nii.gz must be a regular file"),
    "leaves by ..": (lambda d: entry(d, image="../b.nii.gz"), "names ../b.nii.gz, which leaves the folder"),
    "leaves by root": (lambda d: entry(d, label="/etc/passwd"), "names etc/passwd|leaves the folder"),
    "leaves by link": (link_out, "names imagesTr/b.nii.gz, which leaves the folder"),
    "Windows path": (lambda d: entry(d, image="C:\\x.nii.gz"), "is no path inside"),
    "UNC path": (lambda d: entry(d, image="\\\\host\\share\\x.nii.gz"), "is no path inside"),
    "NUL path": (lambda d: entry(d, image="imagesTr/b\0.nii.gz"), "is no path inside"),
    "one name twice": (lambda d: entry(d, name="a"), "Two cases are named a"),
    "one name, other case": (lambda d: entry(d, name="A"), "Two cases are named a"),
    "name ..": (lambda d: entry(d, name="../x"), "must be safe as a file name"),
    "name newline": (lambda d: entry(d, name="b\nc"), r"case name b\\nc must be safe"),
    "name long": (lambda d: entry(d, name="x" * 300), "1 to 120 characters; it has 300"),
    "name device": (lambda d: entry(d, name="COM1.b"), "device of Windows"),
    "name RTL": (lambda d: entry(d, name="b\u202egnp"), r"it holds '\\u202e'"),
    "name Hebrew": (lambda d: entry(d, name="\u05d0\u05d1"), "must be safe"),
    "name NUL": (lambda d: entry(d, name="b\0"), r"it holds '\\x00'"),
    "name dot": (lambda d: entry(d, name=".hidden"), "must be safe"),
    "no image": (lambda d: entry(d, image=7), "must name an image per case"),
}


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("fault", REFUSED)
def test_refused_with_one_sentence(tmp_path: Path, fault: str) -> None:
    spoil, pattern = REFUSED[fault]
    folder = dataset(tmp_path / "set")
    spoil(folder)
    found = read_dataset(folder)
    assert [case.name for case in found.cases] == ["a"]
    (sentence,) = found.problems.values()
    assert re.search(pattern, sentence), sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert len(sentence) < 500


def test_a_header_cannot_make_us_allocate(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set", ("a", "b", "c"))
    patch(folder / "imagesTr/a.nii.gz", dim=[4, 32767, 32767, 32767, 2, 1, 1, 1])
    patch(folder / "imagesTr/b.nii.gz", dim=[4, 700, 700, 500, 2, 1, 1, 1])
    (folder / "imagesTr/c.nii.gz").write_bytes(
        gzip.compress(gzip.decompress((folder / "imagesTr/c.nii.gz").read_bytes()) + bytes(2**26))
    )
    tracemalloc.start()
    found = read_dataset(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not found.cases
    sentences = list(found.problems.values())
    assert "must need at most 2048 MiB" in sentences[0]
    assert "is cut short" in sentences[1]
    assert "goes on for more than" in sentences[2]
    assert peak < 20e6


def test_an_all_zero_channel_is_absent_and_warned(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    picture = image()
    picture[..., 1] = 0
    save(folder / IMAGE, picture)
    case = read_dataset(folder).cases[1]
    assert case.absent == ("T1w",)
    assert case.warnings == ("imagesTr/b.nii.gz: channel T1w is all zero; it is taken as absent.",)


def test_twins_of_macos_are_skipped_silently(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set", test=["./imagesTr/._a.nii.gz"])
    (folder / "imagesTr/._a.nii.gz").write_bytes(b"junk")
    found = read_dataset(folder)
    assert [case.name for case in found.cases] == ["a", "b"]
    assert not found.problems
    assert [case.warnings for case in found.cases] == [(), ()]


@pytest.mark.parametrize(
    ("changes", "error", "pattern"),
    [
        ({"modality": {}}, InvalidChannels, "must number its channels"),
        ({"modality": {"0": "FLAIR", "2": "T1w"}}, InvalidChannels, "must number its channels"),
        ({"modality": {"0": "T1w", "1": "T1w"}}, InvalidChannels, r"\['T1w'\] twice"),
        ({"labels": {"0": "background", "one": "two"}}, InvalidLabels, "must map label numbers"),
        ({"labels": {"0": "background", "300": "core"}}, InvalidLabels, "label of 1 to 254"),
        ({"labels": {"0": "background"}}, InvalidLabels, "at least one label"),
        ({"training": "all", "test": []}, InvalidFile, "must be a list"),
        ({"training": [], "test": []}, InvalidFile, "lists none"),
    ],
)
def test_an_unusable_dataset_json(tmp_path: Path, changes: dict, error: type[ActiveDintsError], pattern: str) -> None:
    with pytest.raises(error, match=pattern):
        read_dataset(dataset(tmp_path / "set", **changes))


@pytest.mark.parametrize("text", [b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b""])
def test_dataset_json_that_is_no_json(tmp_path: Path, text: bytes) -> None:
    folder = dataset(tmp_path / "set")
    (folder / "dataset.json").write_bytes(text)
    with pytest.raises(InvalidFile, match=r"dataset\.json"):
        read_dataset(folder)


def test_two_ways_to_write_labels_and_channels(tmp_path: Path) -> None:
    folder = dataset(
        tmp_path / "set", modality=None, channel_names={"0": "T2", "1": "PD"}, labels={"background": 0, "x": 2, "y": 1}
    )
    found = read_dataset(folder)
    assert found.channels == ("T2", "PD")
    assert found.labels is not None
    assert (found.labels.values, found.labels.names) == ((0, 1, 2), ("background", "y", "x"))
    assert not found.problems


def test_gaps_in_label_values_and_ignore(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set", labels={"0": "background", "2": "edema", "5": "core"})
    values = np.array([0, 2, 5, 255], np.uint8)
    for name in "ab":
        save(folder / f"labelsTr/{name}.nii.gz", values[np.arange(120).reshape(6, 5, 4) % 4])
    assert not read_dataset(folder).problems


def test_progress_is_reported(tmp_path: Path) -> None:
    heard = []

    def report(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        heard.append((step, total))

    read_dataset(dataset(tmp_path / "set"), report=report)
    assert heard == [(1, 2), (2, 2)]


def test_what_is_missing_is_named_as_it_is(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    (folder / IMAGE).write_bytes((folder / IMAGE).read_bytes()[:-6])
    assert "a checksum, are missing" in read_dataset(folder).problems["b"]
    save(folder / IMAGE, with_value(1e300, np.float64))
    assert "goes from 1 to 1e+300: rescale it" in read_dataset(folder).problems["b"]
    (tmp_path / "bare").mkdir()
    with pytest.raises(InvalidFile, match="bare must hold cases; no case was found"):
        read_dataset(tmp_path / "bare")


def test_registration_that_cannot_be_is_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    with pytest.raises(InvalidSettings, match="needs a reference"):
        Conversion(tmp_path, register=True)
    found = read_dataset(folder, conversion=Conversion(tmp_path, "FLAIR", register=True))
    assert all("several channels in one file" in sentence for sentence in found.problems.values())
    assert not found.cases


def test_derivatives_are_no_channels(tmp_path: Path) -> None:
    place = tmp_path / "sub-a" / "anat"
    place.mkdir(parents=True)
    save(place / "sub-a_desc-annotated_dseg.nii.gz", label())
    with pytest.raises(InvalidChannels, match="must hold images; they hold none besides"):
        read_dataset(tmp_path, "bids")
