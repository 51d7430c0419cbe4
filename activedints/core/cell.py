"""The cell that MetaNAS searches, as plain data: its operations, its edges, and shares at a temperature.

A cell has two input states and three nodes; a node may receive from the inputs and from the nodes before it. Edges are
numbered by the state that they leave:

    edge     0 1 2 | 3 4 5 | 6 7 | 8
    state    0 0 0 | 1 1 1 | 2 2 | 3      (0, 1: the cell's inputs; 2, 3: its first two nodes)
    node     0 1 2 | 0 1 2 | 1 2 | 2
"""

from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt

OPERATIONS = ("max pool 3x3", "avg pool 3x3", "skip", "conv 1x5 5x1", "conv 3x3", "sep conv 3x3", "dil conv 3x3")
"""The seven published operations; "conv 3x3" is one depthwise-separable layer, "sep conv 3x3" two of them."""

NODES = 3
EDGES = tuple((state, node) for state in range(NODES + 1) for node in range(max(0, state - 1), NODES))
"""(state, node) of every edge in order."""

INTO = tuple(tuple(e for e, (_, node) in enumerate(EDGES) if node == j) for j in range(NODES))
"""The edges into each node, by the state that they leave."""

Inputs = Literal["pairwise", "single"]

CHOICES: dict[Inputs, tuple[tuple[tuple[int, ...], ...], ...]] = {
    "pairwise": tuple(tuple(combinations(edges, 2)) for edges in INTO),
    "single": tuple(tuple((edge,) for edge in edges) for edges in INTO),
}
"""What is chosen from at each node: 1, 3 and 6 pairs of edges, or 2, 3 and 4 edges."""

Array = npt.NDArray[np.floating]


def shares(alphas: npt.ArrayLike, temperature: float) -> Array:
    """Softmax of ``alphas / temperature`` along the last axis.

    >>> shares([0.0, 0.0], 1.0).tolist()
    [0.5, 0.5]
    >>> shares([1.0, 0.0], 0.01).round(3).tolist()
    [1.0, 0.0]
    """
    logits = np.asarray(alphas, np.float64) / temperature
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    result: Array = powers / powers.sum(-1, keepdims=True)
    return result


def edge_weights(alphas: npt.ArrayLike, temperature: float, inputs: Inputs = "pairwise") -> Array:
    """Input alphas (cell, choice) -> the weight of every edge (cell, edge): 2 a node in sum if pairwise, else 1.

    >>> edge_weights(np.zeros((1, 10)), 1.0)[0, [0, 3]].tolist()  # the first node has one pair to choose from
    [1.0, 1.0]
    """
    logits = np.asarray(alphas, np.float64)
    weights, at = np.zeros((len(logits), len(EDGES))), 0
    for choices in CHOICES[inputs]:
        part = shares(logits[:, at : at + len(choices)], temperature)
        for place, choice in enumerate(choices):
            weights[:, list(choice)] += part[:, place, None]
        at += len(choices)
    return weights
