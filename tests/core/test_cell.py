"""The cell's shares in NumPy against the torch form that the supernet is mixed with."""

import numpy as np
import pytest
import torch

from activedints.core.cell import CHOICES, EDGES, OPERATIONS, edge_weights, shares
from activedints.nas.few_shot import pruning


def test_edges_by_hand():
    assert EDGES == ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 2))
    assert [len(choices) for choices in CHOICES["pairwise"]] == [1, 3, 6]
    assert [len(choices) for choices in CHOICES["single"]] == [2, 3, 4]


@pytest.mark.parametrize("inputs", ["pairwise", "single"])
@pytest.mark.parametrize("tau", [1.0, 0.05, 0.001])
def test_shares_equal_the_supernets(inputs, tau):
    alphas = pruning.start(2, inputs, spread=1.0, seed=3)
    mixes = torch.stack(pruning.mixes({k: v[None] for k, v in alphas.items()}, tau, inputs), 1)[0]
    ours = shares(alphas["alpha.operations"], tau) * edge_weights(alphas["alpha.inputs"], tau, inputs)[..., None]
    assert ours.shape == (2, len(EDGES), len(OPERATIONS))
    np.testing.assert_allclose(ours, mixes.numpy(), atol=1e-6)
