"""A scribble corrects what it should, and nothing that does not hang together with it."""

import numpy as np
import pytest

from activedints.core.errors import InvalidGeometry
from activedints.learn.refine import refine

SHAPE = (32, 32, 32)
SPACING = (2.0, 2.0, 2.0)


def scene(seed: int = 0):
    """Two bright balls on a dark ground with noise, two channels; (image, the first ball, the second)."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), -1)
    one = np.linalg.norm(grid - [10, 16, 16], axis=-1) <= 5
    two = np.linalg.norm(grid - [23, 16, 16], axis=-1) <= 4
    noise = np.random.default_rng(seed).normal(0, 8, (2, *SHAPE))
    image = np.stack([200.0 * (one | two), 120.0 * (one | two)]) + 100 + noise
    return image.astype(np.float32), one, two


def stroke(along: slice) -> np.ndarray:
    drawn = np.zeros(SHAPE, bool)
    drawn[along, 16, 16] = True
    return drawn


def test_one_stroke_finds_the_ball_that_the_draft_missed_and_leaves_the_other():
    image, one, two = scene()
    label = np.where(two, 2, 0).astype(np.uint8)
    after = refine(image, label, stroke(slice(7, 14)), 1, SPACING)
    found = after == 1
    assert not (found & ~one).any()
    assert found.sum() > 0.6 * one.sum()  # of 515 voxels, by a stroke of 7
    np.testing.assert_array_equal(after == 2, two)


def test_a_stroke_of_background_takes_a_false_ball_out_of_the_draft():
    image, one, _ = scene()
    false = np.zeros(SHAPE, bool)
    false[20:27, 3:9, 3:9] = True
    label = (one | false).astype(np.uint8)
    drawn = np.zeros(SHAPE, bool)
    drawn[21:26, 6, 6] = True
    after = refine(image, label, drawn, 0, SPACING)
    assert (after[false] == 0).mean() > 0.9
    assert (after[one] == 1).all()


def test_only_the_scribbles_label_is_ever_written():
    image, _, _ = scene()
    label = np.random.default_rng(1).integers(0, 3, SHAPE).astype(np.uint8)
    drawn = stroke(slice(8, 12))
    after = refine(image, label, drawn, 2, SPACING, np.full(SHAPE, 0.5))
    assert (after[drawn] == 2).all()
    assert (after[after != label] == 2).all()


def test_anisotropic_voxels_and_constant_channels_are_no_fault():
    image, _, _ = scene()
    flat = np.concatenate([image, np.full((1, *SHAPE), 7.0)]).astype(np.float32)
    after = refine(
        flat[..., ::3], np.zeros((32, 32, 11), np.uint8), stroke(slice(7, 14))[..., 1::3], 1, (2.0, 2.0, 6.0)
    )
    assert (after == 1).sum() > 50


def test_an_empty_stroke_and_unlike_shapes_are_refused():
    image, _, _ = scene()
    label = np.zeros(SHAPE, np.uint8)
    with pytest.raises(InvalidGeometry, match="something must be drawn"):
        refine(image, label, np.zeros(SHAPE, bool), 1, SPACING)
    with pytest.raises(InvalidGeometry, match="share one box"):
        refine(image[..., :5], label, stroke(slice(3, 5)), 1, SPACING)
