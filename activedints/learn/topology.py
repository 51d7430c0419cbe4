"""The alphas of a DiNTS search and everything that follows from them alone: chances, samples, entropies, costs.

A network of the space is a chain: one child (set of active edges) a layer, the nodes that a layer fills being those
that the next one reads. Its chance is the product of the children's chances (He et al., CVPR 2021, arXiv 2103.15954),
restricted to chains that connect and renormalised: a Markov chain over 2^D - 1 node patterns. So the exact chance that
an edge is active, and exact samples, come from one forward and one backward pass over the layers (forward filtering,
backward sampling), the sum-product twin of the Viterbi decoding in ``core.decode``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from activedints.core.architecture import OPERATIONS, Architecture
from activedints.core.decode import Alphas, space

Choice = npt.NDArray[np.int64]
WARM_START = 2.0
"""Alphas of an earlier search are clipped to this magnitude (sigmoid .12 to .88): still open to what new data say."""


@dataclass(frozen=True)
class Path:
    """One sampled network and what the alpha step tries beside it.

    ``edges`` (L, E) bool, ``operations`` (L, E) index of the operation on each edge. ``trial_edges``: edges of a
    second sample that the first leaves silent; ``trial_operations``: another operation for each active edge, or -1.
    """

    edges: npt.NDArray[np.bool_]
    operations: Choice
    trial_edges: npt.NDArray[np.bool_]
    trial_operations: Choice

    @staticmethod
    def of(architecture: Architecture) -> "Path":
        edges = np.asarray(architecture.arch_code_a, bool)
        operations = np.asarray(architecture.arch_code_c, np.int64)
        return Path(edges, operations, np.zeros_like(edges), np.full_like(operations, -1))


@dataclass(frozen=True)
class Credit:
    """Chances with their gradients: ``edges`` (L, E) that an edge is active, ``operations`` (L, E) that an edge takes
    its path's operation rather than the trial one (two-way softmax)."""

    edges: torch.Tensor
    operations: torch.Tensor


