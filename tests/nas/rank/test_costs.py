import numpy as np
import pytest

from activedints.core.errors import InvalidSettings
from activedints.nas.rank.cells import read_edges, read_vertices
from activedints.nas.rank.costs import edge_costs, params_nasbench101
from activedints.nas.rank.nasbench import OPERATIONS_101, OPERATIONS_201, nasbench101, nasbench201


def test_one_edge_by_hand():
    cells = read_edges(["|nor_conv_3x3~0|", "|skip_connect~0|"], OPERATIONS_201)
    params, adds = edge_costs(cells, width=8, side=8, stages=2, repeats=1)
    # 8 channels at 8x8, then 16 at 4x4; each convolution brings two weights a channel for its normalisation
    assert params.tolist() == [9 * 8 * 8 + 16 + 9 * 16 * 16 + 32, 0]
    assert adds.tolist() == [9 * 8 * 8 * 64 + 9 * 16 * 16 * 16, 0]


def test_nasbench201_computed_is_nasbench201_listed(shared_data):
    benchmark = nasbench201(shared_data / "nas")
    params, adds = edge_costs(benchmark.cells, width=16, side=32, stages=3, repeats=5)
    assert np.ptp(np.round(benchmark.values("cifar10_params_M") * 1e6) - params) == 0
    assert np.ptp(np.round(benchmark.values("cifar10_flops_official_M") * 1e6) - adds) <= 2


def test_nasbench101_computed_is_nasbench101_listed(shared_data):
    """Exact but where three vertices share 128 channels: the order of vertices decides there."""
    benchmark = nasbench101(shared_data / "nas")
    computed, listed = params_nasbench101(benchmark.cells), np.round(benchmark.values("params") * 1e6)
    joined = (benchmark.cells.edges[:, 1:-1, -1] > 0).sum(1)
    assert np.array_equal(computed[joined != 3], listed[joined != 3])
    assert (np.abs(computed - listed) / listed).max() < 0.014
    assert (computed == listed).mean() > 0.96


def test_nasbench101_smallest_cell_by_hand():
    # input straight to output: each of nine cells is one 1x1 projection with its normalisation
    cells = read_vertices(["1"], [""], OPERATIONS_101)
    stem, dense = 3 * 9 * 128 + 2 * 128, 512 * 10 + 10
    widths = [(128, 128)] * 3 + [(128, 256), (256, 256), (256, 256), (256, 512), (512, 512), (512, 512)]
    assert params_nasbench101(cells)[0] == stem + dense + sum(a * b + 2 * b for a, b in widths)


def test_parameters_of_a_space_of_edges_are_refused():
    with pytest.raises(InvalidSettings, match="operations on vertices"):
        params_nasbench101(read_edges(["|nor_conv_3x3~0|"], OPERATIONS_201))
