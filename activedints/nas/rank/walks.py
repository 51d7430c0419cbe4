"""Ways through a cell from input to output, measured for all cells at once by dynamic programmes over the vertices.

Graphs come edge-major, ``(vertex, vertex, cell)``, so that one edge of all cells is one contiguous vector: a
hundred measures of 423,624 cells are then a matter of seconds. Every function is O(vertices^2) vector operations.
"""

from itertools import pairwise, product

import numpy as np
import numpy.typing as npt

Graph = npt.NDArray[np.int8]
Lengths = npt.NDArray[np.float32]


def longest(allowed: npt.NDArray[np.bool_], weight: npt.NDArray) -> Lengths:
    """(cell,) largest total weight of a way over ``allowed`` edges; -inf where there is none.

    >>> chain = np.array([[0, 1, 1], [0, 0, 1], [0, 0, 0]], bool)[:, :, None]  # 0 -> 1 -> 2 and the short cut 0 -> 2
    >>> float(longest(chain, chain)[0]), float(shortest(chain, chain)[0])
    (2.0, 1.0)
    """
    return to_vertex(allowed, weight)[-1]


def shortest(allowed: npt.NDArray[np.bool_], weight: npt.NDArray) -> Lengths:
    """(cell,) smallest total weight of a way over ``allowed`` edges; inf where there is none."""
    return -to_vertex(allowed, -weight.astype(np.float32))[-1]


def to_vertex(allowed: npt.NDArray[np.bool_], weight: npt.NDArray) -> Lengths:
    """(vertex, cell) largest total weight of a way from the input to every vertex; -inf where there is none."""
    size, _, cells = allowed.shape
    best = np.full((size, cells), -np.inf, np.float32)
    best[0] = 0
    for j in range(1, size):
        for i in range(j):
            step = np.where(allowed[i, j], best[i] + weight[i, j], np.float32(-np.inf))
            np.maximum(best[j], step, out=best[j])
    return best


def count(factor: npt.NDArray) -> Lengths:
    """(cell,) sum over all ways of the product of the edges' factors; with 0/1 factors the number of ways."""
    size, _, cells = factor.shape
    total = np.zeros((size, cells), np.float32)
    total[0] = 1
    for j in range(1, size):
        for i in range(j):
            total[j] += total[i] * factor[i, j]
    return total[-1]


def carried(present: npt.NDArray[np.bool_], load: npt.NDArray) -> Lengths:
    """(cell,) sum over all ways of the total load on the way: how often a load is met, counted once per way."""
    size, _, cells = present.shape
    ways = np.zeros((size, cells), np.float32)
    total = np.zeros_like(ways)
    ways[0] = 1
    for j in range(1, size):
        for i in range(j):
            ways[j] += ways[i] * present[i, j]
            total[j] += present[i, j] * (total[i] + ways[i] * load[i, j])
    return total[-1]


def mixtures(graph: Graph, working: list[int]) -> npt.NDArray[np.float32]:
    """(cell, mixture) number of ways by what they hold: how many edges of each ``working`` code, order left aside.

    Column ``sum(n_k * vertices^k)`` counts the ways with ``n_k`` edges of the k-th working code; every
    other code (skips) adds nothing. For graphs of at most 16 vertices (counts are kept in 16 bits).
    """
    size, _, cells = graph.shape
    state = [np.zeros((size,) * len(working) + (cells,), np.uint16) for _ in range(size)]
    state[0][(0,) * len(working)] = 1
    for j in range(1, size):
        for i in range(j):
            _pass_on(state[i], state[j], graph[i, j], working)
    return state[-1].transpose(*range(len(working) - 1, -1, -1), -1).reshape(-1, cells).T.astype(np.float32)


def _pass_on(source: npt.NDArray, target: npt.NDArray, codes: npt.NDArray[np.int8], working: list[int]) -> None:
    for code in np.unique(codes[codes > 0]):
        here = (codes == code).astype(source.dtype)
        if code in working:
            axis = working.index(code)
            later, earlier = [slice(None)] * target.ndim, [slice(None)] * target.ndim
            later[axis], earlier[axis] = slice(1, None), slice(None, -1)
            target[tuple(later)] += source[tuple(earlier)] * here
        else:
            target += source * here


def sequences(graph: Graph, working: list[int]) -> dict[tuple[int, ...], Lengths]:
    """Number of ways by the exact sequence of working codes met from input to output (skips left out).

    Every sequence of up to ``vertices - 1`` codes is listed, met or not. Paths are enumerated,
    2^(vertices - 2) of them: meant for cells of four or five vertices.
    """
    size, _, cells = graph.shape
    spelled = [codes for length in range(size) for codes in product(working, repeat=length)]
    base = len(working) + 1
    digit = np.zeros(128, np.int64)
    digit[working] = np.arange(1, base)
    keys = np.array([_key(digit[list(codes)], base) for codes in spelled])
    total = np.zeros((len(spelled), cells), np.float32)
    for inner in range(2 ** (size - 2)):
        stops = [0] + [v for v in range(1, size - 1) if inner >> (v - 1) & 1] + [size - 1]
        exists, key = np.ones(cells, bool), np.zeros(cells, np.int64)
        for i, j in pairwise(stops):
            exists &= graph[i, j] > 0
            step = digit[graph[i, j]]
            key = np.where(step > 0, key * base + step, key)
        total += (key == keys[:, None]) & exists
    return dict(zip(spelled, total))


def _key(digits: npt.NDArray[np.integer], base: int) -> int:
    return int(sum(int(d) * base**k for k, d in enumerate(digits[::-1])))