class Topology(nn.Module):
    """Alphas as float64 parameters on the CPU: ``edges`` (L, 3D-2), ``operations`` (L, 3D-2, 5), zero = uniform.

    They are a module of their own, so that no weight optimiser ever holds them. ``ram`` (3D-2, 5) is the activation
    memory of each operation on each edge; the budget is in shares of the network with all edges and the costliest
    operation on each.
    """

    def __init__(self, blocks: int, depths: int, ram: npt.NDArray[np.float64], start: Alphas | None = None) -> None:
        super().__init__()
        table = space(depths)
        self.depths, self.states = depths, 2**depths
        width = 3 * depths - 2
        first = start or Alphas(np.zeros((blocks, width)), np.zeros((blocks, width, len(OPERATIONS))))
        self.edges = nn.Parameter(torch.from_numpy(first.edges.clip(-WARM_START, WARM_START)))
        self.operations = nn.Parameter(torch.from_numpy(first.operations.clip(-WARM_START, WARM_START)))
        self.children = torch.from_numpy(table.children)
        self.reads, self.fills = torch.from_numpy(table.reads), torch.from_numpy(table.fills)
        self.ram = torch.from_numpy(ram / (blocks * ram.max(axis=1).sum()))

    def alphas(self) -> Alphas:
        return Alphas(self.edges.detach().numpy().copy(), self.operations.detach().numpy().copy())

    def child_chances(self) -> torch.Tensor:
        """(L, C): chance of each child of each layer on its own, the empty one excluded."""
        return torch.softmax(self.edges @ self.children.T, dim=1)

    def chain(self) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Child chances given that the layers connect (L, C), and the backward messages that sampling needs."""
        own = self.child_chances()
        key = self.reads * self.states + self.fills
        step = torch.zeros(len(own), self.states**2, dtype=own.dtype).index_add(1, key, own)
        step = step.reshape(len(own), self.states, self.states)
        later = [torch.ones(self.states, dtype=own.dtype)]
        for matrix in reversed(step):
            message = matrix @ later[0]
            later.insert(0, message / message.sum())
        earlier = torch.ones(self.states, dtype=own.dtype)
        layers = []
        for layer, matrix in enumerate(step):
            weight = own[layer] * earlier[self.reads] * later[layer + 1][self.fills]
            layers.append(weight / weight.sum())
            earlier = earlier @ matrix
            earlier = earlier / earlier.sum()
        return torch.stack(layers), later

    def edge_chances(self) -> torch.Tensor:
        """(L, 3D-2): chance that an edge is active in a network that connects."""
        return self.chain()[0] @ self.children

    def operation_chances(self) -> torch.Tensor:
        return torch.softmax(self.operations, dim=-1)

    def sample(self, random: np.random.Generator, trials: bool = False) -> Path:
        """Draw a network exactly from the chain, an operation on every edge and, for alpha steps, what to try."""
        return next(self.samples(random, trials))

    def samples(self, random: np.random.Generator, trials: bool = False) -> Iterator[Path]:
        """One ``sample`` after another, as long as the alphas stay what they are now."""
        with torch.no_grad():
            own, later = self.child_chances().numpy(), [m.numpy() for m in self.chain()[1]]
            chances = self.operation_chances().numpy()
        while True:
            edges = self._draw_chain(own, later, random)
            operations = draw(chances, random)
            other = self._draw_chain(own, later, random) if trials else edges
            trial_operations = np.full_like(operations, -1)
            if trials:
                rest = chances.copy()
                np.put_along_axis(rest, operations[..., None], 0.0, axis=-1)
                trial_operations = draw(rest / rest.sum(-1, keepdims=True), random)
            yield Path(edges, operations, other & ~edges, trial_operations)

    def credit(self, path: Path, device: torch.device | str = "cpu") -> Credit:
        """What ``Supernet.forward`` needs to give the alphas their gradient along this path."""
        chosen = self.operations.gather(-1, torch.from_numpy(path.operations)[..., None])[..., 0]
        tried = self.operations.gather(-1, torch.from_numpy(path.trial_operations)[..., None])[..., 0]
        chances = torch.stack([self.edge_chances(), torch.sigmoid(chosen - tried)]).to(device, torch.float32)
        return Credit(chances[0], chances[1])

    def _draw_chain(
        self, own: npt.NDArray[np.float64], later: Sequence[npt.NDArray[np.float64]], random: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        reads, fills, children = self.reads.numpy(), self.fills.numpy(), self.children.numpy()
        state, rows = None, []
        for layer, chance in enumerate(own):
            weight = chance * later[layer + 1][fills]
            if state is not None:
                weight = weight * (reads == state)
            child = int(draw(weight / weight.sum(), random))
            state = fills[child]
            rows.append(children[child] > 0)
        return np.array(rows)

    def edge_entropy(self) -> torch.Tensor:
        """Mean over layers of the children's entropy / log(children): 1 at the uniform start, 0 when decided."""
        return entropy(self.child_chances()).mean() / np.log(len(self.children))

    def operation_entropy(self) -> torch.Tensor:
        """Mean over edges of the operations' entropy / log(operations)."""
        return entropy(self.operation_chances()).mean() / np.log(len(OPERATIONS))

    def ram_share(self) -> torch.Tensor:
        """Expected activation memory of a sampled network as a share of the largest network's, in (0, 1]."""
        return (self.edge_chances()[..., None] * self.operation_chances() * self.ram).sum()

    def connection_loss(self) -> torch.Tensor:
        """L_topology: cross-entropy, summed over layers and node patterns, between the chance that layer l fills a
        pattern and the chance that layer l + 1 reads it (MONAI's ``get_topology_entropy``)."""
        own = self.child_chances()
        none = torch.zeros(len(own), self.states, dtype=own.dtype)
        filled = none.index_add(1, self.fills, own)[:-1, 1:]
        read = none.index_add(1, self.reads, own)[1:, 1:]
        return -(filled * torch.log(read + 1e-5) + (1 - filled) * torch.log(1 - read + 1e-5)).sum()

    def penalty(self, sigma: float) -> torch.Tensor:
        """What the paper adds to the segmentation loss: H_a + H_c + |sigma - ram| + .001 L_topology."""
        budget = (sigma - self.ram_share()).abs()
        return self.edge_entropy() + self.operation_entropy() + budget + 0.001 * self.connection_loss()


def entropy(chances: torch.Tensor) -> torch.Tensor:
    """-sum p log p over the last axis; 0 log 0 = 0."""
    return torch.special.entr(chances).sum(-1)


def draw(chances: npt.NDArray[np.float64], random: np.random.Generator) -> Choice:
    """One index per row of (..., n) chances, by inversion; an index of chance 0 is never drawn.

    >>> draw(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.random.default_rng(0))
    array([1, 2])
    """
    sums = chances.cumsum(-1)
    point = random.random(chances.shape[:-1])[..., None] * sums[..., -1:]
    return (sums <= point).sum(-1)
