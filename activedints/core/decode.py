"""From alphas to the best feasible Architecture, exactly: a Viterbi pass over the patterns of active nodes.

A layer's child is one non-empty set of its E = 3 D - 2 edges; its probability is a product over edges of
sigmoid(logit) or 1 - sigmoid(logit), renormalised without the empty child (He et al., CVPR 2021, eq. 5). A decoded
network is one child a layer such that the nodes that a layer fills are the nodes that the next one reads. MONAI finds
it by Dijkstra on a dense graph of (L (2^E - 1) + 2)^2 entries; but what a layer must know of the one before is only
which of the D nodes are filled, so 2^D - 1 states do: the best child for every pair (nodes read, nodes filled) first,
then L small min-plus products.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from activedints.core.architecture import OPERATIONS, Architecture, Rows, edge_ends
from activedints.core.errors import InvalidSettings

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FLOOR = 1e-5
"""Added to every child's probability before its logarithm, as MONAI's decode() does: the same optimum."""


@dataclass(frozen=True)
class Alphas:
    """The searched logits: ``edges`` (L, 3D-2) and ``operations`` (L, 3D-2, 5), float64.

    Raises InvalidSettings where the shapes do not fit together or a number is not finite.
    """

    edges: Floats
    operations: Floats

    def __post_init__(self) -> None:
        width = self.edges.shape[-1] if self.edges.ndim == 2 else 0
        if width % 3 != 1 or self.operations.shape != (*self.edges.shape, len(OPERATIONS)):
            raise InvalidSettings(
                f"Alphas must be (L, 3D-2) and (L, 3D-2, {len(OPERATIONS)}); "
                f"these are {self.edges.shape} and {self.operations.shape}: take them from one search."
            )
        if not (np.isfinite(self.edges).all() and np.isfinite(self.operations).all()):
            raise InvalidSettings("Alphas must be finite numbers; these hold NaN or infinity: the search diverged.")

    @property
    def depths(self) -> int:
        return (self.edges.shape[1] + 2) // 3

    def to_lists(self) -> dict[str, Any]:
        """Plain lists, six decimals, for JSON."""
        return {"edges": self.edges.round(6).tolist(), "operations": self.operations.round(6).tolist()}

    @staticmethod
    def from_lists(lists: dict[str, Any]) -> "Alphas":
        return Alphas(np.asarray(lists["edges"], np.float64), np.asarray(lists["operations"], np.float64))


class Space(NamedTuple):
    """The children of one layer for D resolutions, sorted by ``reads * 2^D + fills``."""

    children: Floats
    """(C, 3D-2) of 0/1, C = 2^(3D-2) - 1."""
    reads: Integers
    """(C,) bit mask of the nodes that a child's edges leave; bit r is resolution r."""
    fills: Integers
    """(C,) bit mask of the nodes that a child's edges enter."""
    starts: Integers
    """(G,) where each group of children with one (reads, fills) begins."""


class Decoded(NamedTuple):
    """``edges`` (L, E) 0/1, ``operations`` (L, E) indices, ``cost`` = sum over layers of -log(p + FLOOR)."""

    edges: Rows
    operations: Rows
    cost: float

    def architecture(
        self,
        name: str,
        channel_mul: float,
        provenance: str = "",
        fine_skip: bool = False,
        norm: str = "instance",
    ) -> Architecture:
        codes = self.edges, self.operations
        return Architecture(name, *codes, channel_mul, fine_skip=fine_skip, norm=norm, provenance=provenance)

    def same_network(self, other: "Decoded | None") -> bool:
        """Whether both are one network: the operation of an edge that is not active does not count."""
        if other is None or self.edges != other.edges:
            return False
        active = np.asarray(self.edges, bool)
        return bool(np.array_equal(np.asarray(self.operations)[active], np.asarray(other.operations)[active]))


