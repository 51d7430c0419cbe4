"""Volumes for the browser and masks from it: the file's own grid must come back, whatever its orientation."""

import gzip
import hashlib

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.affines import apply_affine
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

from activedints.core.errors import InvalidFile, InvalidGeometry
from activedints.ui.viewer import volumes

CODES = [x + y + z for x in "RL" for y in "AP" for z in "SI"]
CODES += ["".join(c[i] for i in order) for c in CODES for order in ((1, 2, 0), (2, 0, 1), (1, 0, 2))]


def affine_of(code: str, shape: tuple[int, int, int], tilt: float = 0.0) -> np.ndarray:
    """An affine whose axes point to ``code``, tilted about two axes, with voxels of 1 x 2 x 3 mm in RAS order."""
    c, s = np.cos(tilt), np.sin(tilt)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    ras = np.eye(4)
    ras[:3, :3] = turn @ np.diag([1.0, 2.0, 3.0])
    ras[:3, 3] = (-10, -20, 5)
    ornt = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(code))
    ras_shape = [shape[int(np.flatnonzero(axcodes2ornt(code)[:, 0] == axis)[0])] for axis in range(3)]
    return ras @ inv_ornt_aff(ornt, ras_shape)


def test_a_pir_file_by_hand():
    """PIR: first axis to Posterior, second to Inferior, third to Right, so RAS = (third, -first, -second)."""
    grid = volumes.Grid((2, 3, 4), affine_of("PIR", (2, 3, 4)))
    assert nib.aff2axcodes(grid.affine) == ("P", "I", "R")
    assert grid.ras_shape == (4, 2, 3)
    array = np.arange(24).reshape(2, 3, 4)
    assert grid.to_ras(array)[3, 0, 0] == array[1, 2, 3]
    assert grid.ras_box(((0, 0, 1), (1, 2, 3))) == ((1, 1, 1), (3, 2, 3))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CODES), st.tuples(*[st.integers(2, 5)] * 3), st.floats(-0.4, 0.4), st.randoms())
def test_every_voxel_keeps_its_place(code, shape, tilt, random):
    grid = volumes.Grid(shape, affine_of(code, shape, tilt))
    array = np.random.default_rng(random.randrange(1000)).integers(0, 9, shape)
    ras = grid.to_ras(array)
    assert ras.shape == grid.ras_shape
    np.testing.assert_array_equal(grid.to_file(ras), array)
    assert nib.aff2axcodes(grid.ras_affine) == ("R", "A", "S")
    marked = np.zeros(shape, int)
    voxel = tuple(random.randrange(n) for n in shape)
    marked[voxel] = 1
    seen = np.argwhere(grid.to_ras(marked))[0]
    np.testing.assert_allclose(apply_affine(grid.ras_affine, seen), apply_affine(grid.affine, voxel), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CODES), st.randoms())
def test_a_box_holds_the_same_voxels(code, random):
    shape = (3, 4, 5)
    grid = volumes.Grid(shape, affine_of(code, shape))
    lo = [random.randrange(n) for n in shape]
    hi = [random.randrange(a + 1, n + 1) for a, n in zip(lo, shape)]
    inside = np.zeros(shape, bool)
    inside[tuple(slice(a, b) for a, b in zip(lo, hi))] = True
    (x0, y0, z0), (x1, y1, z1) = grid.ras_box((tuple(lo), tuple(hi)))
    expected = np.zeros(grid.ras_shape, bool)
    expected[x0:x1, y0:y1, z0:z1] = True
    np.testing.assert_array_equal(grid.to_ras(inside), expected)
    assert grid.file_box(((x0, y0, z0), (x1, y1, z1))) == (tuple(lo), tuple(hi))


def save(path, array, code="LPS"):
    nib.save(nib.Nifti1Image(array, affine_of(code, array.shape)), path)
    return path


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.uint16, np.int32])
def test_images_become_int16_within_half_a_step_of_their_range(tmp_path, kind):
    array = np.random.default_rng(0).normal(20_000, 6_000, (15, 16, 17)).clip(0).astype(kind)
    made = nib.load(volumes.channel_file(save(tmp_path / "a.nii.gz", array), tmp_path / "cache"))
    grid = volumes.read_grid(tmp_path / "a.nii.gz")
    assert made.get_data_dtype() == np.int16
    np.testing.assert_allclose(made.affine, grid.ras_affine, atol=1e-5)
    step = np.ptp(array.astype(float)) / volumes.LEVELS
    np.testing.assert_allclose(made.get_fdata(), grid.to_ras(array), atol=step / 2 + 1)


@pytest.mark.parametrize("array", [[0, 1, -7, 500], [0, 0, 0, 0], [9, 9, 9, 9]])
def test_small_whole_numbers_stay_as_they_are(tmp_path, array):
    stored = np.array(array, np.int16).reshape(4, 1, 1)
    made = nib.load(volumes.channel_file(save(tmp_path / "a.nii.gz", stored, "RAS"), tmp_path / "cache"))
    assert made.get_fdata().ravel().tolist() == array


