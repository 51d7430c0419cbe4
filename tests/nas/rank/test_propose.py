import numpy as np
import pytest

from activedints.core.errors import Cancelled, EmptyPool, InvalidSettings
from activedints.nas.rank.propose import INITIAL, STRATEGIES, expected_improvement, propose, simulate
from activedints.nas.rank.ranking import Ranker
from tests.nas.rank.spaces import made_up


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker(made_up(200))


def test_proposals_are_new_distinct_and_good(ranker):
    truth = ranker.benchmark.values("validation_16")
    trained = np.argsort(truth)[:150:5]  # thirty, none of them among the fifty best
    rows = propose(ranker, trained, truth[trained], 5)
    assert len(set(rows.tolist())) == 5
    assert not set(rows.tolist()) & set(trained.tolist())
    assert truth[rows].mean() > np.quantile(truth, 0.9)


def test_expected_improvement_rises_with_mean_and_with_spread():
    mean, spread = np.array([0.0, 0.5, 0.0]), np.array([1.0, 1.0, 2.0])
    plain, better, vaguer = expected_improvement(mean, spread, 1.0)
    assert plain < better
    assert plain < vaguer


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_search_spends_its_queries_once_each(ranker, strategy):
    trace = simulate(ranker, strategy, 30, seed=1)
    assert len(trace.queried) == len(set(trace.queried.tolist())) == len(trace.regret) == 30
    assert (trace.regret >= 0).all()
    assert (trace.selection_regret >= 0).all()
    again = simulate(ranker, strategy, 30, seed=1)
    assert np.array_equal(trace.queried, again.queried)
    if strategy != "predictor":  # these keep the best validation so far, which can only get better
        assert (np.diff(trace.selection_regret) <= 0).all()


def test_the_predictor_needs_fewer_queries_than_chance(ranker):
    def ended(strategy):
        return np.mean([simulate(ranker, strategy, 30, seed).selection_regret[-1] for seed in range(3)])

    assert ended("predictor") < ended("random")


def test_all_searches_of_a_seed_start_from_the_same_architectures(ranker):
    starts = [simulate(ranker, name, INITIAL, 7).queried.tolist() for name in STRATEGIES]
    assert starts[0] == starts[1] == starts[2]


def test_a_search_can_be_cancelled(ranker):
    def stop(step, total, message, metrics=None):
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        simulate(ranker, "predictor", 30, 0, report=stop)


def test_what_cannot_be_asked(ranker):
    with pytest.raises(InvalidSettings, match="at least two"):
        propose(ranker, np.array([0]), np.array([1.0]), 3)
    with pytest.raises(InvalidSettings, match="at least two"):
        propose(ranker, np.array([0, 1]), np.array([1.0, 1.0]), 3)
    with pytest.raises(EmptyPool, match="only 2"):
        propose(ranker, np.arange(198), np.arange(198.0), 3)
    with pytest.raises(InvalidSettings, match="no search 'luck'"):
        simulate(ranker, "luck", 30, 0)
    with pytest.raises(InvalidSettings, match="201 queries"):
        simulate(ranker, "random", 201, 0)
