"""Random search: measured cells in random order."""

import numpy as np

from activedints.nas.algorithms.walk import Walk


def search(walk: Walk, rng: np.random.Generator) -> None:
    for row in rng.permutation(len(walk.table.cells))[: walk.budget]:
        walk.train(int(row))
