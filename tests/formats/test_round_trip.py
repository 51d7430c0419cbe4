"""Label maps and maps go out on the grid they came from, whatever the order of axes (PEERS R4)."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from activedints.core.errors import InvalidGeometry
from activedints.core.volume import LabelMap
from activedints.formats.case import CaseSource
from activedints.formats.nifti import read_labelmap, read_volume, write_annotation, write_labelmap, write_map
from tests.formats.scans import LPS, image, save


def test_lps_file_is_read_as_ras(tmp_path: Path) -> None:
    array = np.zeros((4, 5, 6), np.uint8)
    array[0, 0, 0] = 7  # the voxel furthest left-to-right and back-to-front in an LPS file
    labels = read_labelmap(save(tmp_path / "l.nii.gz", array))
    assert labels.array[3, 4, 0] == 7
    assert labels.affine[:3, 3].tolist() == [90 - 2 * 3, 120 - 2 * 4, -70]
    assert np.diag(labels.affine).tolist() == [2, 2, 3, 1]


def test_intensity_scaling_and_channel_order(tmp_path: Path) -> None:
    picture = nib.Nifti1Image(image(), LPS)
    picture.header.set_slope_inter(0.5, 10)
    nib.save(picture, tmp_path / "i.nii.gz")
    raw = np.asarray(nib.load(tmp_path / "i.nii.gz").dataobj.get_unscaled(), np.float32)
    volume = read_volume(CaseSource("i", (tmp_path / "i.nii.gz",), ("FLAIR", "T1w")))
    assert volume.array.shape == (2, 6, 5, 4)
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array[1], raw[::-1, ::-1, :, 1] * 0.5 + 10)


@st.composite
def affines(draw: st.DrawFn) -> np.ndarray:
    """Oblique, flipped, permuted, anisotropic: rotation x permutation x signed sizes, anywhere in the scanner."""
    angles = draw(st.tuples(*[st.floats(-180, 180)] * 3))
    order = draw(st.permutations(range(3)))
    sizes = draw(st.tuples(*[st.floats(0.3, 6.0)] * 3))
    signs = draw(st.tuples(*[st.sampled_from((-1, 1))] * 3))
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.eye(3)[:, order]
    matrix[:3, :3] *= np.multiply(sizes, signs)
    matrix[:3, 3] = draw(st.tuples(*[st.floats(-300, 300)] * 3))
    return matrix


@settings(max_examples=80, deadline=None)
@given(affines(), st.tuples(*[st.integers(4, 7)] * 3), st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_round_trip(tmp_path_factory, affine, shape, seed, four_d, qform_only) -> None:
    folder = tmp_path_factory.mktemp("trip")
    voxels = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    source = nib.Nifti1Image(image(2, np.int16, shape) if four_d else voxels.astype(np.int16), affine)
    if qform_only:
        source.set_qform(affine, 1)
        source.set_sform(None, 0)
    nib.save(source, folder / "image.nii.gz")
    like = nib.load(folder / "image.nii.gz")
    write_annotation(folder / "in.nii.gz", voxels, folder / "image.nii.gz")
    labels = read_labelmap(folder / "in.nii.gz", like=folder / "image.nii.gz")
    canonical = nib.as_closest_canonical(nib.Nifti1Image(voxels, like.affine))
    np.testing.assert_array_equal(labels.array, np.asarray(canonical.dataobj))
    np.testing.assert_allclose(labels.affine, canonical.affine, atol=1e-6)
    write_labelmap(folder / "out.nii.gz", labels, folder / "image.nii.gz")
    result = nib.load(folder / "out.nii.gz")
    np.testing.assert_array_equal(np.asarray(result.dataobj), voxels)
    np.testing.assert_allclose(result.affine, like.affine, atol=1e-6)
    assert result.get_data_dtype() == np.uint8
    for code in ("qform_code", "sform_code"):
        assert result.header[code] == like.header[code]


def test_class_map_lies_on_the_source_grid(tmp_path: Path) -> None:
    like = save(tmp_path / "image.nii.gz", image(2))
    grid = read_volume(CaseSource("i", (like,), ("a", "b")))
    probabilities = np.random.default_rng(0).random((6, 5, 4, 3)).astype(np.float32)
    write_map(tmp_path / "prob.nii.gz", probabilities, grid.affine, like)
    result = nib.load(tmp_path / "prob.nii.gz")
    np.testing.assert_array_equal(result.affine, LPS)
    np.testing.assert_array_equal(np.asarray(result.dataobj), probabilities[::-1, ::-1])


def test_uncompressed_and_nifti2_and_no_names_of_patients(tmp_path: Path) -> None:
    source = nib.Nifti2Image(image(1)[..., 0], LPS)
    source.header["descrip"] = b"Jane Doe"
    nib.save(source, tmp_path / "image.nii")
    write_annotation(tmp_path / "out.nii", np.ones((6, 5, 4), np.uint8), tmp_path / "image.nii")
    result = nib.load(tmp_path / "out.nii")
    assert isinstance(result, nib.Nifti2Image)
    assert b"Jane" not in (tmp_path / "out.nii").read_bytes()
    assert np.asarray(result.dataobj).all()


def test_wrong_grids_are_refused_and_nothing_is_left_behind(tmp_path: Path) -> None:
    like = save(tmp_path / "image.nii.gz", image(1)[..., 0])
    with pytest.raises(InvalidGeometry, match="must lie on the grid"):
        write_labelmap(tmp_path / "x.nii.gz", LabelMap(np.zeros((6, 5, 4), np.uint8), np.eye(4)), like)
    with pytest.raises(InvalidGeometry, match="must be uint8 of shape"):
        write_annotation(tmp_path / "x.nii.gz", np.zeros((5, 6, 4), np.uint8), like)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["image.nii.gz"]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch) -> None:
    like = save(tmp_path / "image.nii.gz", image(1)[..., 0])
    out = tmp_path / "out.nii.gz"
    write_annotation(out, np.ones((6, 5, 4), np.uint8), like)
    before = out.read_bytes()

    def no_space(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_annotation(out, np.zeros((6, 5, 4), np.uint8), like)
    assert out.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
