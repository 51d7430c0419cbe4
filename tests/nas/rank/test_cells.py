from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.core.errors import InvalidFile
from activedints.nas.rank.cells import Operation, live_edges, read_edges, read_vertices, write_edges
from activedints.nas.rank.nasbench import OPERATIONS_101, OPERATIONS_201

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"


def test_a_cell_as_a_graph():
    cells = read_edges([CELL], OPERATIONS_201)
    assert cells.edges[0].tolist() == [[0, 3, 0, 4], [0, 0, 1, 2], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert write_edges(cells) == [CELL]


def test_an_edge_into_a_dead_end_is_not_live():
    edges = read_edges([CELL], OPERATIONS_201).edges
    assert live_edges(edges)[0].tolist() == [[0, 3, 0, 4], [0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0]]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_live_edges_are_those_on_some_way(codes):
    edges = np.zeros((1, 4, 4), np.int8)
    edges[0][np.triu_indices(4, 1)] = codes
    kept = {(i, j) for way in _ways(edges[0], 0) for i, j in pairwise(way)}
    assert {(int(i), int(j)) for i, j in zip(*np.nonzero(live_edges(edges)[0]))} == kept
    assert write_edges(read_edges(write_edges(read_edges([CELL], OPERATIONS_201)), OPERATIONS_201)) == [CELL]


def _ways(edges: np.ndarray, start: int) -> list[list[int]]:
    """All ways from ``start`` to the last vertex, the slow way."""
    if start == len(edges) - 1:
        return [[start]]
    return [[start, *rest] for j in range(len(edges)) if edges[start, j] for rest in _ways(edges, j)]


def test_operations_on_vertices_are_read_as_edges_into_them():
    cells = read_vertices(["110101", "1"], ["20", ""], OPERATIONS_101)
    # input -> vertex 1 (max pool) and vertex 2 (3x3); vertex 1 -> vertex 2; vertex 2 -> output
    assert cells.edges[0].tolist() == [[0, 3, 1, 0], [0, 0, 1, 0], [0, 0, 0, 4], [0, 0, 0, 0]]
    assert cells.vertices[0].tolist() == [0, 3, 1, 0]
    assert cells.edges[1].tolist() == [[0, 0, 0, 4], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("|nor_conv_7x7~0|", "unknown operation 'nor_conv_7x7'"),
        ("nor_conv_3x3", "not the notation"),
        ("|nor_conv_3x3~0|+|none~0|none~2|", "an earlier vertex"),
        ("|nor_conv_3x3~0|+|none~0|none~x|", "an earlier vertex"),
        (None, "not the notation"),
    ],
)
def test_text_that_is_no_cell(text, said):
    with pytest.raises(InvalidFile, match=said):
        read_edges([text], OPERATIONS_201)


def test_cells_of_different_sizes_are_refused():
    with pytest.raises(InvalidFile, match="same number of vertices"):
        read_edges(["|none~0|+|none~0|none~1|", "|none~0|"], OPERATIONS_201)


@pytest.mark.parametrize(
    ("adjacency", "letters", "said"),
    [
        ("11010", "20", "adjacency"),
        ("110102", "20", "0 and 1"),
        ("110101", "23", "operations"),
        ("110101", "2x", "20?"),
    ],
)
def test_vertex_cells_that_do_not_fit(adjacency, letters, said):
    with pytest.raises(InvalidFile, match=said):
        read_vertices([adjacency], [letters], OPERATIONS_101)


def test_an_operation_is_a_name_a_kind_and_a_kernel():
    assert Operation("skip", "skip").kernel == 0
