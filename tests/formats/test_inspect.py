"""``doctor PATH``: the faults of an import, before the import."""

from pathlib import Path

from activedints.formats.inspect import inspect
from tests.formats.scans import dataset, image, save


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
    save(tmp_path / "p/deep/short.nii.gz", image())
    bad = tmp_path / "p/deep/short.nii.gz"
    bad.write_bytes(bad.read_bytes()[:-50])
    (tmp_path / "p/._good.nii.gz").write_bytes(b"junk")
    assert [file for file, _ in inspect(tmp_path / "p")] == ["deep/short.nii.gz"]
    assert inspect(tmp_path / "p/good.nii.gz") == []
    assert "cut short" in inspect(bad)[0][1]
    assert "does not exist" in inspect(tmp_path / "none")[0][1]
    (tmp_path / "empty").mkdir()
    assert "holds no NIfTI file" in inspect(tmp_path / "empty")[0][1]
