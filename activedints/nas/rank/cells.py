"""Cells: many small architectures at once, as labelled graphs that run from an input to an output.

Vertices are in topological order; vertex 0 is the input, the last one the output. ``edges[b, i, j]`` says what
happens on the way from ``i`` to ``j`` in architecture ``b``: 0 there is no such edge (the operation "none" as well),
``k`` operation ``k`` (counted from 1) of the space, ``K + 1`` the tensor arrives unchanged at the output of a space
that places its operations on vertices. A space that places operations on vertices (NAS-Bench-101) is thus read as
one that places them on edges: every edge carries the operation of the vertex it enters. One set of graph
measures serves NAS-Bench-101, NAS-Bench-201, our own tables and DiNTS.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile

Codes = npt.NDArray[np.int8]

NONE = "none"


@dataclass(frozen=True)
class Operation:
    """What an edge or a vertex does. ``kind``: conv, pool or skip; ``kernel``: its side in voxels (0 for a skip)."""

    name: str
    kind: str
    kernel: int = 0


@dataclass(frozen=True)
class Cells:
    """``edges`` (cell, vertex, vertex) int8 as above; ``vertices`` (cell, vertex) operation of each vertex, 0 for
    input, output and unused ones, or None where the space places its operations on edges."""

    operations: tuple[Operation, ...]
    edges: Codes
    vertices: Codes | None = None

    def __len__(self) -> int:
        return len(self.edges)

    def __getitem__(self, rows: slice | npt.NDArray[np.integer]) -> "Cells":
        vertices = None if self.vertices is None else self.vertices[rows]
        return Cells(self.operations, self.edges[rows], vertices)

    def codes(self, *kinds: str) -> list[int]:
        """Operation codes of the given kinds; of all kinds when none is given."""
        return [code for code, one in enumerate(self.operations, 1) if not kinds or one.kind in kinds]


def live_edges(edges: Codes) -> Codes:
    """The edges that lie on some way from input to output; all others become 0. Shape as given (cell, vertex, vertex).

    >>> live_edges(np.array([[[0, 1, 2], [0, 0, 0], [0, 0, 0]]], np.int8))[0].tolist()  # vertex 1 leads nowhere
    [[0, 0, 2], [0, 0, 0], [0, 0, 0]]
    """
    present = edges > 0
    size = edges.shape[1]
    reached = np.zeros(edges.shape[:2], bool)
    reached[:, 0] = True
    for j in range(1, size):
        reached[:, j] = (reached[:, :j] & present[:, :j, j]).any(1)
    leads = np.zeros_like(reached)
    leads[:, -1] = True
    for i in range(size - 2, -1, -1):
        leads[:, i] = (leads[:, i + 1 :] & present[:, i, i + 1 :]).any(1)
    live = reached & leads
    return np.where(live[:, :, None] & live[:, None, :], edges, 0).astype(np.int8)


def read_edges(texts: Sequence[str], operations: tuple[Operation, ...]) -> Cells:
    """Cells from NAS-Bench-201's notation, one ``|operation~source|...`` group per vertex, groups joined by ``+``.

    >>> conv = (Operation("nor_conv_3x3", "conv", 3), Operation("skip_connect", "skip"))
    >>> read_edges(["|nor_conv_3x3~0|+|none~0|skip_connect~1|"], conv).edges[0].tolist()
    [[0, 1, 0], [0, 0, 2], [0, 0, 0]]

    Raises InvalidFile for text that is not in this notation, an unknown operation or cells of different sizes.
    """
    code_of = {NONE: 0} | {operation.name: code for code, operation in enumerate(operations, 1)}
    size = _groups(texts[0], 0) + 1 if len(texts) else 2
    edges = np.zeros((len(texts), size, size), np.int8)
    for row, text in enumerate(texts):
        if _groups(text, row) + 1 != size:
            raise InvalidFile(
                f"Architecture {row + 1} has {_groups(text, row)} vertices, the first one {size - 1}: "
                "all architectures of one table need the same number of vertices."
            )
        for target, group in enumerate(text.split("+"), 1):
            for part in group.strip("|").split("|"):
                name, _, source = part.partition("~")
                if name not in code_of:
                    raise InvalidFile(
                        f"Architecture {row + 1} uses the unknown operation '{name}'; "
                        f"this space knows {', '.join(code_of)}."
                    )
                if not source.isdecimal() or int(source) >= target:
                    raise InvalidFile(
                        f"Architecture {row + 1} has an edge into vertex {target} from '{source}': "
                        "the source must be the number of an earlier vertex."
                    )
                edges[row, int(source), target] = code_of[name]
    return Cells(operations, edges)


def _groups(text: str, row: int) -> int:
    if not isinstance(text, str) or not text.startswith("|") or "~" not in text:
        raise InvalidFile(
            f"Architecture {row + 1} reads '{text}', not the notation |operation~source|+|operation~source|...|."
        )
    return text.count("+") + 1


def write_edges(cells: Cells) -> list[str]:
    """The inverse of ``read_edges``: one text per cell, "none" written out for absent edges."""
    names = [NONE] + [operation.name for operation in cells.operations]
    size = cells.edges.shape[1]
    return [
        "+".join("|" + "".join(f"{names[edges[i, j]]}~{i}|" for i in range(j)) for j in range(1, size))
        for edges in cells.edges
    ]


def read_vertices(adjacency: Sequence[str], letters: Sequence[str], operations: tuple[Operation, ...]) -> Cells:
    """Cells whose vertices carry the operations (NAS-Bench-101).

    ``adjacency``: upper triangle of the adjacency matrix, row by row, as 0 and 1; ``letters``: one digit per inner
    vertex, the position of its operation in ``operations``. Cells may differ in size; all are laid out
    in the largest one's grid, the output always last.

    Raises InvalidFile where the two texts do not fit each other or name an unknown operation.
    """
    inner = np.char.str_len(np.asarray(letters, dtype=str)) if len(letters) else np.zeros(0, int)
    size = int(inner.max(initial=0)) + 2
    edges = np.zeros((len(inner), size, size), np.int8)
    vertices = np.zeros((len(inner), size), np.int8)
    for count in np.unique(inner):
        rows = np.flatnonzero(inner == count)
        upper = np.triu_indices(count + 2, 1)
        bits = _digits(adjacency, rows, len(upper[0]), 1, "an adjacency", "0 and 1")
        codes = _digits(letters, rows, count, len(operations) - 1, "operations", f"0 to {len(operations) - 1}")
        place = np.r_[np.arange(count + 1), size - 1]
        vertices[np.ix_(rows, place[1:-1])] = codes + 1
        entering = vertices[rows]
        entering[:, -1] = len(operations) + 1
        for column, (i, j) in enumerate(zip(place[upper[0]], place[upper[1]])):
            edges[rows, i, j] = bits[:, column] * entering[:, j]
    return Cells(operations, edges, vertices)


def _digits(texts: Sequence[str], rows: npt.NDArray[np.integer], width: int, top: int, what: str, rule: str) -> Codes:
    """(row, width) digits of the texts at ``rows``; InvalidFile names the first text that breaks the rule."""
    chosen = [texts[row] for row in rows]
    wrong = [row for row, text in zip(rows, chosen) if len(text) != width]
    if not wrong:
        digits = np.frombuffer("".join(chosen).encode("latin1", "replace"), np.uint8).reshape(len(rows), width) - 48
        wrong = rows[(digits > top).any(1)].tolist()
        if not wrong:
            return digits.astype(np.int8)
    raise InvalidFile(
        f"Architecture {wrong[0] + 1} has {what} of '{texts[wrong[0]]}': {width} digits of {rule} are needed here."
    )
