"""Counted costs against arithmetic by hand and against the network that is really built."""

import numpy as np
import pytest
import torch
from torch import nn

from activedints.core.architecture import Architecture
from activedints.learn.cost import cost, count, edge_costs, measure
from activedints.learn.networks import build

PATCH = (16, 16, 16)
WIDE = Architecture("wide", ((1, 1, 1, 1),) * 2, ((1, 2, 3, 4), (0, 1, 1, 0)), 0.125)


def test_one_convolution_by_hand():
    """2 -> 3 channels, 3^3 kernel, 4^3 voxels: 2 * 4^3 * 27 * 2 * 3 operations; the input is kept, 2 * 4^3 floats."""
    with torch.device("meta"):
        gflops, megabytes = count(nn.Conv3d(2, 3, 3, padding=1), torch.empty(1, 2, 4, 4, 4))
    assert gflops * 1e9 == 2 * 64 * 27 * 2 * 3
    assert megabytes * 2**20 == 2 * 64 * 4


def test_the_table_of_edges_adds_up_to_the_whole_network():
    """All resolutions are in use, so every stem is; only what nodes share is counted once or twice."""
    table = edge_costs(2, 0.125, 2, 3, PATCH)
    whole = cost(WIDE, 2, 3, PATCH)
    gflops, megabytes = table.of(WIDE.arch_code_a, WIDE.arch_code_c)
    assert gflops == pytest.approx(whole.gflops, rel=1e-6)
    assert megabytes == pytest.approx(whole.activation_megabytes, rel=0.35)
    assert whole.parameters == sum(p.numel() for p in build(WIDE, 2, 3).parameters())


def test_a_skip_is_the_cheapest_and_a_full_convolution_the_costliest_arithmetic():
    table = edge_costs(2, 0.125, 2, 3, PATCH)
    assert (table.gflops.argmin(axis=1) == 0).all()
    assert (table.gflops.argmax(axis=1) == 1).all()
    assert (table.megabytes.argmin(axis=1) == 0).all()


@pytest.mark.slow
def test_measured_in_a_child_process():
    narrow = Architecture("narrow", ((1, 0, 0, 0),) * 2, ((0, 0, 0, 0),) * 2, 0.125)
    found = [measure(a, 4, 4, (48, 48, 48)) for a in (narrow, WIDE)]
    assert found[1].peak_megabytes > found[0].peak_megabytes > 10
    assert min(f.seconds_per_volume for f in found) > 0
    assert np.all([f.threads == 1 for f in found])
