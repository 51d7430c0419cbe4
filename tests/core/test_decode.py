"""Decoding: by hand, against every chain of children, then against MONAI's Dijkstra."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.core.architecture import Architecture, edge_ends
from activedints.core.decode import FLOOR, Alphas, Decoded, child_log_probability, decode, path_cost, space
from activedints.core.errors import InvalidSettings


def random_alphas(seed: int, layers: int, depths: int, scale: float = 1.5) -> Alphas:
    rng = np.random.default_rng(seed)
    width = 3 * depths - 2
    return Alphas(rng.normal(0, scale, (layers, width)), rng.normal(0, 1, (layers, width, 5)))


def feasible(edges) -> bool:
    """By the definition: what a layer fills is what the next one reads, and no layer is empty."""
    ends = [edge_ends(i) for i in range(len(edges[0]))]
    reads = [{ends[i][0] for i, on in enumerate(row) if on} for row in edges]
    fills = [{ends[i][1] for i, on in enumerate(row) if on} for row in edges]
    return all(fills) and fills[:-1] == reads[1:]


def test_the_answer_by_hand_for_two_resolutions():
    """Edges of D = 2: 0 top->top, 1 low->top, 2 top->low, 3 low->low."""
    edges = np.full((3, 4), -9.0)
    edges[0, 2] = edges[1, 3] = edges[2, 1] = 9.0  # down, along, up
    assert decode(Alphas(edges, np.zeros((3, 4, 5)))).edges == ((0, 0, 1, 0), (0, 0, 0, 1), (0, 1, 0, 0))


def test_the_likeliest_children_do_not_connect_so_the_cheapest_feasible_pair_wins():
    edges = np.array([[2.0, -9, -9, -9], [-8, -9, -7, 1.0]])  # top->top then low->low is not a network
    found = decode(Alphas(edges, np.zeros((2, 4, 5))))
    assert feasible(found.edges)
    log_p = child_log_probability(edges)
    every = space(2).children.astype(int).tolist()
    pairs = [
        (-np.log(np.exp(log_p[0, i]) + FLOOR) - np.log(np.exp(log_p[1, j]) + FLOOR), (tuple(a), tuple(b)))
        for (i, a), (j, b) in itertools.product(enumerate(every), repeat=2)
        if feasible([a, b])
    ]
    cost, best = min(pairs)
    assert found.edges == best
    assert found.cost == pytest.approx(cost, abs=1e-12)


def test_operations_are_each_edges_likeliest():
    alphas = random_alphas(3, 4, 3)
    assert np.array_equal(decode(alphas).operations, alphas.operations.argmax(-1))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), depths=st.integers(1, 2))
def test_naive_oracle_every_chain_of_three_layers(seed: int, depths: int):
    alphas = random_alphas(seed, 3, depths)
    table = space(depths).children.astype(int).tolist()
    cost = -np.log(np.exp(child_log_probability(alphas.edges)) + FLOOR)
    cheapest = min(
        sum(cost[layer, c] for layer, c in enumerate(chain))
        for chain in itertools.product(range(len(table)), repeat=3)
        if feasible([table[c] for c in chain])
    )
    found = decode(alphas)
    assert feasible(found.edges)
    assert found.cost == pytest.approx(cheapest, abs=1e-12)
    assert path_cost(alphas, found.edges) == pytest.approx(found.cost, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), depths=st.integers(2, 4), layers=st.integers(1, 12))
def test_always_feasible_and_probabilities_sum_to_one(seed: int, depths: int, layers: int):
    alphas = random_alphas(seed, layers, depths, scale=4.0)
    found = decode(alphas)
    assert feasible(found.edges)
    assert np.allclose(np.exp(child_log_probability(alphas.edges)).sum(1), 1.0, atol=1e-12)
    Architecture.from_json(found.architecture("found", 0.25).to_json())


def test_five_resolutions_and_logits_past_the_range_of_exp():
    found = decode(random_alphas(0, 12, 5))
    assert feasible(found.edges)
    assert len(space(5).children) == 8191
    hard = Alphas(np.full((2, 7), -900.0), np.zeros((2, 7, 5)))
    assert np.isfinite(decode(hard).cost)


def test_a_different_operation_on_a_silent_edge_is_the_same_network():
    one = Decoded(((1, 0, 0, 0),), ((2, 0, 0, 0),), 0.0)
    assert one.same_network(Decoded(((1, 0, 0, 0),), ((2, 4, 4, 4),), 9.0))
    assert not one.same_network(Decoded(((1, 0, 0, 0),), ((3, 0, 0, 0),), 0.0))
    assert not one.same_network(None)


def test_alphas_that_cannot_be():
    with pytest.raises(InvalidSettings, match=r"\(2, 5\)"):
        Alphas(np.zeros((2, 5)), np.zeros((2, 5, 5)))
    with pytest.raises(InvalidSettings, match="diverged"):
        Alphas(np.full((2, 4), np.nan), np.zeros((2, 4, 5)))


def test_alphas_come_back_from_json_lists():
    alphas = random_alphas(1, 2, 3)
    again = Alphas.from_lists(alphas.to_lists())
    assert np.allclose(again.edges, alphas.edges, atol=1e-6)
    assert np.allclose(again.operations, alphas.operations, atol=1e-6)


@pytest.fixture
def monai(monkeypatch: pytest.MonkeyPatch):
    """MONAI's module of DiNTS. It keys dictionaries by ``str`` of small 0/1 arrays, 252,000 of them a decode at D = 4
    and nine tenths of its time; the same keys as tuples change nothing else and let 200 decodes run in minutes."""
    from monai.networks.nets import dints

    def key(value: object) -> object:
        return tuple(value.astype(int).tolist()) if isinstance(value, np.ndarray) else str(value)

    monkeypatch.setattr(dints, "str", key, raising=False)
    return dints


def compare_with_monai(monai, depths: int, layers: int, seeds: range) -> None:
    import torch

    space_of_monai = monai.TopologySearch(channel_mul=1 / 16, num_blocks=layers, num_depths=depths).double()
    for seed in seeds:
        alphas = random_alphas(seed, layers, depths)
        with torch.no_grad():
            space_of_monai.log_alpha_a.copy_(torch.from_numpy(alphas.edges))
            space_of_monai.log_alpha_c.copy_(torch.from_numpy(alphas.operations))
        nodes, edges, operations, _ = space_of_monai.decode()
        ours = decode(alphas)
        assert abs(path_cost(alphas, edges) - ours.cost) <= 1e-9
        assert np.array_equal(edges, ours.edges)
        assert np.array_equal(operations, ours.operations)
        assert np.array_equal(nodes, ours.architecture("found", 1.0).node_a)


def test_the_optimum_that_monai_finds_for_three_resolutions(monai):
    compare_with_monai(monai, 3, 3, range(50))


def test_the_optimum_that_monai_finds_for_four_resolutions(monai):
    compare_with_monai(monai, 4, 4, range(3))


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("depths", "layers"), [(3, 6), (4, 6)])
def test_the_optimum_that_monai_finds_200_times(monai, depths: int, layers: int):
    compare_with_monai(monai, depths, layers, range(200))
