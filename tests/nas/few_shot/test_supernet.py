import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.core.cell import EDGES, NODES, OPERATIONS
from activedints.nas.few_shot import pruning
from activedints.nas.few_shot.functional import stack
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet
from tests.nas.few_shot import naive_supernet


def random_mixes(episodes: int, cells: int, seed: int, kept: float) -> list[torch.Tensor]:
    """Coefficients of which a share ``kept`` is not zero; every node keeps an edge."""
    generator = torch.Generator().manual_seed(seed)
    shape = (episodes, len(EDGES), len(OPERATIONS))
    mixes = []
    for _ in range(cells):
        mix = torch.rand(shape, generator=generator) * (torch.rand(shape, generator=generator) < kept)
        mix[:, :3, 2] = 1.0
        mixes.append(mix)
    return mixes


@pytest.mark.parametrize("reduces", [(False, True), (True, False), (False, True, False)])
@pytest.mark.parametrize("kept", [1.0, 0.3, 0.05])
def test_merged_edges_equal_one_operation_at_a_time(reduces: tuple[bool, ...], kept: float) -> None:
    torch.set_num_threads(1)
    net = Supernet(filters=4, reduces=reduces)
    meta = net.start(0)
    params = {k: v + 0.1 * torch.randn_like(v) for k, v in stack(meta, 3).items()}
    images = torch.rand(3, 4, 1, 28, 28)
    mixes = random_mixes(3, len(reduces), 1, kept)
    together = net.features(params, images, mixes)
    for episode in range(3):
        own = {k: v[episode] for k, v in params.items()}
        alone = naive_supernet.features(own, images[episode], [m[episode] for m in mixes], reduces, net.pooled)
        assert torch.allclose(together[episode], alone, atol=2e-5)


def test_gradients_of_mixes_are_those_of_the_naive_network() -> None:
    net = Supernet(filters=4)
    params = stack(net.start(0), 1)
    images = torch.rand(1, 4, 1, 28, 28)
    mixes = [m.requires_grad_() for m in random_mixes(1, 2, 2, 1.0)]
    ours = torch.autograd.grad(net.features(params, images, mixes).square().sum(), mixes)
    own = {k: v[0] for k, v in params.items()}
    alone = naive_supernet.features(own, images[0], [m[0] for m in mixes], net.reduces, net.pooled)
    theirs = torch.autograd.grad(alone.square().sum(), mixes)
    for a, b in zip(ours, theirs):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-3 * b.abs().max().item())


def test_temperatures_by_hand() -> None:
    assert [Annealing(1.0, 0.1).at(s, 3) for s in range(4)] == pytest.approx([1.0, 0.7, 0.4, 0.1])
    assert [Annealing(1.0, 0.01, "geometric").at(s, 2) for s in range(3)] == pytest.approx([1.0, 0.1, 0.01])


def test_pairwise_inputs_by_hand() -> None:
    """Node 1 (edges 1, 4, 6) has pairs (1, 4), (1, 6), (4, 6); logits log 1, log 2, log 3 give 1/6, 2/6, 3/6."""
    logits = torch.zeros(1, 1, 10)
    logits[0, 0, 1:4] = torch.tensor([1.0, 2.0, 3.0]).log()
    weights = pruning.input_weights(logits, "pairwise", 0.0)[0, 0]
    assert weights[[0, 3]].tolist() == [1.0, 1.0]  # node 0 has one pair only
    assert weights[[1, 4, 6]].tolist() == pytest.approx([3 / 6, 4 / 6, 5 / 6])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), inputs=st.sampled_from(["pairwise", "single"]), tau=st.floats(0.01, 5))
def test_mixtures_become_the_pruned_network(seed: int, inputs: pruning.Inputs, tau: float) -> None:
    params = {k: v[None] for k, v in pruning.start(2, inputs, spread=1.0, seed=seed).items()}
    for mix in pruning.mixes(params, tau, inputs):
        into = [sum(mix[0, e].sum().item() for e, (_, node) in enumerate(EDGES) if node == j) for j in range(NODES)]
        assert into == pytest.approx([2.0] * NODES if inputs == "pairwise" else [1.0] * NODES, abs=1e-4)
    hard = pruning.hard_mixes(params, inputs)
    if inputs == "pairwise":
        cold = pruning.mixes(params, 1e-6, inputs, drop=0.05)
        assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(cold, hard))
    for mix in hard:
        for node in range(NODES):
            edges = [e for e, (_, into) in enumerate(EDGES) if into == node]
            assert (mix[0, edges] != 0).sum(1).tolist().count(1) == 2
    for cell in pruning.genotypes(params, inputs)[0]:
        assert [gene.node for gene in cell] == [0, 0, 1, 1, 2, 2]
        assert all(gene.state < gene.node + 2 and gene.operation in OPERATIONS for gene in cell)


def test_what_is_dropped_is_not_executed_and_the_largest_always_stays() -> None:
    shares = torch.tensor([[0.04, 0.04, 0.92], [0.02, 0.02, 0.01]])
    expected = torch.tensor([[0, 0, 0.92], [0.02, 0.02, 0]])
    assert torch.equal(pruning.dropped(shares, 0.05), expected)


def test_weights_that_pruning_leaves_by_hand() -> None:
    """Stem 36 + 432, two cells of inputs 96 each; two skips in a reduction cost 16 each, a full 1x5 5x1 pair 160."""
    skips = [(0, "skip"), (1, "skip")]
    assert Supernet(4).weights_left([[(0, "conv 1x5 5x1"), (1, "max pool 3x3")], skips]) == 36 + 432 + 192 + 160 + 32
