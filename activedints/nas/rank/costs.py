"""Trainable parameters and multiply-adds of a cell's whole network, computed from the cell alone.

Needed where a table has no such column (the 423,624 cells of NAS-Bench-101), and to check the tables that have one.
"""

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.nas.rank.cells import Cells

Count = npt.NDArray[np.int64]


def params_nasbench101(cells: Cells) -> Count:
    """(cell,) trainable parameters of NAS-Bench-101's network around each cell (Ying et al., ICML 2019).

    Stem 3x3 convolution to 128 channels, three stacks of three cells, channels doubled at each stack, batch
    normalisation after every convolution (two weights a channel), dense layer to 10 classes. The
    output concatenates the vertices that lead into it, so these share its channels; a vertex fed by the cell's input
    does so through a 1x1 projection.
    """
    if cells.vertices is None:
        raise InvalidSettings("NAS-Bench-101's parameters need cells with operations on vertices; these have edges.")
    total = np.full(len(cells), 3 * 9 * 128 + 2 * 128 + 512 * 10 + 10, np.int64)
    before = 128
    for stack, width in enumerate((128, 256, 512)):
        for repeat in range(3):
            total += _cell_params(cells, before if stack and not repeat else width, width)
        before = width
    return total


def _cell_params(cells: Cells, entering: int, width: int) -> Count:
    """Parameters of one cell that turns ``entering`` channels into ``width``."""
    present = cells.edges > 0
    channels = _vertex_channels(present, width)
    size = present.shape[1]
    kernels = np.array([0] + [one.kernel**2 if one.kind == "conv" else 0 for one in cells.operations])
    area = kernels[cells.vertices]
    total = np.zeros(len(cells), np.int64)
    for v in range(1, size - 1):
        total += area[:, v] * channels[:, v] ** 2 + np.where(area[:, v] > 0, 2 * channels[:, v], 0)
        total += np.where(present[:, 0, v], entering * channels[:, v] + 2 * channels[:, v], 0)
    return total + np.where(present[:, 0, -1], entering * width + 2 * width, 0)


def _vertex_channels(present: npt.NDArray[np.bool_], width: int) -> Count:
    """(cell, vertex) channels: the vertices before the output share ``width`` (the first ones get the remainder), every
    other vertex has as many as the widest that it feeds."""
    cells, size, _ = present.shape
    channels = np.zeros((cells, size), np.int64)
    joins = present[:, 1:-1, -1]
    share, rest = np.divmod(width, np.maximum(joins.sum(1), 1))
    extra = np.cumsum(joins, axis=1) <= rest[:, None]
    channels[:, 1:-1] = np.where(joins, share[:, None] + extra, 0)
    for v in range(size - 3, 0, -1):
        widest = np.where(present[:, v, v + 1 : -1], channels[:, v + 1 : -1], 0).max(1, initial=0)
        channels[:, v] = np.where(joins[:, v - 1], channels[:, v], widest)
    return channels


def edge_costs(cells: Cells, width: int, side: int, stages: int, repeats: int) -> tuple[Count, Count]:
    """(cell,) parameters and multiply-adds that the edges' convolutions add to a network of ``stages`` resolutions with
    ``repeats`` cells each: the first has ``width`` channels on a ``side`` x ``side`` image, every further
    one twice the channels on half the side. Each convolution is followed by a batch normalisation."""
    kernels = [one.kernel**2 for one in cells.operations if one.kind == "conv"]
    counts = [(cells.edges == code).sum((1, 2)) for code in cells.codes("conv")]
    params, adds = np.zeros(len(cells), np.int64), np.zeros(len(cells), np.int64)
    for stage in range(stages):
        channels, pixels = width * 2**stage, (side // 2**stage) ** 2
        for area, count in zip(kernels, counts):
            params += repeats * count * (area * channels**2 + 2 * channels)
            adds += repeats * count * area * channels**2 * pixels
    return params, adds
