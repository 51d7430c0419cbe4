"""Auto-Meta (Kim et al. 2018) in its smallest form: a few-shot cell grown block by block, led by a surrogate.

A block is a node with two inputs and an operation on each. All one-block cells are trained (a short supervised warm-up,
then REPTILE) and measured on validation episodes; a ridge surrogate learns accuracy from the cell's code, ranks all
extensions of the best cells by a second block, and only its first choices are trained. One cell is used at every place
of the network.
"""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from activedints.core.cell import EDGES, NODES, OPERATIONS
from activedints.core.job import Report, silent
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import EpisodePlan, ImageClasses
from activedints.nas.few_shot.evaluation import by_adaptation, evaluate
from activedints.nas.few_shot.functional import Params
from activedints.nas.few_shot.learners import Stage, meta_train
from activedints.nas.few_shot.supernet import CONV15, CONV33, MAX, Supernet

CHOICES = (MAX, CONV15, CONV33)
"""The operations that cells are grown from."""


@dataclass(frozen=True)
class Block:
    """Node ``node`` adds ``operations[i]`` of ``states[i]``, i = 0, 1."""

    node: int
    states: tuple[int, int]
    operations: tuple[int, int]


Cell = tuple[Block, ...]


def extensions(cell: Cell) -> list[Cell]:
    """The cell with one more block in every possible way: 9 for the empty cell, 27 for a cell of one block."""
    node = len(cell)
    inputs = combinations(range(node + 2), 2)
    return [cell + (Block(node, states, ops),) for states in inputs for ops in product(CHOICES, repeat=2)]


def mix(cell: Cell) -> Tensor:
    """Coefficients (1, edge, operation): 1 on the cell's edges and operations."""
    table = torch.zeros(1, len(EDGES), len(OPERATIONS))
    for block in cell:
        for state, operation in zip(block.states, block.operations):
            table[0, EDGES.index((state, block.node)), operation] = 1
    return table


def code(cell: Cell) -> npt.NDArray[np.float64]:
    """What the surrogate sees: a constant, the shares of operations and of states among edges, the blocks.

    Shares and not counts by node: what one block has taught must say something about the next.
    """
    edges = [pair for block in cell for pair in zip(block.states, block.operations)]
    operations = [sum(o == operation for _, o in edges) / len(edges) for operation in CHOICES]
    states = [sum(s == state for s, _ in edges) / len(edges) for state in range(NODES + 1)]
    return np.array([1.0, *operations, *states, float(len(cell))])


@dataclass(frozen=True)
class Grown:
    """The network of one cell, as a Network."""

    supernet: Supernet
    cell: Cell

    def start(self, seed: int) -> Params:
        return self.supernet.start(seed)

    def features(self, params: Params, images: Tensor) -> Tensor:
        table = mix(self.cell).to(images).expand(images.shape[0], -1, -1)
        return self.supernet.features(params, images, [table] * len(self.supernet.reduces))


@dataclass(frozen=True)
class Ridge:
    """Ridge regression with the constant left free: weights from codes (cell, feature) and accuracies (cell,)."""

    weights: npt.NDArray[np.float64]

    @staticmethod
    def fit(codes: npt.NDArray[np.float64], accuracies: npt.NDArray[np.float64], penalty: float = 0.1) -> "Ridge":
        shrink = penalty * np.eye(codes.shape[1])
        shrink[0, 0] = 1e-9
        return Ridge(np.linalg.solve(codes.T @ codes + shrink, codes.T @ accuracies))

    def predict(self, codes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return codes @ self.weights


@dataclass(frozen=True)
class Candidate:
    """A trained cell: its validation accuracy in percent, and what the surrogate expected (None at first)."""

    cell: Cell
    accuracy: float
    expected: float | None


@dataclass(frozen=True)
class AutoMeta:
    """Grow to ``levels`` blocks: extend the ``kept`` best cells, train the surrogate's ``trained`` first choices."""

    supernet: Supernet
    recipe: tuple[Stage, ...]
    adaptation: Adaptation
    levels: int = 2
    kept: int = 3
    trained: int = 6

    def search(
        self,
        images: ImageClasses,
        validation: ImageClasses,
        wanted: EpisodePlan,
        seed: int = 0,
        report: Report = silent,
    ) -> list[Candidate]:
        """All trained candidates in the order of training; the best by validation accuracy is the answer."""
        first = extensions(())
        total, found = len(first) + (self.levels - 1) * self.trained, list[Candidate]()
        best: list[Cell] = [()]
        for level in range(self.levels):
            cells = [longer for cell in best for longer in extensions(cell)]
            expected: list[float | None] = [None] * len(cells)
            if level:
                surrogate = Ridge.fit(np.stack([code(c.cell) for c in found]), np.array([c.accuracy for c in found]))
                predicted = surrogate.predict(np.stack([code(cell) for cell in cells]))
                order = np.argsort(-predicted, kind="stable")[: self.trained]
                cells, expected = [cells[i] for i in order], [float(predicted[i]) for i in order]
            for cell, hope in zip(cells, expected):
                found.append(Candidate(cell, self.measure(cell, images, validation, wanted, seed), hope))
                report(len(found), total, f"{level + 1} blocks", {"accuracy": found[-1].accuracy})
            grown = [c for c in found if len(c.cell) == level + 1]
            best = [c.cell for c in sorted(grown, key=lambda c: -c.accuracy)[: self.kept]]
        return found

    def measure(
        self, cell: Cell, images: ImageClasses, validation: ImageClasses, wanted: EpisodePlan, seed: int
    ) -> float:
        """Train one cell and return its transductive validation accuracy in percent."""
        network = Grown(self.supernet, cell)
        params = meta_train(network, self.recipe, images, seed)
        adapted = by_adaptation(network, params, self.adaptation)
        return evaluate(adapted, validation, wanted, ("transductive",))["adapted", "transductive"].mean


def leave_one_out(candidates: list[Candidate]) -> npt.NDArray[np.float64]:
    """What the surrogate predicts for each candidate when fitted on all the others."""
    codes, accuracies = np.stack([code(c.cell) for c in candidates]), np.array([c.accuracy for c in candidates])
    others = [np.arange(len(candidates)) != i for i in range(len(candidates))]
    return np.array([Ridge.fit(codes[o], accuracies[o]).predict(codes[i]) for i, o in enumerate(others)])
