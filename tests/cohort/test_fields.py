"""Noise of unit variance, warps that can be undone, reading between voxels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.cohort.fields import pull, smooth_noise, smooth_warp, tame


def test_noise_has_unit_variance_and_is_smooth() -> None:
    noise = smooth_noise(np.random.default_rng(0), (64, 60, 56), 8)
    assert noise.shape == (64, 60, 56)
    assert noise.dtype == np.float32
    assert 0.85 < noise.std() < 1.15
    assert np.abs(np.diff(noise, axis=0)).mean() < 0.35


def test_noise_at_voxel_scale_matches_the_dense_sum_over_knots() -> None:
    # naive oracle: cubic B-spline weights of every knot, all axes by einsum
    shape, feature = (9, 7, 8), 5.0
    step = feature / 2
    knots = np.random.default_rng(3).standard_normal([int(np.ceil(n / step)) + 3 for n in shape], dtype=np.float32)

    def weights(size: int, count: int) -> np.ndarray:
        distance = np.abs(np.arange(size)[:, None] / step + 1 - np.arange(count)[None])
        value = np.where(distance < 1, 2 / 3 - distance**2 + distance**3 / 2, np.clip(2 - distance, 0, None) ** 3 / 6)
        return value / np.sqrt((value**2).sum(1, keepdims=True))

    expected = np.einsum("abc,ia,jb,kc->ijk", knots, *(weights(n, k) for n, k in zip(shape, knots.shape)))
    np.testing.assert_allclose(smooth_noise(np.random.default_rng(3), shape, feature), expected, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(4, 30), st.floats(0.1, 20))
def test_a_warp_never_folds(seed: int, feature: float, most: float) -> None:
    warp = smooth_warp(np.random.default_rng(seed), (20, 18, 16), feature, most)
    slope = sum(np.abs(np.gradient(warp[0], axis=axis)) for axis in range(3))
    assert slope.max() <= 0.451
    jacobian = np.stack([np.stack(np.gradient(part)) for part in warp]) + np.eye(3)[:, :, None, None, None]
    assert np.linalg.det(np.moveaxis(jacobian, (0, 1), (-2, -1))).min() > 0


def test_taming_scales_a_steep_warp_and_leaves_a_gentle_one() -> None:
    ramp = np.zeros((3, 6, 6, 6), np.float32)
    ramp[0] = 2 * np.arange(6)[:, None, None]
    np.testing.assert_allclose(tame(ramp, 0.5), ramp / 4)
    np.testing.assert_array_equal(tame(ramp / 10, 0.5), ramp / 10)


def test_pull_reads_halfway_between_voxels_and_nothing_outside() -> None:
    array = np.zeros((3, 3, 3), np.uint8)
    array[1, 1, 1] = 100
    points = np.array([[1.5, 1.0, 9.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], np.float32)
    assert pull(array, points).tolist() == pytest.approx([50, 100, 0])
