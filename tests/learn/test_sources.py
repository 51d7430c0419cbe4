"""Sources of draws: one battery over all of them, then what is particular to each."""

import dataclasses

import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.core.job import silent
from activedints.core.settings import MOST_DRAWS, ScoreSettings, TrainSettings
from activedints.core.settings import SOURCES as NAMES
from activedints.learn.ensemble import train_ensemble
from activedints.learn.model import Card, Model, load_model
from activedints.learn.predict import predict
from activedints.learn.sources import MEMBERS, SOURCES, Scan, masked_blocks, passes
from activedints.learn.train import train
from tests.learn.toy import CHANNELS, LABELS, TINY, toy_case

PLAN = ScoreSettings(draws=4, patch=(16, 16, 16), threads=1, device="cpu", precision="float32")
DRAWN = sorted(set(SOURCES) - {"one-pass"})


@pytest.fixture(scope="module")
def models():
    """Two tiny networks of different weights."""
    card = Card(TINY, CHANNELS, LABELS, None, (16, 16, 16), {"dropout": 0.25})
    made = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        made.append(Model(card.build().eval(), card))
    return made


def scored(models, source, case=None, **changes):
    case = case or toy_case(size=(18, 20, 16))
    plan = dataclasses.replace(PLAN, source=source, **changes)
    return predict(models, case.image, case.brain, case.spacing, CHANNELS, plan)


def test_settings_and_sources_know_the_same_names():
    assert set(NAMES) == set(SOURCES)
    with pytest.raises(InvalidSettings, match="no source of draws 'dice'; choose one of one-pass"):
        ScoreSettings(source="dice")


@pytest.mark.parametrize("source", DRAWN)
def test_every_source_keeps_the_rules(models, source):
    case = toy_case(size=(18, 20, 16))
    found, again = scored(models, source), scored(models, source)
    one = scored(models[0], "one-pass")
    assert found.draws == (2 if source in MEMBERS else 4)
    assert all(np.array_equal(values, again.maps[name]) for name, values in found.maps.items())
    np.testing.assert_allclose(found.probability.sum(0), 1, atol=1e-5)
    inside = {name: values[case.brain] for name, values in found.maps.items()}
    assert (inside["entropy"] <= np.log(3) + 1e-5).all()
    assert (inside["mutual_information"] >= 0).all()
    assert inside["mutual_information"].max() > 1e-5, "the draws differ"
    assert all((values[~case.brain] == 0).all() for values in found.maps.values())
    assert found.class_variance.shape == (2, *case.brain.shape)
    assert found.embedding.shape == (2 * models[0].network.features,)
    assert set(one.maps) == {"entropy", "margin"}


@pytest.mark.parametrize("source", sorted(set(SOURCES) - MEMBERS))
def test_one_draw_of_any_source_is_the_deterministic_pass(models, source):
    assert np.array_equal(scored(models, source, draws=1).probability, scored(models[0], "one-pass").probability)


def test_flips_are_undone_exactly(models):
    """A network that looks at single voxels gives the same answer whichever way the case is turned."""

    class Pointwise(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x, x * x, x.abs()], 1)

    network = models[0].card.build().eval()
    network.trunk = Pointwise()
    network.features, network.head = 6, torch.nn.Conv3d(6, 3, 1)
    found = scored(Model(network, models[0].card), "test-time", draws=8)
    assert found.maps["mutual_information"].max() < 1e-6
    moved = scored(Model(network, models[0].card), "test-time", draws=9)
    assert moved.maps["mutual_information"].max() > 1e-6, "the ninth draw changes intensities"


def test_full_dropout_masks_are_the_same_in_every_window_and_leave_no_trace(models):
    network = models[0].network
    image = torch.randn(2, 16, 16, 16)
    with torch.no_grad():
        plain = network.trunk(image[None])
        with masked_blocks(network, 0, 3):
            first, second = network.trunk(image[None]), network.trunk(image[None])
        with masked_blocks(network, 0, 4):
            other = network.trunk(image[None])
        assert torch.equal(network.trunk(image[None]), plain)
    assert torch.equal(first, second)
    assert not torch.equal(first, plain)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", ["segresnet", "dynunet"])
def test_the_baselines_have_blocks_to_mask(name):
    card = Card(name, CHANNELS, LABELS, None, (32, 32, 32), {"dropout": 0.25})
    assert len(card.build().blocks) >= 4


def test_members_are_the_mean_of_their_networks(models):
    both = scored(models, "deep-ensemble").probability
    single = [scored(model, "one-pass").probability for model in models]
    np.testing.assert_allclose(both, np.mean(single, axis=0), atol=1e-6)
    with pytest.raises(InvalidSettings, match="needs two Members or more and there is 1"):
        scored(models[:1], "snapshots")


def test_no_source_holds_more_than_one_pass(models):
    """Streaming: a pass is made only when the one before was consumed."""
    case = toy_case(size=(18, 20, 16))
    scan = Scan(torch.from_numpy(case.image), torch.from_numpy(case.brain))
    for source in ("full-dropout", "test-time"):
        plan = dataclasses.replace(PLAN, source=source, draws=MOST_DRAWS)
        with torch.inference_mode():
            one = next(passes(models, scan, plan, silent))
        assert one.weight.shape[0] == 1


def test_temperature_humbles_without_changing_the_label(models):
    plain, humble = scored(models[0], "one-pass"), scored(models[0], "one-pass", temperature=3.0)
    brain = toy_case(size=(18, 20, 16)).brain
    assert (humble.maps["entropy"][brain] >= plain.maps["entropy"][brain] - 1e-6).all()
    assert np.array_equal(plain.label_index, humble.label_index)


def test_snapshots_and_ensembles_are_members_that_differ(tmp_path):
    case = toy_case(size=(18, 20, 16))
    plan = TrainSettings(steps=6, patch=(16, 16, 16), batch=1, snapshots=3, threads=1, device="cpu", average=0.0)
    made = train([case], TINY, CHANNELS, LABELS, plan, silent, tmp_path / "a")
    assert [p.name for p in made.members] == ["snapshot-002.safetensors", "snapshot-001.safetensors"]
    assert train([case], TINY, CHANNELS, LABELS, plan, silent, tmp_path / "a").members == made.members
    weights = [load_model(p, "cpu").network.head.weight for p in (made.path, *made.members)]
    assert not any(torch.equal(weights[0], other) for other in weights[1:])
    single = dataclasses.replace(plan, snapshots=1, steps=2)
    pair = train_ensemble([case], TINY, CHANNELS, LABELS, single, silent, tmp_path / "b", 2)
    assert len(pair.members) == 1
    assert load_model(pair.members[0], "cpu").card.settings["seed"] != plan.seed
    with pytest.raises(InvalidSettings, match="two Members or more; 1"):
        train_ensemble([case], TINY, CHANNELS, LABELS, single, silent, tmp_path / "c", 1)
