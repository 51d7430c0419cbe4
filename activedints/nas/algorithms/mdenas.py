"""MDENAS: multinomial distribution learning for architecture search (Zheng et al., ICCV 2019), from its equations.

Every edge has its own multinomial over operations, uniform at first. Each round samples one operation per edge, trains
the cell, and remembers for its operations how often they were trained (H_e) and the accuracy of the last time (H_a).
For each pair of operations on an edge, one that was trained no less often and is worse hands probability to the other.
Here the operations that are credited are those of the measured cell that stands for the sampled one.

One change, which can be undone: H_a is an operation's mean accuracy over all cells that it was trained in. In the
paper's supernet the last accuracy is the best known one, since shared weights grow; here every cell is trained from
scratch, so that the last accuracy of an operation says little about it and much about the other five edges.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.nas.algorithms.walk import Walk
from activedints.nas.measured import space

Array = npt.NDArray[np.float64]
EDGES = len(space.EDGES)


def updated(p: Array, trained: Array, accuracy: Array, rate: float) -> Array:
    """One step of the rule on ``p`` (edge, operation), with H_e ``trained`` and H_a ``accuracy`` of the same shape.

    An operation can give no more than it has, so rows stay probabilities. Operations never trained take no part: they
    have no accuracy to compare.
    """
    p = p.copy()
    for edge in range(len(p)):
        for i in range(p.shape[1]):
            for j in range(p.shape[1]):
                both = trained[edge, i] and trained[edge, j]
                if both and trained[edge, i] >= trained[edge, j] and accuracy[edge, i] < accuracy[edge, j]:
                    given = min(rate, p[edge, i])
                    p[edge, i] -= given
                    p[edge, j] += given
    return p


@dataclass(frozen=True)
class Mdenas:
    """``rounds`` of sampling (a cell sampled again costs nothing); ``rate`` of probability a pair and round, as in the
    paper; ``averaged``: H_a is the mean over an operation's cells, or else, as published, the last one.

    Story: ``p`` (edge, operation) after every round.
    """

    rounds: int = 100
    rate: float = 0.01
    averaged: bool = True

    def __call__(self, walk: Walk, rng: np.random.Generator) -> None:
        p = np.full((EDGES, space.TOKENS), 1 / space.TOKENS)
        trained, accuracy, edges = np.zeros_like(p), np.zeros_like(p), np.arange(EDGES)
        for _ in range(self.rounds):
            row = sampled(walk, p, rng)
            if row not in walk.rows and walk.over:
                break
            value, tokens = walk.train(row), walk.table.tokens[row]
            trained[edges, tokens] += 1
            weight = 1 / trained[edges, tokens] if self.averaged else 1
            accuracy[edges, tokens] += weight * (value - accuracy[edges, tokens])
            p = updated(p, trained, accuracy, self.rate)
            walk.story.append(p)


def sampled(walk: Walk, p: Array, rng: np.random.Generator) -> int:
    """One operation per edge from ``p``, drawn again while the cell is dead; the measured cell that stands for it."""
    for _ in range(1000):
        tokens = (rng.random((EDGES, 1)) > p.cumsum(1)[:, :-1]).sum(1)
        if (row := walk.row_of(tokens)) >= 0:
            return row
    return int(rng.integers(len(walk.table.cells)))


def found(p: Array) -> npt.NDArray[np.int8]:
    """The likeliest operation of every edge; with a dead cell as result, the likeliest but for a skip to the output."""
    tokens = p.argmax(1).astype(np.int8)
    if not space.live(tokens[None])[0]:
        direct = space.EDGES.index((0, 3))
        tokens[direct] = 1 + p[direct, 1:].argmax()
    return tokens