@lru_cache(maxsize=8)
def space(depths: int) -> Space:
    """All children of a layer of ``depths`` resolutions.

    >>> space(1).children.tolist()
    [[1.0]]
    >>> space(2).children.shape  # 2^4 - 1 children of 4 edges
    (15, 4)
    """
    width = 3 * depths - 2
    numbers = np.arange(1, 2**width)
    children = (numbers[:, None] >> np.arange(width)[::-1]) & 1
    ends = np.array([edge_ends(edge) for edge in range(width)])
    nodes = 1 << np.arange(depths)
    reads = np.bitwise_or.reduce(children * nodes[ends[:, 0]], axis=1)
    fills = np.bitwise_or.reduce(children * nodes[ends[:, 1]], axis=1)
    key = reads * 2**depths + fills
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    return Space(children[order].astype(np.float64), reads[order], fills[order], starts)


def child_log_probability(edges: Floats) -> Floats:
    """Log-probability of every child of every layer: logits (L, 3D-2) -> (L, C), in the order of ``space(D)``.

    >>> np.exp(child_log_probability(np.zeros((1, 4)))).round(4)[0, :3]  # uniform: 15 children
    array([0.0667, 0.0667, 0.0667])
    """
    score = edges @ space((edges.shape[1] + 2) // 3).children.T  # the product of sigmoids, up to a constant a layer
    top = score.max(axis=1, keepdims=True)
    result: Floats = score - top - np.log(np.exp(score - top).sum(axis=1, keepdims=True))
    return result


def decode(alphas: Alphas) -> Decoded:
    """The feasible architecture of the smallest cost, by dynamic programming; each edge's likeliest operation.

    The optimum is that of MONAI's ``TopologySearch.decode()`` (its per-layer constants left out of the cost), in
    O(L (2^E + 4^D)) time and memory instead of O(L^2 4^E).

    >>> quiet = np.full((2, 4), -9.0); quiet[:, 0] = 9.0  # two layers, D = 2: only the top edge
    >>> decode(Alphas(quiet, np.zeros((2, 4, 5)))).edges
    ((1, 0, 0, 0), (1, 0, 0, 0))
    """
    layers, states = len(alphas.edges), 2**alphas.depths
    children, reads, fills, starts = space(alphas.depths)
    cost = -np.log(np.exp(child_log_probability(alphas.edges)) + FLOOR)
    step = np.full((layers, states, states), np.inf)
    step[:, reads[starts], fills[starts]] = np.minimum.reduceat(cost, starts, axis=1)

    best = np.zeros(states)  # any nodes may be read by the first layer
    came_from = np.empty((layers, states), np.int64)
    for layer in range(layers):
        reach = best[:, None] + step[layer]
        came_from[layer] = reach.argmin(axis=0)
        best = reach.min(axis=0)

    chosen = np.empty((layers, children.shape[1]), np.int64)
    state = int(best.argmin())
    for layer in reversed(range(layers)):
        before = int(came_from[layer, state])
        group = np.flatnonzero((reads == before) & (fills == state))
        chosen[layer] = children[group[cost[layer, group].argmin()]]
        state = before
    return Decoded(rows(chosen), rows(alphas.operations.argmax(axis=-1)), float(best.min()))


def path_cost(alphas: Alphas, edges: npt.ArrayLike) -> float:
    """Cost of given active edges (L, 3D-2) under the alphas: what ``decode`` makes smallest."""
    table = space(alphas.depths)
    active = np.asarray(edges, np.float64)
    cost = -np.log(np.exp(child_log_probability(alphas.edges)) + FLOOR)
    place = [int(np.flatnonzero((table.children == row).all(axis=1))[0]) for row in active]
    return float(cost[np.arange(len(active)), place].sum())


def rows(codes: npt.ArrayLike) -> Rows:
    """An (L, E) array as an Architecture's plain tuples."""
    return tuple(tuple(int(v) for v in row) for row in np.asarray(codes))
