"""The brain mask: a file first, then what skull stripping left, then an estimate."""

from pathlib import Path

import numpy as np
import pytest

from activedints.core.errors import InvalidGeometry, InvalidLabels
from activedints.core.volume import Volume
from activedints.formats.brain import brain_mask
from tests.formats.scans import save

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def ball(radius: float, size: int = 48) -> np.ndarray:
    return sum((axis - (size - 1) / 2) ** 2 for axis in np.indices((size,) * 3)) < radius**2


def volume(*channels: np.ndarray) -> Volume:
    return Volume(np.stack(channels).astype(np.float32), AFFINE, tuple(f"c{i}" for i in range(len(channels))))


def test_stripped_scans_show_their_own_mask() -> None:
    brain = ball(18)
    first = brain * 100.0
    first[24, 24, 24] = 0  # a zero inside is still brain
    mask, how = brain_mask(volume(first, first * 0))
    np.testing.assert_array_equal(mask, brain)
    assert how.startswith("the voxels that are not zero")


def test_a_whole_head_with_noisy_air_is_estimated() -> None:
    rng = np.random.default_rng(0)
    head, skull, brain = ball(22), ball(20), ball(17)
    picture = np.abs(rng.normal(0, 4, head.shape)) + 120.0 * (head & ~skull) + 100.0 * brain
    mask, how = brain_mask(volume(picture))
    assert "estimated" in how
    assert (mask & brain).sum() / brain.sum() > 0.99
    assert (mask & ~head).sum() == 0


def test_nothing_to_tell_apart() -> None:
    mask, how = brain_mask(volume(np.full((8, 8, 8), 3.0)))
    assert mask.all()
    assert "whole volume" in how


def test_a_file_wins_and_must_fit(tmp_path: Path) -> None:
    brain = ball(10, 24).astype(np.uint8)
    picture = volume(np.ones((24, 24, 24)))
    mask, how = brain_mask(picture, save(tmp_path / "brain.nii.gz", brain, AFFINE))
    np.testing.assert_array_equal(mask, brain > 0)
    assert how.startswith("from the file")
    with pytest.raises(InvalidGeometry, match="must lie on the grid"):
        brain_mask(picture, save(tmp_path / "shifted.nii.gz", brain, AFFINE + np.eye(4) * [0, 0, 1, 0]))
    with pytest.raises(InvalidLabels, match="all its voxels are 0"):
        brain_mask(picture, save(tmp_path / "empty.nii.gz", brain * 0, AFFINE))
