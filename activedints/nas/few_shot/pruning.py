"""Soft pruning (MetaNAS): architecture weights become mixing shares by softmax at a falling temperature.

``o_ij = softmax(alpha_ij / tau)`` mixes the operations of an edge. Inputs of a node are mixed *pairwise*, by a softmax
over its pairs of inputs, ``x_j = sum_ab p_ab (f_a + f_b)``, which ends with exactly two inputs a node; or *single*, by
a softmax over its inputs. As tau falls, the mixture becomes the network that is left after pruning.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from activedints.core.cell import CHOICES, EDGES, OPERATIONS, Inputs
from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot.functional import Params


@dataclass(frozen=True)
class Annealing:
    """Temperature over an adaptation: linear as published, or geometric. 1 -> 1 is no annealing."""

    start: float = 1.0
    end: float = 0.05
    shape: Literal["linear", "geometric"] = "linear"

    def __post_init__(self) -> None:
        if not 0 < self.end <= self.start:
            raise InvalidSettings(f"Temperatures must fall and stay positive; got {self.start} to {self.end}.")

    def at(self, step: int, steps: int) -> float:
        """Temperature before step ``step`` of ``steps`` (``step = steps``: after the last).

        >>> [round(Annealing(1.0, 0.1).at(s, 3), 2) for s in range(4)]
        [1.0, 0.7, 0.4, 0.1]
        """
        share = step / max(1, steps)
        if self.shape == "geometric":
            return self.start * (self.end / self.start) ** share
        return self.start + (self.end - self.start) * share


def start(cells: int, inputs: Inputs, spread: float = 1e-3, seed: int = 0) -> Params:
    """Architecture weights near zero: ``alpha.operations`` (cell, edge, operation), ``alpha.inputs`` (cell, choice)."""
    generator = torch.Generator().manual_seed(seed)
    choices = sum(map(len, CHOICES[inputs]))
    shapes = {"alpha.operations": (cells, len(EDGES), len(OPERATIONS)), "alpha.inputs": (cells, choices)}
    return {k: spread * torch.randn(shape, generator=generator) for k, shape in shapes.items()}


def mixes(params: Params, tau: float, inputs: Inputs, drop: float = 0.0) -> list[Tensor]:
    """Coefficients (episode, edge, operation) for each cell from stacked architecture weights at temperature ``tau``.

    What is mixed with less than ``drop`` (operations, and inputs) is left out, and not executed.
    """
    operations = dropped(torch.softmax(params["alpha.operations"] / tau, -1), drop)
    weights = input_weights(params["alpha.inputs"] / tau, inputs, drop)
    return list((operations * weights[..., None]).unbind(1))


def input_weights(logits: Tensor, inputs: Inputs, drop: float) -> Tensor:
    """(episode, cell, choice) -> every edge's weight (episode, cell, edge): 2 a node in sum if pairwise, else 1."""
    weights = torch.zeros(*logits.shape[:2], len(EDGES), dtype=logits.dtype, device=logits.device)
    parts = logits.split([len(choices) for choices in CHOICES[inputs]], -1)
    for part, choices in zip(parts, CHOICES[inputs]):
        member = torch.tensor([[float(e in choice) for e in range(len(EDGES))] for choice in choices])
        weights = weights + dropped(torch.softmax(part, -1), drop) @ member.to(weights)
    return weights


def dropped(shares: Tensor, drop: float) -> Tensor:
    """Shares below ``drop`` become zero, the largest never."""
    if drop <= 0:
        return shares
    keep = (shares >= drop) | (shares == shares.amax(-1, keepdim=True))
    return shares * keep


@dataclass(frozen=True)
class Gene:
    """``node`` receives from ``state`` (0, 1: the cell's inputs; 2 + j: node j) through ``operation``."""

    node: int
    state: int
    operation: str


Genotype = tuple[tuple[Gene, ...], ...]
"""For each cell, two genes a node."""


def chosen(params: Params, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """The edges that stay, two a node, and every edge's operation: two tensors (episode, cell, edge)."""
    logits = params["alpha.inputs"].detach()
    keep = torch.zeros(*logits.shape[:2], len(EDGES), dtype=torch.bool, device=logits.device)
    parts = logits.split([len(choices) for choices in CHOICES[inputs]], -1)
    for part, choices in zip(parts, CHOICES[inputs]):
        best = part.topk(2 // len(choices[0]), -1).indices
        keep.scatter_(-1, torch.tensor(choices, device=logits.device)[best].flatten(-2), True)
    return keep, params["alpha.operations"].detach().argmax(-1)


def hard_mixes(params: Params, inputs: Inputs) -> list[Tensor]:
    """Coefficients of the pruned networks: 1 for the operation chosen on each edge that stays, 0 elsewhere."""
    keep, operation = chosen(params, inputs)
    one_hot = torch.nn.functional.one_hot(operation, len(OPERATIONS)) * keep[..., None]
    return list(one_hot.to(params["alpha.operations"].dtype).unbind(1))


def genotypes(params: Params, inputs: Inputs) -> list[Genotype]:
    """The pruned cells of every episode."""
    keep, operation = chosen(params, inputs)
    return [
        tuple(
            tuple(
                Gene(node, state, OPERATIONS[ops[e]])
                for e, (state, node) in sorted(enumerate(EDGES), key=lambda item: (item[1][1], item[1][0]))
                if kept[e]
            )
            for kept, ops in zip(cells_kept, cells_ops)
        )
        for cells_kept, cells_ops in zip(keep.tolist(), operation.tolist())
    ]


def sharpness(params: Params, tau: float) -> Tensor:
    """Mean over edges of the largest operation share (episode,): 1/7 where all are equal, 1 where one is left."""
    return torch.softmax(params["alpha.operations"] / tau, -1).amax(-1).mean((1, 2))
