"""Width and depth of a cell, after Shu, Wang and Cai (Understanding Architectures Learnt by Cell-based NAS, ICLR 2020).

Width: every inner node adds c (the cell's width) times the share of its inputs that are inputs of the cell. Depth:
edges of the longest way from an input of the cell to its output. Wide and shallow cells converge faster; the paper
does not say that they generalise better.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.nas.rank.cells import Codes, live_edges, read_edges
from activedints.nas.rank.nasbench import OPERATIONS_201

Inputs = Sequence[Sequence[int]]
"""For each inner node, in order, the states it reads: the cell's inputs come first, then the inner nodes."""


@dataclass(frozen=True)
class Shape:
    """``width`` in units of c, ``depth`` in edges."""

    width: Fraction
    depth: int

    def __str__(self) -> str:
        width = str(self.width) if self.width.denominator == 1 else f"{float(self.width):g}"
        return f"{width}c/{self.depth}"


def shape(inputs: Inputs, cell_inputs: int = 2) -> Shape:
    """Shape of a cell whose output gathers every inner node that no other node reads, or all of them: the depth is the
    same. Raises InvalidSettings for a node that reads itself or a later one.

    >>> str(shape([(0, 1), (0, 1), (0, 2)]))
    '2.5c/3'
    """
    width, depths = Fraction(0), [0] * cell_inputs
    for node, read in enumerate(inputs):
        if not read or any(not 0 <= state < len(depths) for state in read):
            raise InvalidSettings(
                f"Node {node} of the cell reads {list(read)}; it must read some of the {len(depths)} states before it."
            )
        width += Fraction(sum(state < cell_inputs for state in read), len(read))
        depths.append(1 + max(depths[state] for state in read))
    return Shape(width, 1 + max(depths[cell_inputs:]))


def shape_of_edges(edges: Codes) -> Shape:
    """Shape of a cell with one input and its operations on edges (NAS-Bench-201), ``edges`` (vertex, vertex): inner
    vertices as above on the edges that do something, the output as one more node that adds its direct share.

    A cell of one edge from input to output has width c and depth 1.
    """
    alive = live_edges(edges[None])[0] > 0
    size = len(alive)
    if not alive.any():
        raise InvalidSettings("This cell lets nothing through, so it has neither width nor depth.")
    width, depth = Fraction(0), np.zeros(size, int)
    for node in range(1, size):
        read = np.flatnonzero(alive[:, node])
        if len(read):
            width += Fraction(int(0 in read), len(read))
            depth[node] = 1 + depth[read].max()
    return Shape(width, int(depth[-1]))


def read_shape(text: str) -> Shape:
    """Shape of a cell that a person wrote: in NAS-Bench-201's notation, or what its nodes read, "0 1, 0 1, 0 2" (0 and
    1 are the cell's inputs). InvalidSettings, InvalidFile for anything else.

    >>> str(read_shape("0 1, 0 1, 0 2"))
    '2.5c/3'
    >>> str(read_shape("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"))
    '1c/3'
    """
    if "~" in text:
        return shape_of_edges(read_edges([text.strip()], OPERATIONS_201).edges[0])
    groups = [group.split() for group in text.split(",")]
    if not all(group and all(word.isdecimal() for word in group) for group in groups):
        raise InvalidSettings(
            f"A cell is written as the states that each node reads, such as 0 1, 0 1, 0 2; not '{text}'."
        )
    return shape([[int(word) for word in group] for group in groups])


def measures(cells: Codes) -> npt.NDArray[np.float64]:
    """(cell, 2) width and depth of many cells (cell, vertex, vertex)."""
    shapes = [shape_of_edges(edges) for edges in cells]
    return np.array([[float(one.width), one.depth] for one in shapes])


PUBLISHED: dict[str, tuple[Inputs, str]] = {
    "NASNet-A (Zoph et al. 2018)": (((1, 0), (0, 0), (1, 0), (0, 0), (1, 1)), "5c/2"),
    "AmoebaNet-A (Real et al. 2019)": (((0, 1), (0, 2), (0, 3), (1, 1), (0, 1)), "4c/4"),
    "ENAS (Pham et al. 2018)": (((0, 0), (0, 0), (0, 1), (1, 0), (0, 1)), "5c/2"),
    "DARTS, second order (Liu et al. 2019)": (((0, 1), (0, 1), (1, 0), (0, 2)), "3.5c/3"),
    "SNAS, mild (Xie et al. 2019)": (((0, 1), (0, 1), (0, 1), (0, 1)), "4c/2"),
}
"""Which states the nodes of published normal cells read, and the shape that the paper gives."""
