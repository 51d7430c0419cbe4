import time

import numpy as np
import pytest

from activedints.core.errors import InvalidSettings
from activedints.core.ranking import TRAINING_FREE
from activedints.nas.rank.cells import read_edges, read_vertices
from activedints.nas.rank.features import GROUPS, meta_features
from activedints.nas.rank.nasbench import OPERATIONS_101, OPERATIONS_201, nasbench101_space, nasbench201
from tests.nas.rank.spaces import made_up

TEXTS = [
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|",
    "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
    "|nor_conv_1x1~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|avg_pool_3x3~2|",
]


def described(*groups: str) -> dict[str, list[float]]:
    cells = read_edges(TEXTS, OPERATIONS_201)
    made = meta_features(cells, groups, np.array([5.0, 1.0, 9.0]), {"params": np.array([5.0, 1.0, 9.0])}, {})
    return {name: made.values[:, i].tolist() for i, name in enumerate(made.names)}


def test_the_six_by_hand():
    # first: 3x3 and 1x1, a tie of kernels (the smaller counts), one pool; second: nothing; third: 1x1, 3x3, 3x3, pool
    assert described("six") == {
        "conv_count": [2, 0, 3],
        "conv_kernel_min": [1, 0, 1],
        "conv_kernel_max": [3, 0, 3],
        "conv_kernel_mode": [1, 0, 3],
        "pool_count": [1, 0, 1],
        "params": [5, 1, 9],
    }


def test_topology_and_ways_by_hand():
    found = described("topology", "ways")
    # live part of the first cell: 0 -3x3-> 1 -1x1-> 3 and 0 -pool-> 3; its skip into vertex 2 is dead
    assert found["count nor_conv_3x3"] == [1, 0, 2]
    assert found["count skip_connect"] == [0, 1, 0]
    assert found["longest nor_conv_1x1/nor_conv_3x3"] == [2, 0, 0]
    assert found["shortest avg_pool_3x3"] == [1, 4, 4]  # 4 (the number of vertices): there is no such way
    assert found["most nor_conv_1x1/nor_conv_3x3"] == [2, 0, 2]
    assert found["fewest nor_conv_3x3"] == [0, 0, 1]
    assert np.allclose(found["ways"], np.log1p([2, 1, 2]))
    assert found["ways of 1 nor_conv_1x1 + 1 nor_conv_3x3"] == [1, 0, 0]


def test_width_and_depth_by_hand():
    found = described("shape")
    assert found["depth"] == [2, 1, 3]
    # first: vertex 1 is fed by the input alone: 1; third: vertex 1 by the input alone, vertex 2 by half: 1.5
    assert found["width"] == [1, 0, 1.5]


def test_counts_are_of_vertices_where_the_space_places_operations_there():
    cells = read_vertices(["111101", "110101"], ["00", "20"], OPERATIONS_101)
    made = meta_features(cells, ("six", "topology"), np.ones(2), {}, {})
    values = dict(zip(made.names, made.values.T.tolist()))
    assert values["conv_count"] == [2, 1]  # three edges enter the two convolutions, which still are two
    assert values["pool_count"] == [0, 1]
    assert values["count conv3x3"] == [2, 1]


def test_isomorphic_cells_are_described_alike():
    # vertices 1 and 2 exchanged; nothing runs between them
    pair = [
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|",
        "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|avg_pool_3x3~1|skip_connect~2|",
        "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|",
    ]
    made = meta_features(read_edges(pair, OPERATIONS_201), ("topology", "ways", "order", "shape"), np.ones(3), {}, {})
    assert np.array_equal(made.values[0], made.values[1])
    assert not np.array_equal(made.values[0], made.values[2])


def test_every_feature_has_a_name_a_unit_and_a_sentence():
    benchmark = made_up(200)
    costs, proxies = {"params": benchmark.params()}, {"proxy": benchmark.values("proxy")}
    own = {"fans": benchmark.values("latency")}
    made = meta_features(benchmark.cells, GROUPS, benchmark.params(), costs, proxies, own)
    assert len(set(made.names)) == len(made.names) == made.values.shape[1] > 200
    assert all(column.unit and column.meaning.endswith(".") for column in made.columns)
    assert np.isfinite(made.values).all()
    assert sum(len(block) for block in made.blocks()) == len(made.names)
    assert len(made.blocks()) == len(GROUPS)


def test_chunks_do_not_change_a_value(monkeypatch):
    cells = made_up(50).cells
    whole = meta_features(cells, TRAINING_FREE[:-1], np.ones(50), {}, {})
    monkeypatch.setattr("activedints.nas.rank.features.CHUNK", 7)
    parts = meta_features(cells, TRAINING_FREE[:-1], np.ones(50), {}, {})
    assert parts.names == whole.names
    assert np.array_equal(parts.values, whole.values)


def test_unknown_groups_and_empty_ones_are_refused():
    cells = read_edges(TEXTS, OPERATIONS_201)
    with pytest.raises(InvalidSettings, match="Unknown feature groups"):
        meta_features(cells, ("shoe size",), np.ones(3), {}, {})
    with pytest.raises(InvalidSettings, match="no feature that differs"):
        meta_features(cells, ("cost",), np.ones(3), {"params": np.ones(3)}, {})


def test_a_feature_of_the_table_may_not_borrow_a_name():
    benchmark = made_up(50)
    taken = {"width": benchmark.values("latency")}
    with pytest.raises(InvalidSettings, match="'width' more than once"):
        meta_features(benchmark.cells, ("shape", "own"), benchmark.params(), {}, {}, taken)
    found = {"proxy": benchmark.values("proxy")}
    with pytest.raises(InvalidSettings, match="proxies and own hold 'proxy'|own and proxies hold 'proxy'"):
        meta_features(benchmark.cells, ("own", "proxies"), benchmark.params(), {}, found, found)


def test_the_published_means_over_nasbench201(shared_data):
    """MbML-NAS's notebook prints these means over the 15,625 architectures."""
    benchmark = nasbench201(shared_data / "nas")
    made = meta_features(benchmark.cells, ("six",), benchmark.params(), {}, {})
    assert np.allclose(made.values[:, :5].mean(0), [2.4, 1.38432, 2.429056, 1.698048, 1.2], atol=1e-5)


def test_nasbench201_is_described_within_a_second(shared_data):
    benchmark = nasbench201(shared_data / "nas")
    began = time.process_time()
    made = meta_features(benchmark.cells, ("six", *TRAINING_FREE[:-1]), benchmark.params(), {}, {})
    assert time.process_time() - began < 1
    assert len(made.values) == 15_625


@pytest.mark.slow
def test_nasbench101_is_described_within_thirty_seconds(shared_data):
    space = nasbench101_space(shared_data / "nas")
    began = time.process_time()
    made = meta_features(space.cells, ("six", *TRAINING_FREE), space.params(), {"params": space.params()}, {})
    assert time.process_time() - began < 30
    assert len(made.values) == 423_624
