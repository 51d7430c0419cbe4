"""The space of cells that the measured table is about: NAS-Bench-201's, without the cells that let nothing through.

A cell is six tokens, one per edge (0 to 1, 0 to 2, 1 to 2, 0 to 3, 1 to 3, 2 to 3): 0 none, then skip, 1 x 1, 3 x 3,
average pooling. 5^6 = 15,625 cells; those whose output hears nothing from the input are dead. Two cells that differ
only on edges that lie on no way from input to output are the same network.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from activedints.nas.rank.cells import Cells, live_edges
from activedints.nas.rank.nasbench import OPERATIONS_201

EDGES = tuple((i, j) for j in range(1, 4) for i in range(j))
TOKENS = 5
Codes = npt.NDArray[np.int8]
SEED = 2026


def tokens_of(edges: Codes) -> Codes:
    """(cell, 4, 4) -> (cell, 6)."""
    rows, columns = zip(*EDGES)
    return edges[:, rows, columns]


def edges_of(tokens: npt.NDArray[np.integer]) -> Codes:
    """(cell, 6) -> (cell, 4, 4)."""
    edges = np.zeros((len(tokens), 4, 4), np.int8)
    rows, columns = zip(*EDGES)
    edges[:, rows, columns] = tokens
    return edges


def live(tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """(cell,) whether the output hears from the input.

    >>> live(np.array([[0, 0, 0, 1, 0, 0], [3, 3, 3, 0, 0, 0]])).tolist()
    [True, False]
    """
    return live_edges(edges_of(tokens)).any((1, 2))


def essential(tokens: npt.NDArray[np.integer]) -> Codes:
    """The same networks without the edges that do nothing."""
    return tokens_of(live_edges(edges_of(tokens)))


@cache
def everything() -> Codes:
    """All live cells (cell, 6) without edges that do nothing, each once."""
    every = np.stack(np.unravel_index(np.arange(TOKENS**6), (TOKENS,) * 6), 1).astype(np.int8)
    return np.unique(essential(every[live(every)]), axis=0)


def sampled(number: int) -> Cells:
    """The first ``number`` cells of the table's fixed random order."""
    order = np.random.default_rng(SEED).permutation(len(everything()))[:number]
    return Cells(OPERATIONS_201, edges_of(everything()[order]))
