"""Cells as graphs of eight nodes (input, six operations, output), and recurrent networks that run along them.

Node v of 1 to 6 carries the operation of edge v - 1 of ``space.EDGES``; it hears the operations that end where its edge
begins. The skeleton of a NAS-Bench-201 cell is therefore the same for every cell: only the operations carry
information, and a generator that has learned the space gets the edges right (its validity says whether it did).
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from activedints.nas.measured import space

NODES, TYPES = 8, 2 + space.TOKENS
"""Types: 0 input, 1 output, 2 + token."""


def skeleton() -> npt.NDArray[np.bool_]:
    """(8, 8) who is heard by whom: [u, v] says that node u leads to node v."""
    leads = np.zeros((NODES, NODES), bool)
    for v, (start, end) in enumerate(space.EDGES, 1):
        leads[0, v] = start == 0
        leads[v, NODES - 1] = end == 3
        for u, (_, before) in enumerate(space.EDGES, 1):
            leads[u, v] |= before == start
    return leads


LEADS = skeleton()


def types_of(tokens: npt.NDArray[np.integer]) -> Tensor:
    """(cell, 6) tokens -> (cell, 8) node types."""
    types = np.full((len(tokens), NODES), 1)
    types[:, 0], types[:, 1:-1] = 0, 2 + tokens
    return torch.from_numpy(types)


class Messages(nn.Module):
    """The gated sum of what a node hears: sum over u of sigmoid(gate [h_u, u]) * map [h_u, u], u by its number."""

    def __init__(self, size: int):
        super().__init__()
        self.gate, self.map = nn.Linear(size + NODES, size), nn.Linear(size + NODES, size, bias=False)

    def forward(self, states: Tensor, numbers: list[int], heard: Tensor) -> Tensor:
        """states (cell, u, size) of the nodes ``numbers``, ``heard`` (cell, u) in 0..1 -> (cell, size)."""
        place = torch.eye(NODES)[numbers].expand(len(states), -1, -1)
        both = torch.cat([states, place], 2)
        return (heard[:, :, None] * self.gate(both).sigmoid() * self.map(both)).sum(1)


class GraphEncoder(nn.Module):
    """Bidirectional recurrent message passing along the cell, after D-VAE (Zhang et al., NeurIPS 2019)."""

    def __init__(self, size: int = 48, out: int = 32):
        super().__init__()
        self.size = size
        self.ways = nn.ModuleList(nn.GRUCell(TYPES, size) for _ in range(2))
        self.messages = nn.ModuleList(Messages(size) for _ in range(2))
        self.last = nn.Linear(2 * size, out)

    def along(self, way: int, types: Tensor) -> Tensor:
        """The state of the last node in the direction ``way`` (0 forward, 1 backward), (cell, size)."""
        order = list(range(NODES)) if way == 0 else list(range(NODES))[::-1]
        leads = LEADS if way == 0 else LEADS.T
        states: dict[int, Tensor] = {}
        for v in order:
            told = torch.eye(TYPES)[types[:, v]]
            before = [u for u in states if leads[u, v]]
            hidden = None
            if before:
                stacked = torch.stack([states[u] for u in before], 1)
                hidden = self.messages[way](stacked, before, torch.ones(stacked.shape[:2]))
            states[v] = self.ways[way](told, hidden)
        return states[order[-1]]

    def forward(self, types: Tensor) -> Tensor:
        """(cell, 8) -> (cell, out)."""
        return self.last(torch.cat([self.along(0, types), self.along(1, types)], 1))


class GraphDecoder(nn.Module):
    """From the latent of a data set to cells, node by node: its type, then which earlier nodes lead to it."""

    def __init__(self, latent: int = 32, size: int = 48):
        super().__init__()
        self.start = nn.Linear(latent, size)
        self.cell, self.messages = nn.GRUCell(TYPES, size), Messages(size)
        self.vertex = nn.Sequential(nn.Linear(size + latent, size), nn.ReLU(), nn.Linear(size, TYPES))
        self.edge = nn.Sequential(nn.Linear(2 * size + 2 * NODES, size), nn.ReLU(), nn.Linear(size, 1))

    def node(self, z: Tensor, states: list[Tensor], kind: Tensor, heard: Tensor) -> Tensor:
        """The state of a new node of type ``kind`` (cell,) that hears earlier ones as ``heard`` (cell,
        earlier) says."""
        told, hidden = torch.eye(TYPES)[kind], self.start(z).tanh()
        if states:
            hidden = hidden + self.messages(torch.stack(states, 1), list(range(len(states))), heard)
        return self.cell(told, hidden)

    def next_types(self, z: Tensor, states: list[Tensor]) -> Tensor:
        """Logits (cell, TYPES) of the next node's type, from the last node's state."""
        last = states[-1] if states else self.start(z).tanh()
        return self.vertex(torch.cat([last, z], 1))

    def next_edges(self, states: list[Tensor], fresh: Tensor) -> Tensor:
        """Logits (cell, earlier) that an earlier node leads to the new one, whose state so far is ``fresh``."""
        v, earlier = len(states), torch.stack(states, 1)
        place = torch.eye(NODES)[list(range(v))].expand(len(fresh), -1, -1)
        own = torch.eye(NODES)[v].expand(len(fresh), v, -1)
        both = torch.cat([earlier, fresh[:, None].expand_as(earlier), place, own], 2)
        return self.edge(both)[:, :, 0]

    def loss(self, z: Tensor, types: Tensor) -> Tensor:
        """Mean -log p(cell | z) in nats over cells (cell, 8), taught: every step sees the true cell so far."""
        total, states = torch.zeros(()), []
        for v in range(NODES):
            total = total + nn.functional.cross_entropy(self.next_types(z, states), types[:, v])
            heard = torch.from_numpy(LEADS[:v, v]).float().expand(len(z), -1)
            if states:
                fresh = self.node(z, [], types[:, v], heard)
                edges = self.next_edges(states, fresh)
                total = total + nn.functional.binary_cross_entropy_with_logits(edges, heard, reduction="sum") / len(z)
            states.append(self.node(z, states, types[:, v], heard))
        return total

    @torch.no_grad()
    def sample(self, z: Tensor, generator: torch.Generator, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        """One cell a row of z: types (cell, 8), sampled, and edges (cell, 8, 8), the likelier of yes and no; node by
        node, nothing is mended."""
        number = len(z)
        types, leads = torch.zeros(number, NODES, dtype=torch.long), torch.zeros(number, NODES, NODES)
        states: list[Tensor] = []
        for v in range(NODES):
            chance = (self.next_types(z, states) / temperature).softmax(1)
            types[:, v] = torch.multinomial(chance, 1, generator=generator)[:, 0]
            if states:
                chance = self.next_edges(states, self.node(z, [], types[:, v], leads[:, :0, v])).sigmoid()
                leads[:, :v, v] = (chance > 0.5).float()
            states.append(self.node(z, states, types[:, v], leads[:, :v, v]))
        return types, leads


def valid(types: Tensor, leads: Tensor) -> npt.NDArray[np.bool_]:
    """(cell,) whether a sampled graph is a cell of the space: input first, output last, operations between, the edges
    of the skeleton, and something gets through."""
    kinds, edges = types.numpy(), leads.numpy().astype(bool)
    ends = (kinds[:, 0] == 0) & (kinds[:, -1] == 1) & (kinds[:, 1:-1] >= 2).all(1)
    shaped = ends & (edges == LEADS).all((1, 2))
    tokens = np.where(shaped[:, None], kinds[:, 1:-1] - 2, 0)
    return shaped & space.live(tokens)


def tokens_of(types: Tensor) -> npt.NDArray[np.int8]:
    """The six tokens of valid graphs."""
    return (types[:, 1:-1].numpy() - 2).astype(np.int8)
