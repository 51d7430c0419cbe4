"""Prediction: draws on a real DiNTS, the folded mask against real dropout, grids, seams, memory, model files."""

import dataclasses
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from activedints.core.errors import InvalidChannels, InvalidGeometry, NotFound, UnsafeCheckpoint
from activedints.core.settings import ScoreSettings
from activedints.core.uncertainty import DrawStatistics
from activedints.learn.model import KEY, Card, Model, load_model, save_model
from activedints.learn.networks import shipped
from activedints.learn.predict import predict
from activedints.learn.sources import draw_weights
from activedints.learn.windows import window_features, windows
from tests.learn.toy import CHANNELS, LABELS, TINY, toy_case

ONE = ScoreSettings(draws=1, patch=(16, 16, 16), threads=1, device="cpu", precision="float32")
TEN = dataclasses.replace(ONE, draws=10)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    card = Card(shipped("small"), CHANNELS, LABELS, None, (16, 16, 16), {"dropout": 0.25})
    return Model(card.build().eval(), card)


def scored(model, settings, case=None, **change):
    case = dataclasses.replace(case or toy_case(), **change)
    return predict(model, case.image, case.brain, case.spacing, CHANNELS, settings)


def test_draws_differ_and_one_seed_gives_one_answer(model):
    first, again = scored(model, TEN), scored(model, TEN)
    other = scored(model, dataclasses.replace(TEN, seed=1))
    brain = toy_case().brain
    assert set(first.maps) == {
        "entropy",
        "expected_entropy",
        "margin",
        "mutual_information",
        "variance",
        "standard_deviation",
    }
    for name, values in first.maps.items():
        assert np.array_equal(values, again.maps[name])
        assert not np.array_equal(values, other.maps[name])
        assert values[brain].std() > 0
        assert (values[~brain] == 0).all()
    assert (first.maps["mutual_information"][brain] > 0).mean() > 0.9
    np.testing.assert_allclose(first.probability.sum(0), 1, atol=1e-5)
    assert (first.label_index[~brain] == 0).all()


def test_one_pass_is_deterministic_and_has_what_needs_no_draws(model):
    first, again = scored(model, ONE), scored(model, dataclasses.replace(ONE, seed=9))
    assert set(first.maps) == {"entropy", "margin"}
    assert first.class_variance is None
    assert np.array_equal(first.probability, again.probability)


def test_scoring_leaves_the_network_as_it_was(model):
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    scored(model, TEN)
    assert not model.network.training
    assert all(torch.equal(value, before[name]) for name, value in model.network.state_dict().items())


def test_folded_masks_equal_real_dropout(model):
    """W * mask / keep on the features = dropout of feature channels before the last 1x1x1."""
    weight, bias = draw_weights(model.network, TEN)
    features = torch.randn(model.network.features, 50)
    masks = torch.rand(10, model.network.features, generator=torch.Generator().manual_seed(0)) < 0.75
    for draw in range(10):
        dropped = (features * masks[draw][:, None] / 0.75)[None, :, :, None, None]
        expected = model.network.head(dropped)[0, :, :, 0, 0]
        assert torch.allclose(weight[draw] @ features + bias[:, None], expected, atol=1e-5)


def test_maps_equal_the_naive_statistics_of_whole_volumes(model):
    case = toy_case()
    found = scored(model, TEN, case)
    from activedints.learn.data import bounding_box, normalise

    box = bounding_box(case.brain)
    scan = torch.from_numpy(normalise(case.image[(slice(None), *box)], case.brain[box]))
    with torch.no_grad():
        features = window_features(model.network, scan, TEN)
        weight, bias = draw_weights(model.network, TEN)
        logits = torch.einsum("tcf,fxyz->tcxyz", weight, features) + bias[:, None, None, None]
        statistics = DrawStatistics()
        statistics.add(torch.softmax(logits, 1))
    inside = case.brain[box]
    for name, values in statistics.maps().items():
        np.testing.assert_allclose(found.maps[name][box][inside], values.numpy()[inside], atol=1e-4)


def test_a_tighter_or_wider_field_of_view_changes_nothing(model):
    case = toy_case()
    pad = ((0, 0), (5, 3), (2, 9), (4, 4))
    wide = dataclasses.replace(
        case, image=np.pad(case.image, pad), brain=np.pad(case.brain, pad[1:]), label=np.pad(case.label, pad[1:])
    )
    box = tuple(slice(low, -high) for low, high in pad[1:])
    small, large = scored(model, TEN, case), scored(model, TEN, wide)
    np.testing.assert_allclose(small.maps["entropy"], large.maps["entropy"][box], atol=2e-3)


def test_another_spacing_comes_back_on_the_given_grid(model):
    card = dataclasses.replace(model.card, spacing=(1.0, 1.0, 1.0))
    found = scored(Model(model.network, card), TEN)
    assert found.probability.shape == (3, *toy_case().brain.shape)
    assert found.maps["entropy"].shape == toy_case().brain.shape
    assert not np.allclose(found.maps["entropy"], scored(model, TEN).maps["entropy"], atol=1e-3)


def test_a_case_smaller_than_a_window_is_padded(model):
    case = toy_case(size=(10, 12, 9))
    assert scored(model, TEN, case).label_index.shape == (10, 12, 9)


def test_windows_cover_everything():
    seen = np.zeros((30, 17, 50), int)
    for box in windows(seen.shape, (16, 16, 16), 0.25):
        seen[box] += 1
        assert seen[box].shape == (16, 16, 16)
    assert (seen >= 1).all()


def test_channels_are_found_by_name(model):
    case = toy_case()
    swapped = predict(model, case.image[::-1], case.brain, case.spacing, CHANNELS[::-1], ONE)
    assert np.array_equal(swapped.probability, scored(model, ONE).probability)
    with pytest.raises(InvalidChannels, match="T1w"):
        predict(model, case.image[:1], case.brain, case.spacing, CHANNELS[:1], ONE)
    with pytest.raises(InvalidGeometry, match="do not fit"):
        predict(model, case.image, case.brain[1:], case.spacing, CHANNELS, ONE)


def test_a_model_file_gives_back_what_it_was_given(tmp_path, model):
    whole = load_model(save_model(tmp_path / "m.safetensors", model.network, model.card), "cpu")
    assert whole.card == model.card
    assert np.array_equal(scored(whole, TEN).probability, scored(model, TEN).probability)
    half_path = save_model(tmp_path / "h.safetensors", model.network, model.card, half=True)
    half = load_model(half_path, "cpu")
    assert half_path.stat().st_size < 0.6 * (tmp_path / "m.safetensors").stat().st_size
    np.testing.assert_allclose(scored(half, ONE).probability, scored(model, ONE).probability, atol=0.02)


def test_only_our_safetensors_are_read(tmp_path, model):
    evil = tmp_path / "evil.safetensors"
    evil.write_bytes(pickle.dumps({"weights": 1}))
    torch.save({"x": torch.zeros(1)}, tmp_path / "torch.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "no_card.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "shape.safetensors", metadata={KEY: model.card.to_json()})
    (tmp_path / "empty.safetensors").write_bytes(b"")
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) == 5
    for path in files:
        with pytest.raises(UnsafeCheckpoint, match=path.name):
            load_model(path)
    with pytest.raises(NotFound):
        load_model(tmp_path / "none.safetensors")


def test_tiny_card_round_trip():
    card = Card(TINY, CHANNELS, LABELS, (1.0, 1.0, 2.0), (16, 16, 16), {"dropout": 0.1}, {"steps": 3})
    assert Card.from_json(card.to_json()) == card
