"""Path measures against the slow enumeration of every way."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from activedints.nas.rank import walks

graphs = arrays(np.int8, (5, 5, 3), elements=st.integers(0, 3))


def ways(graph: np.ndarray, cell: int) -> list[list[int]]:
    """The codes along every way from vertex 0 to the last one."""
    size = len(graph)
    found = []
    for inner in range(2 ** (size - 2)):
        stops = [0] + [v for v in range(1, size - 1) if inner >> (v - 1) & 1] + [size - 1]
        codes = [int(graph[i, j, cell]) for i, j in pairwise(stops)]
        if all(codes):
            found.append(codes)
    return found


@settings(deadline=None, max_examples=60)
@given(graphs)
def test_every_measure_is_what_enumeration_gives(graph):
    present = graph > 0
    weight = (graph == 1).astype(np.float32)
    most, fewest = walks.longest(present, weight), walks.shortest(present, weight)
    number, carried = walks.count(present), walks.carried(present, graph == 2)
    mixtures = walks.mixtures(graph, [2, 3])
    for cell in range(graph.shape[2]):
        all_ways = ways(graph, cell)
        ones = [way.count(1) for way in all_ways]
        assert number[cell] == len(all_ways)
        assert carried[cell] == sum(way.count(2) for way in all_ways)
        assert most[cell] == max(ones, default=-np.inf)
        assert fewest[cell] == min(ones, default=np.inf)
        for twos, threes in ((0, 0), (1, 0), (0, 2), (2, 1)):
            expected = sum(way.count(2) == twos and way.count(3) == threes for way in all_ways)
            assert mixtures[cell, twos + 5 * threes] == expected


@settings(deadline=None, max_examples=60)
@given(arrays(np.int8, (4, 4, 3), elements=st.integers(0, 3)))
def test_sequences_are_what_enumeration_gives(graph):
    found = walks.sequences(graph, [2, 3])
    assert len(found) == 1 + 2 + 4 + 8
    for cell in range(graph.shape[2]):
        met = [tuple(code for code in way if code in (2, 3)) for way in ways(graph, cell)]
        for spelled, numbers in found.items():
            assert numbers[cell] == met.count(spelled)
