import numpy as np
import pytest

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.core.ranking import TRAINING_FREE
from activedints.nas.rank.agreement import agreement, honest_pick, published_pick, regret
from activedints.nas.rank.benchmark import Benchmark
from activedints.nas.rank.explain import partial_dependence, permutation_importance
from activedints.nas.rank.nasbench import nasbench201
from activedints.nas.rank.ranking import Ranker
from activedints.nas.rank.regressors import REGRESSORS
from activedints.nas.rank.saved_model import model_json, read_model
from tests.nas.rank.spaces import made_up


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker(made_up(300))


@pytest.mark.parametrize("name", REGRESSORS)
def test_every_regressor_ranks_and_says_how_sure_it_is(ranker, name):
    ranking = ranker.rank(80, name, seed=1)
    figures = ranking.figures()
    prediction = ranking.prediction
    assert prediction.mean.shape == (300,)
    assert (prediction.low <= prediction.mean).all()
    assert (prediction.mean <= prediction.high).all()
    assert figures["coverage"] > 0.7
    if name == "dummy":
        assert figures["spearman"] is None
        assert figures["r2"] < 0.01
    elif name != "sgd":
        assert figures["spearman"] > 0.6
    again = ranker.rank(80, name, seed=1)
    assert np.array_equal(again.prediction.mean, prediction.mean)


def test_ours_beats_the_published_features(ranker):
    six = Ranker(made_up(300), features=("six",))
    for seed in range(2):
        ours = ranker.rank(60, "gaussian process", seed=seed).figures()["spearman"]
        assert ours > six.rank(60, "random forest", seed=seed).figures()["spearman"]
        assert ours > 0.9


def test_the_columns_are_kept_apart(ranker):
    assert ranker.target.name == ranker.selection.name == "validation_16"
    assert ranker.reported.name == "test_16"
    other = Ranker(made_up(300), target="test_16")
    assert (other.target.name, other.selection.name) == ("test_16", "validation_16")


def test_figures_by_hand():
    predicted, selection = np.array([3.0, 9.0, 5.0, 8.0]), np.array([10.0, 20.0, 40.0, 30.0])
    reported = np.array([11.0, 21.0, 44.0, 33.0])
    assert honest_pick(predicted, selection, 1) == 1
    assert regret(1, reported) == 23
    assert honest_pick(predicted, selection, 2) == 3
    assert honest_pick(predicted, selection, 4) == 2
    assert published_pick(predicted, reported, 2) == 3
    assert agreement(np.zeros(4), selection).spearman is None


def test_the_published_protocol_can_only_look_better():
    ranker = Ranker(made_up(300, noise=3.0))
    rows = ranker.rank(60, "gaussian process").protocols()
    assert [row["top"] for row in rows] == [1, 10, 100]
    assert all(row["published_accuracy"] >= row["honest_accuracy"] for row in rows)
    assert rows[-1]["published_accuracy"] > rows[-1]["honest_accuracy"]  # noise is picked up as skill
    assert all(row["best_in_pool"] >= row["published_accuracy"] for row in rows)


def test_training_rows_never_count_as_unseen(ranker):
    ranking = ranker.rank(50, "gaussian process", trained=np.arange(50))
    assert np.array_equal(ranking.unseen, np.arange(50, 300))
    table = ranking.table()
    assert table["trained"].sum() == 50
    assert table["rank_predicted"].tolist() == list(range(1, 301))
    assert set(table.columns) >= {"params", "latency"}


@pytest.mark.parametrize("design", ["random", "space-filling"])
def test_designs_choose_different_rows(ranker, design):
    rows = ranker.choose(40, design, seed=3)
    assert len(set(rows.tolist())) == 40
    assert np.array_equal(rows, ranker.choose(40, design, seed=3))
    assert not np.array_equal(np.sort(rows), np.sort(ranker.choose(40, design, seed=4)))


def test_space_filling_covers_better_than_random(ranker):
    def farthest(rows):
        distance = ((ranker.x[:, None] - ranker.x[rows][None]) ** 2).sum(2)
        return distance.min(1).mean()

    spread = np.mean([farthest(ranker.choose(40, "space-filling", seed)) for seed in range(3)])
    assert spread < np.mean([farthest(ranker.choose(40, "random", seed)) for seed in range(3)])


