"""A small made-up benchmark for tests: cells whose accuracy is a known function of the cell."""

import numpy as np
import pandas as pd

from activedints.nas.rank.benchmark import Benchmark, Column
from activedints.nas.rank.cells import Cells, live_edges, write_edges
from activedints.nas.rank.costs import edge_costs
from activedints.nas.rank.nasbench import OPERATIONS_201


def made_up(count: int = 300, seed: int = 0, noise: float = 0.3) -> Benchmark:
    """``count`` different cells of NAS-Bench-201's space; accuracy rises with convolutions, falls with pools."""
    random = np.random.default_rng(seed)
    numbers = random.choice(5**6, count, replace=False)
    edges = np.zeros((count, 4, 4), np.int8)
    for place, (i, j) in enumerate([(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]):
        edges[:, i, j] = numbers // 5**place % 5
    cells = Cells(OPERATIONS_201, edges)
    live = live_edges(edges)
    worth = 6 * (live == 3).sum((1, 2)) + 4 * (live == 2).sum((1, 2)) - 2 * (live == 4).sum((1, 2))
    validation = 50 + worth + noise * random.standard_normal(count)
    params, adds = edge_costs(cells, width=8, side=8, stages=2, repeats=1)
    table = pd.DataFrame(
        {
            "validation_16": validation,
            "test_16": validation + noise * random.standard_normal(count),
            "test_16_seed0": validation + noise * random.standard_normal(count),
            "test_16_seed1": validation + noise * random.standard_normal(count),
            "params": (params + 1000) / 1e6,
            "flops": (adds + 1000) / 1e6,
            "latency": 1 + adds / 1e6,
            "proxy": worth + random.standard_normal(count),
        }
    )
    columns = (
        Column("validation_16", "validation", "%", "made up", 16, 0, 100),
        Column("test_16", "test", "%", "made up", 16, 0, 100),
        Column("test_16_seed0", "noise", "%", "made up", 16, 0, 100),
        Column("test_16_seed1", "noise", "%", "made up", 16, 0, 100),
        Column("params", "cost", "million", low=0),
        Column("flops", "cost", "million", low=0),
        Column("latency", "latency", "ms", low=0),
        Column("proxy", "proxy", "score", "made up"),
    )
    return Benchmark("made-up cells", "test only", tuple(write_edges(cells)), cells, table, columns)
