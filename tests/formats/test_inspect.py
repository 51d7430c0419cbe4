"""``doctor PATH``: the faults of an import, before the import."""

from pathlib import Path

import numpy as np

from activedints.formats.inspect import inspect
from tests.formats.scans import dataset, image, label, save


def test_a_data_set_is_read_as_an_import_reads_it(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    assert inspect(folder) == []
    (folder / "labelsTr/b.nii.gz").write_bytes(b"")
    assert inspect(folder) == inspect(folder / "dataset.json")
    assert inspect(folder) == [
        ("b", "labelsTr/b.nii.gz must hold an image; it has 0 bytes: copy it again from its source.")
    ]
    (folder / "dataset.json").write_text("{")
    ((file, sentence),) = inspect(folder)
    assert file.endswith("/set")
    assert "must be a JSON object" in sentence


def test_any_folder_and_any_file(tmp_path: Path) -> None:
    save(tmp_path / "p/good.nii.gz", image())
    bad = save(tmp_path / "p/short.nii.gz", image())
    bad.write_bytes(bad.read_bytes()[:-50])
    (tmp_path / "p/._good.nii.gz").write_bytes(b"junk")
    assert [file for file, _ in inspect(tmp_path / "p")] == ["short"]
    assert inspect(tmp_path / "p/good.nii.gz") == []
    assert "cut short" in inspect(bad)[0][1]
    assert "does not exist" in inspect(tmp_path / "none")[0][1]
    (tmp_path / "empty").mkdir()
    assert "no case was found" in inspect(tmp_path / "empty")[0][1]


def test_one_folder_per_case_is_found_by_patterns_and_never_passed_over(tmp_path: Path) -> None:
    for name in ("p1", "p2"):
        save(tmp_path / name / "x_flair.nii.gz", image(1)[..., 0])
        save(tmp_path / name / "x_seg.nii.gz", label())
    globs = {"FLAIR": "*flair*", "label": "*seg*"}
    assert inspect(tmp_path, channel_globs=globs) == []
    save(tmp_path / "p2/x_seg.nii.gz", label().astype(np.float32) / 2)
    assert [case for case, _ in inspect(tmp_path, channel_globs=globs)] == ["p2"]
    ((_, sentence),) = inspect(tmp_path)
    assert f"{tmp_path} must hold cases; no case was found" in sentence
    assert "--" not in sentence  # the Data page says it too
