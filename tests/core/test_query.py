import pytest
from hypothesis import given
from hypothesis import strategies as st

from activedints.core.errors import EmptyPool, InvalidSettings
from activedints.core.query import MEASURE_OF, STRATEGIES, select

NAMES = sorted(STRATEGIES)


def scores(values: dict[int, float]) -> dict[int, dict[str, float]]:
    return {case: dict.fromkeys(MEASURE_OF.values(), value) for case, value in values.items()}


@pytest.mark.parametrize("name", sorted(MEASURE_OF))
def test_the_highest_scores_are_asked_first(name):
    assert select(name, scores({1: 0.1, 2: 0.9, 3: 0.5}), [1, 2, 3], 2, seed=0) == [2, 3]


@pytest.mark.parametrize("name", NAMES)
@given(
    values=st.dictionaries(st.integers(1, 99), st.floats(0, 1), min_size=1),
    budget=st.integers(1, 9),
    seed=st.integers(0, 9),
)
def test_every_strategy_keeps_the_rules(name, values, budget, seed):
    chosen = select(name, scores(values), sorted(values), budget, seed)
    assert len(chosen) == len(set(chosen)) == min(budget, len(values))
    assert set(chosen) <= set(values)
    assert chosen == select(name, scores(values), sorted(values, reverse=True), budget, seed)


def test_random_depends_on_the_seed_alone():
    pool = list(range(50))
    assert select("random", {}, pool, 5, 1) == select("random", scores(dict.fromkeys(pool, 0.0)), pool, 5, 1)
    assert select("random", {}, pool, 5, 1) != select("random", {}, pool, 5, 2)


def test_bad_requests_are_one_sentence():
    with pytest.raises(InvalidSettings, match="no strategy 'bold'; choose one of .*entropy.*random"):
        select("bold", {}, [1], 1, 0)
    with pytest.raises(EmptyPool, match="pool is empty"):
        select("random", {}, [], 1, 0)
    with pytest.raises(InvalidSettings, match="1 case.* no Score 'variance"):
        select("variance", {1: {}}, [1], 1, 0)
