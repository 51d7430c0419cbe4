from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot import metanas, pruning
from activedints.nas.few_shot.episodes import gather, plan
from activedints.nas.few_shot.functional import Params, stack
from activedints.nas.few_shot.learners import EpisodeSource, WarmUp
from activedints.nas.few_shot.metanas import MetaNas, Search
from activedints.nas.few_shot.mixtures import (
    ALPHA,
    NO_COOLING,
    Cooled,
    Cooling,
    Mixed,
    Pruned,
    WeightsAndArchitecture,
    WeightsOnly,
)
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet
from tests.nas.few_shot.few_shot_classes import strokes

NET = Supernet(filters=4)
SEARCH = Search(steps=6, rate=5e-3, alpha_rate=0.05, annealing=Annealing(1.0, 1e-4, "geometric"))
IMAGES = strokes()


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def batch(episodes: int = 2):
    return gather(IMAGES, plan(IMAGES, 3, 1, 2, episodes, np.random.default_rng(0)))


def test_alpha_moves_in_the_first_half_and_then_stands_still() -> None:
    seen: list[tuple[float, torch.Tensor, torch.Tensor]] = []

    def record(step: int, tau: float, params: Params, loss: torch.Tensor) -> None:
        seen.append((tau, params["alpha.operations"].detach().clone(), params["stem.0"].detach().clone()))

    metanas.adapt(NET, stack(Mixed(NET).start(0), 2), batch().support, 3, SEARCH, on_step=record)
    taus, alphas, weights = zip(*seen)
    assert taus[0] == 1.0
    assert taus[-1] == pytest.approx(1e-4)
    assert list(taus) == sorted(taus, reverse=True)
    assert all(not torch.equal(a, b) for a, b in pairwise(alphas[:4]))
    assert all(torch.equal(a, b) for a, b in pairwise(alphas[3:]))
    assert all(not torch.equal(a, b) for a, b in pairwise(weights))


def test_episodes_adapt_independently() -> None:
    """The second episode alone gives what it gave beside the first."""
    both = batch(2)
    start = Mixed(NET).start(0)
    together = metanas.adapt(NET, stack(start, 2), both.support, 3, replace(SEARCH, drop=0.0))
    alone = metanas.adapt(NET, stack(start, 1), both.support[1:], 3, replace(SEARCH, drop=0.0))
    # Adam divides by the gradient's own size: where a gradient is only rounding, its sign may differ
    for name in ("alpha.operations", "alpha.inputs", "stem.0", "head.weight"):
        close = torch.isclose(together[name][1], alone[name][0], atol=1e-4).double().mean()
        assert close > 0.97, name


def test_annealed_to_the_end_the_mixture_is_the_pruned_network() -> None:
    data = batch()
    start = NET.start(0) | pruning.start(2, "pairwise", spread=1.0)
    params = metanas.adapt(NET, stack(start, 2), data.support, 3, SEARCH)
    with torch.no_grad():
        mixture = SEARCH.network(NET, SEARCH.steps).features(params, data.target)
        pruned = Pruned(NET).features(params, data.target)
        warm = Mixed(NET).features(params, data.target)
    assert torch.allclose(mixture, pruned, atol=0.05)
    assert not torch.allclose(warm, pruned, atol=0.5)
    for cell in pruning.genotypes(params, "pairwise")[1]:
        assert [gene.node for gene in cell] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("inputs", ["pairwise", "single"])
def test_meta_training_moves_weights_and_architecture_and_repeats_itself(inputs: pruning.Inputs) -> None:
    source = EpisodeSource(episodes=2, way=3, shot=1, target=1, turned=False)
    stage = MetaNas(4, replace(SEARCH, steps=3, inputs=inputs, drop=0.01), source)
    network = Mixed(NET, inputs=inputs)
    start = network.start(0)
    told: list[dict[str, float]] = []
    report = lambda step, total, message, metrics=None: told.append(metrics)  # noqa: E731
    first, second = (stage.run(network, dict(start), IMAGES, (0, 1), report) for _ in range(2))
    assert set(first) == set(start)
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert (first["alpha.operations"] - start["alpha.operations"]).abs().max() > 0.01
    assert set(told[-1]) == {"mixture", "pruned", "sharpness"}


def test_reptile_pulls_weights_and_architecture_by_their_own_share() -> None:
    source = EpisodeSource(episodes=2, way=3, shot=1, target=1, turned=False)
    stage = MetaNas(1, replace(SEARCH, steps=2), source, pull=0.5, alpha_pull=0.25)
    start = Mixed(NET).start(0)
    adapted = stage.episode_batch(NET, start, next(source.batches(IMAGES, (0, 0), 1)))
    moved = stage.run(Mixed(NET), dict(start), IMAGES, (0, 0))
    for name, pull in (("stem.0", 0.5), ("alpha.operations", 0.25)):
        assert torch.allclose(moved[name], start[name] + pull * (adapted[name].mean(0) - start[name]), atol=1e-6)


def test_a_warm_up_of_weights_alone_leaves_the_architecture() -> None:
    start = Mixed(NET).start(0)
    first, second = (WeightsOnly(WarmUp(5, batch=16)).run(Mixed(NET), start, IMAGES, (0, 0)) for _ in range(2))
    assert set(first) == set(start)
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert all(torch.equal(first[k], start[k]) == k.startswith(ALPHA) for k in first)


def test_a_warm_up_of_both_learns_the_architecture_and_repeats_itself() -> None:
    start = Mixed(NET).start(0)
    first, second = (WeightsAndArchitecture(WarmUp(5, batch=16)).run(Mixed(NET), start, IMAGES, (0, 0)) for _ in "ab")
    assert set(first) == set(start)
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not any(torch.equal(first[k], start[k]) for k in first)


def test_without_cooling_the_warm_up_sees_the_mixture_at_temperature_one() -> None:
    start = {k: v[None] for k, v in Mixed(NET).start(0).items()}
    images = batch(1).support
    control = Cooled(Mixed(NET), NO_COOLING, 10, torch.Generator().manual_seed(0))
    assert torch.equal(control.features(start, images), Mixed(NET).features(start, images))
    cooled = Cooled(Mixed(NET), Cooling(), 10, torch.Generator().manual_seed(0))
    assert not torch.equal(cooled.features(start, images), cooled.features(start, images))
    with pytest.raises(InvalidSettings, match="between 0 and 1"):
        Cooling(coldest=2.0)


def test_without_annealing_the_temperature_stays_one() -> None:
    control = SEARCH.without_annealing()
    assert [control.network(NET, step).tau for step in (0, 3, 6)] == [1.0, 1.0, 1.0]
    with pytest.raises(InvalidSettings, match="share to fix alpha"):
        Search(fixed_after=1.5)
    with pytest.raises(InvalidSettings, match="must fall"):
        Annealing(0.1, 1.0)
