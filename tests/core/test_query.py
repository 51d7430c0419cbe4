"""The battery: every strategy keeps the rules; then each one's answer by hand on constructed pools."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.core import query, score
from activedints.core.diversity import NEIGHBOURS
from activedints.core.errors import EmptyPool, InvalidSettings
from activedints.core.query import Candidates, Choice, affordable, check_budget
from activedints.core.strategies import (
    MEASURE_OF,
    RANDOM,
    STRATEGIES,
    score_of,
    select,
)

NAMES = sorted(STRATEGIES)
TOP = sorted(set(MEASURE_OF) - {"stochastic-batches", "clasp-pe"})
LABELS = ("edema", "core")


def candidates(values: dict[int, float], **changes) -> Candidates:
    """A pool with all Scores, foreground and embeddings following one value per case."""
    scores = {}
    for case, value in values.items():
        named = {name: value for name in map(score_of, MEASURE_OF) if name}
        named |= {f"{score.class_score(label)}/{score.DEFAULT_REDUCTION}": value for label in LABELS}
        scores[case] = named | {"foreground_ml": 1.0 + value, "border_ml": 0.5}
    embedding = {case: np.array([float(case), value]) for case, value in values.items()}
    return Candidates(tuple(values), scores, embedding, **changes)


def chosen(name, pool, budget, seed=0):
    return [choice.candidate for choice in select(name, pool, budget, seed)]


@pytest.mark.parametrize("name", TOP)
def test_the_highest_scores_are_asked_first(name):
    assert chosen(name, candidates({1: 0.1, 2: 0.9, 3: 0.5}), 2) == [2, 3]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(
    values=st.dictionaries(st.integers(1, 99), st.floats(0, 1), min_size=1, max_size=30),
    budget=st.integers(1, 9),
    seed=st.integers(0, 9),
)
def test_every_strategy_keeps_the_rules(name, values, budget, seed):
    pool = candidates(values)
    found = chosen(name, pool, budget, seed)
    assert len(found) == len(set(found)) == min(budget, len(values))
    assert set(found) <= set(values)
    backwards = candidates(dict(sorted(values.items(), reverse=True)))
    assert found == chosen(name, backwards, budget, seed)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(costs=st.lists(st.floats(0.5, 40), min_size=1, max_size=12), budget=st.floats(1, 60), seed=st.integers(0, 3))
def test_every_strategy_stays_within_a_costed_budget(name, costs, budget, seed):
    values = {case: (case % 5) / 5 for case in range(len(costs))}
    pool = candidates(values, cost=dict(enumerate(costs)))
    found = chosen(name, pool, budget, seed)
    assert found
    assert len(found) == 1 or sum(costs[case] for case in found) <= budget + 1e-6


@pytest.mark.parametrize("name", sorted(RANDOM))
def test_draws_log_their_probability_and_depend_on_the_seed_alone(name):
    pool = candidates(dict.fromkeys(range(40), 0.3))
    first, again, other = (select(name, pool, 5, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert [choice.probability for choice in first] == pytest.approx([1 / 40, 1 / 39, 1 / 38, 1 / 37, 1 / 36])


def test_random_does_not_look_at_the_scores():
    pool = dict.fromkeys(range(50), 0.0)
    assert chosen("random", Candidates(tuple(pool)), 5, 1) == chosen("random", candidates(pool), 5, 1)


def test_foreground_aware_random_draws_in_the_shares_of_nnactive():
    """Case 1 holds all foreground and border: 4/6 / 4 + 1/6 + 1/6 = 1/2; the other three share the rest."""
    scores = {case: {"foreground_ml": 9.0 * (case == 1), "border_ml": 2.0 * (case == 1)} for case in range(4)}
    first = [select("foreground-random", Candidates((0, 1, 2, 3), scores), 1, seed)[0] for seed in range(400)]
    assert {round(choice.probability, 9) for choice in first if choice.candidate == 1} == {0.5}
    assert {round(choice.probability, 9) for choice in first if choice.candidate != 1} == {round(1 / 6, 9)}
    assert sum(choice.candidate == 1 for choice in first) == pytest.approx(200, abs=40)  # seeded: never by chance


def test_k_centre_takes_the_farthest_from_all_that_is_known():
    places = {1: 0.0, 2: 1.0, 3: 10.0, 4: 11.0, 5: 5.2}
    embedding = {case: np.array([x]) for case, x in places.items()}
    assert chosen("k-centre", Candidates((2, 3, 4, 5), embedding=embedding, labelled=(1,)), 2) == [4, 5]
    assert chosen("k-centre", Candidates(tuple(places), embedding=embedding), 2) == [5, 4]  # from the middle outwards


def test_typicality_takes_the_middle_of_each_cluster_and_covers_what_has_no_label():
    rng = np.random.default_rng(0)
    middles = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0]])
    points = np.concatenate([[m] + list(m + rng.normal(0, 1, (6, 2))) for m in middles])
    embedding = dict(enumerate(points))
    assert len(points) - 1 < NEIGHBOURS + 1
    found = chosen("typicality", Candidates(tuple(range(21)), embedding=embedding), 3)
    assert sorted(case // 7 for case in found) == [0, 1, 2]
    rest = Candidates(tuple(range(1, 21)), embedding=embedding, labelled=(0,))
    assert sorted(case // 7 for case in chosen("typicality", rest, 2)) == [1, 2]


def test_stochastic_batches_prefer_unsure_batches():
    values = {case: float(case >= 15) for case in range(20)}
    means = [np.mean([values[c] for c in chosen("stochastic-batches", candidates(values), 3, s)]) for s in range(5)]
    assert min(means) >= 2 / 3  # a random batch has .25 on average


def test_clasp_pe_serves_every_class_and_grows_calm():
    """Class 'core' is unsure in case 7 alone, which plain entropy would never ask for first."""
    pool = candidates({case: 0.5 + case / 100 for case in range(7)}, progress=1.0)
    core = f"{score.class_score('core')}/{score.DEFAULT_REDUCTION}"
    scores = {case: {**named, core: 1e-6} for case, named in pool.scores.items()}
    scores[7] = {**scores[0], f"entropy/{score.DEFAULT_REDUCTION}": 0.01, core: 0.5}
    calm = Candidates(tuple(scores), scores, progress=1.0)
    picks = select("clasp-pe", calm, 3, 0)
    assert [choice.why for choice in picks][2] == ""  # 66 % class by class, the rest by entropy
    assert {choice.why for choice in picks[:2]} == {"for core", "for edema"}
    assert next(choice.candidate for choice in picks if choice.why == "for core") == 7
    wild = {tuple(chosen("clasp-pe", candidates(dict.fromkeys(range(9), 0.5)), 2, seed)) for seed in range(9)}
    assert len(wild) > 3


def test_a_score_in_full_is_a_strategy_of_its_own():
    scores = {1: {"margin/top_fraction": 0.2}, 2: {"margin/top_fraction": 0.7}}
    assert chosen("margin/top_fraction", Candidates((1, 2), scores), 1) == [2]
    assert score_of("margin/top_fraction") == "margin/top_fraction"
    assert score_of("variance", "box_maximum") == "variance/box_maximum"
    assert score_of("random") is None


def test_a_budget_buys_at_least_one_and_stops_before_it_is_overdrawn():
    order = [Choice(1), Choice(2), Choice(3)]
    costs = Candidates((1, 2, 3), cost={1: 9.0, 2: 1.0, 3: 1.0})
    assert [c.candidate for c in affordable(order, costs, 2.0)] == [1]
    assert [c.candidate for c in affordable(order[1:], costs, 2.0)] == [2, 3]
    check_budget(2, "minutes")
    for amount, unit, rule in ((1, "euros", "volumes, voxels, minutes"), (0, "voxels", "positive number of voxels")):
        with pytest.raises(InvalidSettings, match=rule):
            check_budget(amount, unit)


def test_bad_requests_are_one_sentence():
    with pytest.raises(InvalidSettings, match="no strategy 'bold'; choose one of .*entropy.*random"):
        select("bold", Candidates((1,)), 1, 0)
    with pytest.raises(EmptyPool, match="pool is empty"):
        select("random", Candidates(()), 1, 0)
    with pytest.raises(InvalidSettings, match="1 case.* no Score 'variance"):
        select("variance", Candidates((1,), {1: {}}), 1, 0)
    with pytest.raises(InvalidSettings, match="1 case.* no embedding"):
        select("k-centre", Candidates((1,)), 1, 0)


def test_docstring_examples():
    import doctest

    assert doctest.testmod(query).failed == 0
    assert doctest.testmod(score).failed == 0
