"""Chances and samples of the topology: by hand, against every chain, against MONAI's formulas."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.core.architecture import OPERATIONS, Architecture, edge_ends
from activedints.core.decode import Alphas
from activedints.learn.topology import Path, Topology, draw

RAM = {depths: np.random.default_rng(0).uniform(1, 5, (3 * depths - 2, 5)) for depths in (1, 2, 3)}


def topology(layers: int, depths: int, seed: int | None = None, scale: float = 1.0) -> Topology:
    made = Topology(layers, depths, RAM[depths])
    if seed is not None:
        rng = np.random.default_rng(seed)
        with torch.no_grad():
            made.edges.copy_(torch.from_numpy(rng.normal(0, scale, made.edges.shape)))
            made.operations.copy_(torch.from_numpy(rng.normal(0, scale, made.operations.shape)))
    return made


def connects(edges: np.ndarray) -> bool:
    ends = [edge_ends(i) for i in range(edges.shape[1])]
    reads = [{ends[i][0] for i in np.flatnonzero(row)} for row in edges]
    fills = [{ends[i][1] for i in np.flatnonzero(row)} for row in edges]
    return all(fills) and fills[:-1] == reads[1:]


def every_chain(made: Topology) -> list[tuple[float, np.ndarray]]:
    own, children = made.child_chances().detach().numpy(), made.children.numpy()
    chains = [
        (float(np.prod([own[layer, c] for layer, c in enumerate(chain)])), children[list(chain)])
        for chain in itertools.product(range(len(children)), repeat=len(own))
    ]
    found = [(chance, edges) for chance, edges in chains if connects(edges)]
    total = sum(chance for chance, _ in found)
    return [(chance / total, edges) for chance, edges in found]


def test_one_layer_of_two_resolutions_by_hand():
    """Uniform: each of 4 edges is active in 8 of the 15 children; both entropies are 1."""
    made = topology(1, 2)
    assert torch.allclose(made.edge_chances(), torch.full((1, 4), 8 / 15, dtype=torch.float64))
    assert made.edge_entropy().item() == pytest.approx(1.0)
    assert made.operation_entropy().item() == pytest.approx(1.0)
    expected = (8 / 15 * RAM[2].mean(axis=1)).sum() / RAM[2].max(axis=1).sum()
    assert made.ram_share().item() == pytest.approx(expected)


def test_decided_alphas_have_no_entropy_and_their_own_memory():
    made = topology(2, 2)
    with torch.no_grad():
        made.edges.fill_(-60.0)
        made.edges[:, 0] = 60.0
        made.operations[..., 3] = 60.0
    assert made.edge_entropy().item() == pytest.approx(0.0, abs=1e-12)
    assert made.operation_entropy().item() == pytest.approx(0.0, abs=1e-12)
    assert made.ram_share().item() == pytest.approx(RAM[2][0, 3] / RAM[2].max(axis=1).sum())
    path = made.sample(np.random.default_rng(0))
    assert path.edges.tolist() == [[True, False, False, False]] * 2
    assert (path.operations[path.edges] == 3).all()


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_edge_chances_are_those_of_all_connecting_chains(seed: int):
    made = topology(3, 2, seed)
    expected = sum(chance * edges for chance, edges in every_chain(made))
    assert np.allclose(made.edge_chances().detach().numpy(), expected, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_samples_connect_and_trials_differ_from_the_sample(seed: int):
    made = topology(6, 3, seed, scale=2.0)
    path = made.sample(np.random.default_rng(seed), trials=True)
    assert connects(path.edges)
    assert connects(path.edges | path.trial_edges)
    assert not (path.edges & path.trial_edges).any()
    assert (path.trial_operations != path.operations).all()
    assert path.trial_operations.min() >= 0
    again = made.sample(np.random.default_rng(seed), trials=True)
    assert np.array_equal(again.edges, path.edges)
    assert np.array_equal(again.operations, path.operations)


def test_sampled_frequencies_are_the_exact_chances():
    made = topology(3, 2, 5)
    random = np.random.default_rng(1)
    draws = 1000
    mean = sum(made.sample(random).edges.astype(float) for _ in range(draws)) / draws
    assert np.abs(mean - made.edge_chances().detach().numpy()).max() < 4 * 0.5 / np.sqrt(draws)


def test_entropy_pushes_to_a_choice_where_monais_mean_hardly_does():
    """The gradient of the normalised entropy is log(children)-free; a mean over children divides by their number."""
    made = topology(2, 3, 3)
    ours = torch.autograd.grad(made.edge_entropy(), made.edges)[0]
    chances = made.child_chances()
    theirs = torch.autograd.grad(-(chances * chances.log()).mean(), made.edges)[0]
    assert torch.allclose(ours, theirs * len(made.children) / np.log(len(made.children)))


def test_connection_loss_is_monais(capsys: pytest.CaptureFixture[str]):
    from monai.networks.nets.dints import TopologySearch

    made = topology(4, 3, 7)
    theirs = TopologySearch(channel_mul=1 / 16, num_blocks=4, num_depths=3).double()
    capsys.readouterr()
    with torch.no_grad():
        theirs.log_alpha_a.copy_(made.edges)
    expected = theirs.get_topology_entropy(theirs.get_prob_a(child=True)[0])
    assert made.connection_loss().item() == pytest.approx(expected.item(), abs=1e-9)


def test_penalty_pulls_memory_to_the_budget():
    for sigma, direction in ((0.05, -1), (1.0, 1)):
        made = topology(3, 3, 2)
        before = made.ram_share().item()
        optimiser = torch.optim.Adam(made.parameters(), lr=0.1)
        for _ in range(30):
            optimiser.zero_grad()
            made.penalty(sigma).backward()
            optimiser.step()
        assert direction * (made.ram_share().item() - before) > 0.1


def test_alphas_of_an_earlier_search_are_taken_up_but_kept_open():
    start = Alphas(np.full((2, 4), 9.0), np.full((2, 4, len(OPERATIONS)), -0.5))
    made = Topology(2, 2, RAM[2], start)
    assert made.alphas().edges.max() == 2.0
    assert (made.alphas().operations == -0.5).all()


def test_draw_never_takes_what_has_no_chance():
    chances = np.tile(np.array([0.0, 0.3, 0.0, 0.7, 0.0]), (5000, 1))
    drawn = draw(chances, np.random.default_rng(0))
    assert set(drawn) == {1, 3}
    assert abs((drawn == 3).mean() - 0.7) < 0.03


def test_a_path_of_an_architecture_tries_nothing():
    path = Path.of(Architecture("all", ((1, 1, 1, 1), (1, 1, 1, 1)), ((1, 2, 3, 4), (0, 0, 0, 0)), 0.25))
    assert path.edges.all()
    assert path.operations[0].tolist() == [1, 2, 3, 4]
    assert not path.trial_edges.any()
    assert (path.trial_operations == -1).all()
