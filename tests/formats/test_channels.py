from pathlib import Path

import nibabel as nib
import numpy as np

from activedints.formats.channels import channel_files

OBLIQUE = np.array([[-1.9, 0.2, 0.0, 30.0], [0.2, 1.9, 0.1, -20.0], [0.0, -0.1, 3.0, 5.0], [0, 0, 0, 1.0]])


def test_stacked_channels_come_apart_on_the_same_grid(tmp_path: Path) -> None:
    stacked = np.arange(6 * 5 * 4 * 3, dtype=np.int16).reshape(6, 5, 4, 3)
    nib.save(nib.Nifti1Image(stacked, OBLIQUE), tmp_path / "case.nii.gz")
    paths = channel_files(tmp_path / "case.nii.gz", tmp_path / "cache")
    assert [path.name for path in paths] == ["case-0.nii", "case-1.nii", "case-2.nii"]
    for index, path in enumerate(paths):
        image = nib.load(path)
        assert image.get_data_dtype() == np.int16
        np.testing.assert_array_equal(np.asanyarray(image.dataobj), stacked[..., index])
        np.testing.assert_allclose(image.affine, OBLIQUE, atol=1e-5)


def test_scaled_voxels_keep_their_intensity(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_dtype(np.uint8)
    image = nib.Nifti1Image(np.linspace(0, 1, 4 * 4 * 4 * 2).reshape(4, 4, 4, 2), np.diag([1.0, 1, 1, 1]), header)
    nib.save(image, tmp_path / "scaled.nii")
    expected = nib.load(tmp_path / "scaled.nii").get_fdata()
    for index, path in enumerate(channel_files(tmp_path / "scaled.nii", tmp_path / "cache")):
        np.testing.assert_allclose(nib.load(path).get_fdata(), expected[..., index], atol=1e-6)


def test_a_3d_file_is_its_own_channel_and_nothing_is_made_twice(tmp_path: Path) -> None:
    single = tmp_path / "flair.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.int16), np.eye(4)), single)
    assert channel_files(single, tmp_path / "cache") == [single]
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4, 2), np.int16), np.eye(4)), tmp_path / "two.nii.gz")
    first = channel_files(tmp_path / "two.nii.gz", tmp_path / "cache")
    times = [path.stat().st_mtime_ns for path in first]
    assert channel_files(tmp_path / "two.nii.gz", tmp_path / "cache") == first
    assert [path.stat().st_mtime_ns for path in first] == times