@pytest.mark.parametrize("size", [1, 301])
def test_sizes_that_the_pool_cannot_give(ranker, size):
    with pytest.raises(InvalidSettings, match="pool of 300"):
        ranker.rank(size)


def test_a_constant_target_is_refused():
    benchmark = made_up(60)
    flat = Benchmark(**{**benchmark.__dict__, "table": benchmark.table.assign(validation_16=50.0)})
    with pytest.raises(InvalidSettings, match="the same 'validation_16'"):
        Ranker(flat).rank(20)


def test_names_that_do_not_exist(ranker):
    with pytest.raises(InvalidSettings, match="no regressor 'oracle'"):
        ranker.rank(50, "oracle")
    with pytest.raises(InvalidSettings, match="no design 'clever'"):
        ranker.rank(50, design="clever")
    with pytest.raises(InvalidSettings, match="no data set 'CIFAR-11'"):
        Ranker(made_up(30), "CIFAR-11")
    with pytest.raises(InvalidSettings, match="no complete column 'test_99'"):
        Ranker(made_up(30), target="test_99")
    with pytest.raises(NotFound, match="no feature 'shoe size'"):
        partial_dependence(ranker, ranker.rank(50, "linear"), "shoe size")


def test_missing_accuracies_are_refused_or_another_column_is_taken():
    benchmark = made_up(60)
    gaps = benchmark.table.assign(validation_16=benchmark.table["validation_16"].where(benchmark.table.index > 3))
    with pytest.raises(InvalidSettings, match="no complete validation accuracy"):
        Ranker(Benchmark(**{**benchmark.__dict__, "table": gaps}))


def test_proxies_must_be_there_and_complete():
    benchmark = made_up(60)
    assert "proxy" in Ranker(benchmark, features=("cost", "proxies")).features.names
    gaps = benchmark.table.assign(proxy=benchmark.table["proxy"].where(benchmark.table.index > 3))
    with pytest.raises(InvalidSettings, match="lacks the proxy 'proxy'"):
        Ranker(Benchmark(**{**benchmark.__dict__, "table": gaps}), features=("proxies",))
    none = tuple(column for column in benchmark.columns if column.what != "proxy")
    with pytest.raises(InvalidSettings, match="no zero-cost proxies"):
        Ranker(Benchmark(**{**benchmark.__dict__, "columns": none}), features=("proxies",))


def test_importance_finds_what_accuracy_was_made_of():
    six = Ranker(made_up(300), features=("six",))
    ranking = six.rank(100, "random forest")
    found = permutation_importance(six, ranking)
    assert len(found) == 6
    assert {one.feature.name for one in found[:2]} & {"conv_count", "params"}
    assert found[0].drop > 0.1 > found[-1].drop
    curve = partial_dependence(six, ranking, "conv_count")
    assert curve.grid.tolist() == [0, 1, 2, 3, 4, 5, 6][: len(curve.grid)]
    assert curve.mean[-1] > curve.mean[0]
    assert (curve.low <= curve.high).all()


def test_importance_of_whole_groups(ranker):
    ranking = ranker.rank(60, "gaussian process")
    found = permutation_importance(ranker, ranking, by_group=True)
    assert {one.feature.name for one in found} == set(TRAINING_FREE)


@pytest.mark.parametrize("name", ["gaussian process", "random forest"])
def test_a_model_survives_json(ranker, name):
    ranking = ranker.rank(50, name, seed=2)
    saved = read_model(model_json(ranker, ranking, name, 2))
    assert saved.features == tuple(ranker.features.names)
    again = saved.predict(ranker.features.values.astype(float))
    assert np.allclose(again.mean, ranking.prediction.mean, atol=1e-6)


@pytest.mark.parametrize("text", ["", "{}", '{"kind": "pickle"}', "\x80\x04.", '{"kind": "activedints ranking model"}'])
def test_anything_else_is_no_model(text):
    with pytest.raises(InvalidFile, match="no ranking model"):
        read_model(text)


def test_the_bars_on_nasbench201_one_seed(shared_data):
    """The full figures are `benchmarks/rank.py`; one seed of the process alone must come near them."""
    ranker = Ranker(nasbench201(shared_data / "nas").live(), "ImageNet16-120")
    ranking = ranker.rank(172, "gaussian process", seed=0)
    assert ranking.figures()["spearman"] > 0.93
    assert 0.8 < ranking.figures()["coverage"] < 0.99