def test_the_window_is_that_of_the_brain_even_where_skull_and_air_are_not_zero(tmp_path):
    """A mask on the same grid, stored in another orientation, as imported cases have it."""
    image = np.full((10, 10, 10), 5000, np.int16)
    image[:4, :5, :] = np.arange(200).reshape(4, 5, 10) + 100
    brain = np.zeros(image.shape, np.uint8)
    brain[:4, :5, :] = 1
    path = save(tmp_path / "a.nii.gz", image, "LPS")
    grid = volumes.read_grid(path)
    nib.save(nib.Nifti1Image(grid.to_ras(brain), grid.ras_affine), tmp_path / "brain.nii.gz")
    made = nib.load(volumes.channel_file(path, tmp_path / "cache", tmp_path / "brain.nii.gz"))
    low, high = np.percentile(np.arange(100, 300), volumes.WINDOW)
    assert float(made.header["cal_min"]) == pytest.approx(low)
    assert float(made.header["cal_max"]) == pytest.approx(high)
    whole = nib.load(volumes.channel_file(path, tmp_path / "cache"))
    assert float(whole.header["cal_max"]) == 5000
    nib.save(nib.Nifti1Image(brain[1:], np.eye(4)), tmp_path / "other.nii.gz")
    with pytest.raises(InvalidGeometry, match="import it again"):
        volumes.channel_file(path, tmp_path / "cache", tmp_path / "other.nii.gz")


def test_what_is_not_a_number_is_shown_as_nothing(tmp_path):
    array = np.array([np.nan, np.inf, 0.5, 1e30], np.float64).reshape(4, 1, 1)
    made = nib.load(volumes.channel_file(save(tmp_path / "a.nii.gz", array, "RAS"), tmp_path / "cache"))
    assert made.get_fdata().ravel()[:2].tolist() == [0, 0]
    assert made.get_fdata().ravel()[3] == pytest.approx(1e30, rel=1e-3)


def test_heat_is_a_byte_and_labels_hide_ignore(tmp_path):
    heat = np.array([0, 0.2, 1, 7]).reshape(4, 1, 1)
    made = nib.load(volumes.heat_file(save(tmp_path / "h.nii.gz", heat, "RAS"), tmp_path / "cache"))
    np.testing.assert_allclose(made.get_fdata().ravel(), [0, 0.2, 1, 1], atol=1e-6)
    labels = np.array([0, 3, 255, 1], np.uint8).reshape(4, 1, 1)
    path = volumes.label_file(save(tmp_path / "l.nii.gz", labels, "RAS"), tmp_path / "cache")
    assert nib.load(path).get_fdata().ravel().tolist() == [0, 3, 0, 1]
    assert volumes.voxel_sha(path) == hashlib.sha256(bytes([0, 3, 0, 1])).hexdigest()


def test_prepared_once_per_content(tmp_path):
    path = save(tmp_path / "a.nii.gz", np.zeros((2, 2, 2), np.int16))
    first = volumes.channel_file(path, tmp_path / "cache")
    assert volumes.channel_file(path, tmp_path / "cache") == first
    save(path, np.ones((2, 2, 2), np.int16))
    assert volumes.channel_file(path, tmp_path / "cache") != first
    assert gzip.decompress(first.read_bytes())[352:] == bytes(16)


def test_what_cannot_be_shown_is_named(tmp_path):
    (tmp_path / "x.nii.gz").write_bytes(b"")
    with pytest.raises(InvalidFile, match=r"x\.nii\.gz cannot be read"):
        volumes.read_grid(tmp_path / "x.nii.gz")
    save(tmp_path / "a.nii.gz", np.zeros((2, 2, 2), np.int16))
    save(tmp_path / "b.nii.gz", np.zeros((2, 2, 2), np.int16), "RAS")
    with pytest.raises(InvalidGeometry, match=r"b\.nii\.gz lies on another grid than a\.nii\.gz"):
        volumes.common_grid([tmp_path / "a.nii.gz", tmp_path / "b.nii.gz"])
    assert volumes.common_grid([tmp_path / "a.nii.gz"], labels=[tmp_path / "b.nii.gz"]).shape == (2, 2, 2)
    far = save(tmp_path / "c.nii.gz", np.zeros((2, 2, 3), np.uint8), "RAS")
    with pytest.raises(InvalidGeometry, match=r"c\.nii\.gz lies on another grid"):
        volumes.common_grid([tmp_path / "a.nii.gz"], labels=[far])
    with pytest.raises(InvalidFile, match="whole numbers"):
        volumes.label_file(save(tmp_path / "f.nii.gz", np.full((2, 2, 2), 0.5)), tmp_path / "cache")
