import numpy as np
import pytest

from activedints.core.architecture import Architecture
from activedints.core.errors import InvalidSettings
from activedints.nas.rank.cells import live_edges
from activedints.nas.rank.dints_space import (
    cells_of,
    dints_benchmark,
    hash_of,
    leave_one_out,
    rank_candidates,
    scale_features,
)


def drawn(count: int, blocks: int = 3, depths: int = 2, seed: int = 0) -> list[Architecture]:
    """Random codes; every layer has at least one active edge."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        active = random.integers(0, 2, (blocks, 3 * depths - 2))
        active[:, 0] = 1
        codes = random.integers(0, 5, active.shape)
        found.append(Architecture(f"a{number}", _rows(active), _rows(codes * active), 0.25))
    return found


def _rows(codes: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(v) for v in row) for row in codes)


def test_one_architecture_by_hand():
    # two layers, two resolutions; edges of a layer: 0->0, 1->0, 0->1, 1->1
    one = Architecture("one", ((1, 0, 1, 0), (0, 1, 0, 0)), ((2, 0, 0, 0), (0, 4, 0, 0)), 0.25)
    edges = cells_of([one]).edges[0]
    expected = np.zeros((8, 8), int)
    expected[0, 1] = 6  # the input reaches resolution 0, unchanged
    expected[1, 3] = 3  # layer 1: 0 -> 0 with operation 2, 0 -> 1 with operation 0 (skip)
    expected[1, 4] = 1
    expected[4, 5] = 5  # layer 2: 1 -> 0 with operation 4
    expected[5, 7] = 6
    assert edges.tolist() == expected.tolist()
    assert live_edges(edges[None])[0][1, 3] == 0  # resolution 0 leads nowhere after layer 1
    scale = {name: values[0] for name, values in scale_features([one]).items()}
    assert scale == {
        "convolutions at resolution 0": 2,
        "convolutions at resolution 1": 0,
        "edges that go down": 1,
        "edges that go on": 1,
        "edges that go up": 1,
    }


def made(count: int = 30, measured: int = 30):
    architectures = drawn(count)
    random = np.random.default_rng(1)
    work = scale_features(architectures)["convolutions at resolution 0"]
    dice = 0.5 + 0.04 * work[:, None] + 0.01 * random.standard_normal((count, 2))
    dice[measured:] = np.nan
    return dints_benchmark(architectures, dice, {"parameters": 1 + work}), work


def test_what_is_measured_predicts_what_is_not():
    benchmark, work = made(60, 40)
    prediction = rank_candidates(benchmark)
    assert np.corrcoef(prediction.mean[40:], work[40:])[0, 1] > 0.8
    assert (prediction.low < prediction.high).all()


def test_leave_one_out_beside_its_ceiling():
    found = leave_one_out(made()[0])
    assert found.n == 30
    assert 0.6 < found.spearman <= 1
    assert 0.8 < found.ceiling <= 1
    assert found.better_than_chance


def test_noise_is_not_better_than_chance_and_a_constant_is_the_worst():
    architectures = drawn(12)
    dice = np.random.default_rng(0).random((12, 2))
    benchmark = dints_benchmark(architectures, dice, {"parameters": np.ones(12)})
    assert leave_one_out(benchmark, "dummy").spearman == pytest.approx(-1)
    assert not leave_one_out(benchmark, groups=("own",)).better_than_chance


def test_equal_networks_have_equal_texts():
    first, second = drawn(2)
    assert hash_of(first) != hash_of(second)
    assert hash_of(first) == hash_of(Architecture("other", first.arch_code_a, first.arch_code_c, 0.5))


def test_what_cannot_be_ranked():
    with pytest.raises(InvalidSettings, match="one size"):
        cells_of([*drawn(1), *drawn(1, blocks=2)])
    with pytest.raises(InvalidSettings, match="Only 3"):
        leave_one_out(made(10, 3)[0])
    with pytest.raises(InvalidSettings, match="0 measured"):
        rank_candidates(made(10, 0)[0])
