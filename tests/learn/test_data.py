"""Data: normalisation, class index, patches, augmentation."""

import dataclasses

import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidGeometry
from activedints.learn.augment import augment
from activedints.learn.data import PatchSampler, bounding_box, normalise, prepare, resample, resident, working_size
from tests.learn.toy import toy_case


def test_normalise_inside_the_brain_alone():
    case = toy_case()
    result = normalise(case.image, case.brain)
    assert result.dtype == np.float32
    assert (result[:, ~case.brain] == 0).all()
    np.testing.assert_allclose(result[:, case.brain].mean(1), 0, atol=1e-3)
    np.testing.assert_allclose(result[:, case.brain].std(1), 1, atol=1e-3)
    air = case.image + np.where(case.brain, 0, 1000)
    assert np.array_equal(normalise(air, case.brain), result)


def test_an_absent_channel_stays_zero():
    case = toy_case()
    image = case.image.copy()
    image[1] = 0
    result = normalise(image, case.brain)
    assert (result[1] == 0).all()
    assert result[0].any()


def test_outliers_are_clipped():
    case = toy_case()
    image = case.image.copy()
    image[0][tuple(np.argwhere(case.brain)[0])] = 1e9
    assert normalise(image, case.brain).max() < 10


def test_prepare_crops_pads_and_indexes():
    case = toy_case()
    label = case.label.copy()
    label[:, :14] = 255
    ready = prepare(dataclasses.replace(case, label=label), 3, patch=(32, 32, 32))
    assert ready.image.shape == (2, 32, 32, 32)
    assert set(ready.index) == {0, 1, 2}
    flat = ready.label.numpy().ravel()
    for c, voxels in ready.index.items():
        assert (flat[voxels] == c).all()
    assert len(ready.index[2]) == (label == 2).sum()
    # the background is drawn from the brain alone
    assert (ready.image.numpy().reshape(2, -1)[:, ready.index[0]] != 0).any(0).all()


def test_prepare_resamples_to_the_working_spacing():
    ready = prepare(toy_case(), 3, target=(4.0, 4.0, 4.0))
    assert ready.image.shape[1:] == tuple(round(n / 2) for n in prepare(toy_case(), 3).image.shape[1:])
    assert working_size((10, 10, 10), (1.05, 1.0, 1.0), (1.0, 1.0, 1.0)) == (10, 10, 10)
    assert working_size((10, 10, 10), (1.0, 1.0, 5.0), (1.0, 1.0, 1.0)) == (10, 10, 50)


def test_resample_keeps_a_constant_and_a_ramp():
    ramp = torch.arange(16.0).view(1, 16, 1, 1).expand(1, 16, 4, 4)
    half = resample(ramp, (8, 4, 4))[0, :, 0, 0]
    np.testing.assert_allclose(half[2:-2], np.arange(8)[2:-2] * 2 + 0.5, atol=1e-4)
    assert torch.allclose(resample(torch.ones(1, 5, 6, 7), (9, 3, 7)), torch.ones(1, 9, 3, 7))


def test_prepare_refuses_what_does_not_fit():
    with pytest.raises(InvalidGeometry, match="toy"):
        prepare(dataclasses.replace(toy_case(), label=np.zeros((2, 2, 2), np.uint8)), 3)


def test_every_other_patch_is_background_and_the_classes_share_the_rest():
    sampler = PatchSampler([prepare(toy_case("a", 0), 3), prepare(toy_case("b", 1), 3)], (8, 8, 8))
    random = np.random.default_rng(0)
    for _ in range(5):
        image, label = sampler.batch(4, random)
        assert image.shape == (4, 2, 8, 8, 8)
        assert label.shape == (4, 8, 8, 8)
        assert all((label == c).any() for c in (0, 1, 2))
    assert sampler.turns == [0, 1, 0, 2]
    one = sampler.batch(2, np.random.default_rng(3))
    two = sampler.batch(2, np.random.default_rng(3))
    assert torch.equal(one[0], two[0])


def test_cases_move_to_a_device_only_where_a_quarter_of_its_memory_holds_them():
    ready = [prepare(toy_case(), 3)]
    size, elsewhere = ready[0].image.nbytes + ready[0].label.nbytes, torch.device("meta")
    assert resident(ready, torch.device("cpu"))[0].image.device.type == "cpu"
    assert resident(ready, elsewhere, free=4 * size - 1)[0].image.device.type == "cpu"
    moved = resident(ready, elsewhere, free=4 * size)
    assert {moved[0].image.device.type, moved[0].label.device.type} == {"meta"}
    image, _ = PatchSampler(moved, (8, 8, 8)).batch(2, np.random.default_rng(0))  # cut where the cases lie
    assert image.device.type == "meta"
    assert image.shape == (2, 2, 8, 8, 8)


def test_augmentation_is_seeded_keeps_air_and_moves_labels_with_the_image():
    # the image is the label, so whatever happens in space must happen to both
    label = torch.zeros(6, 16, 16, 16, dtype=torch.uint8)
    label[:, 4:9, 5:12, 3:8] = 1
    image = label.float()[:, None].repeat(1, 2, 1, 1, 1) * 5
    changed, moved = augment(image, label, np.random.default_rng(0))
    again, _ = augment(image, label, np.random.default_rng(0))
    assert torch.equal(changed, again)
    assert changed.shape == image.shape
    assert moved.dtype == torch.uint8
    assert set(moved.unique().tolist()) <= {0, 1, 255}
    for item, mask in zip(changed, moved):
        present = (item != 0).any(0)
        assert present[mask == 1].float().mean() > 0.9  # interpolation blurs the rim
        assert (present & (mask == 0)).sum() < (mask == 1).sum()


def test_bounding_box_of_nothing_is_everything():
    assert bounding_box(np.zeros((2, 3, 4), bool)) == (slice(0, 2), slice(0, 3), slice(0, 4))
