import json

import pytest

from activedints.core.errors import InvalidSettings
from activedints.core.ranking import RankSettings
from activedints.nas.rank import study as rank_study
from activedints.nas.rank.benchmark import write_benchmark
from activedints.nas.rank.choices import choices
from activedints.nas.rank.study import proposals, rerank, study
from tests.nas.rank.spaces import made_up


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> RankSettings:
    table = tmp_path_factory.mktemp("table") / "mine.csv"
    write_benchmark(made_up(120), table)
    return RankSettings(
        str(table),
        features=("six", "cost"),
        regressor="gaussian process",
        train_size=30,
        train_sizes=(20,),
        seeds=2,
        compare=("dummy",),
        queries=20,
        cost="latency",
    )


@pytest.fixture(scope="module")
def answer(settings):
    steps = []
    found = study(settings, lambda step, total, text, metrics=None: steps.append((step, total, text)))
    assert len(steps) > 8
    return found


def test_the_answer_is_json(answer):
    assert json.loads(json.dumps(answer, allow_nan=False)) is not None
    assert set(answer) == {
        "version",
        "settings",
        "view",
        "runs",
        "summary",
        "ceiling",
        "importance",
        "groups",
        "dependence",
        "searches",
        "features",
        "model",
    }


def test_runs_and_summary(answer):
    assert len(answer["runs"]) == 2 * 2 * 2
    summary = {(row["train_size"], row["regressor"], row["what"]): row for row in answer["summary"]}
    runs = [r["spearman"] for r in answer["runs"] if r["train_size"] == 30 and r["regressor"] == "gaussian process"]
    one = summary[30, "gaussian process", "spearman"]
    assert one["mean"] == pytest.approx(sum(runs) / 2)
    assert one["low"] < one["mean"] < one["high"]
    assert one["n"] == 2
    assert (30, "dummy", "spearman") not in summary  # a figure that does not exist is no row
    assert 0.9 < answer["ceiling"] <= 1


def test_the_view(answer):
    view = answer["view"]
    lengths = {len(values) for values in view["points"].values()}
    assert lengths == {120}
    assert view["costs"] == {"params": "million", "flops": "million", "latency": "ms"}
    assert view["points"]["rank_predicted"] == list(range(1, 121))
    assert [row["rank"] for row in view["top"]] == list(range(1, 13))
    fronts = view["fronts"]["latency"]
    assert 0 in fronts  # nothing is predicted better than the best predicted
    latencies = [view["points"]["latency"][position] for position in fronts]
    assert latencies == sorted(latencies)
    errors = [abs(row["predicted"] - row["measured"]) for row in view["worst"]]
    assert errors == sorted(errors, reverse=True)
    assert not any(row["trained"] for row in view["worst"])
    i, j, operation = next(edge for row in view["top"] for edge in row["edges"])
    assert i < j
    assert operation in {"skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"}


def test_searches_and_explanations(answer):
    assert {row["strategy"] for row in answer["searches"]} == {"predictor", "random", "evolution"}
    assert len(answer["searches"]) == 3 * 20
    assert [row["drop"] for row in answer["importance"]] == sorted(
        (r["drop"] for r in answer["importance"]), reverse=True
    )
    assert all(len(row["grid"]) == len(row["mean"]) for row in answer["dependence"])
    assert {row["group"] for row in answer["features"]} == {"six", "cost"}


def test_rerank_is_the_view_and_stays_warm(settings, answer, monkeypatch):
    first = rerank(settings)
    monkeypatch.setattr(rank_study, "open_benchmark", None)  # a warm ranker reads nothing again
    second = rerank(settings)
    for view in (first, second):
        assert view["figures"] | {"seconds": 0} == answer["view"]["figures"] | {"seconds": 0}


def test_proposals_are_shown_like_the_best(settings):
    rows = proposals(settings, 4)
    assert len({row["architecture"] for row in rows}) == 4
    assert not any(row["trained"] for row in rows)
    assert set(rows[0]) == set(rerank(settings)["top"][0])


def test_choices_say_what_can_be_asked_and_what_is_missing(settings, tmp_path):
    found = choices(tmp_path, settings.benchmark)
    missing = {row["name"]: row["missing"] for row in found["benchmarks"]}
    assert "data get nasbench201" in missing["nasbench201"]
    whole, live = found["chosen"]
    assert (whole["architectures"], whole["datasets"], whole["proxies"]) == (120, ["made up"], ["made up"])
    assert live["architectures"] < 120
    assert whole["costs"] == ["params", "flops", "latency"]
    assert whole["groups"] == {"made up": [g for g in found["groups"] if g != "own"]}
    assert whole["sizes"] == [10, 20, 30, 43, 60]
    assert "stack" in found["regressors"]
    json.dumps(found)


def test_what_cannot_be_asked(settings):
    with pytest.raises(InvalidSettings, match="number of seeds of a ranking study"):
        RankSettings(seeds=0)
    with pytest.raises(InvalidSettings, match="no cost 'weight_kg'"):
        rerank(RankSettings(settings.benchmark, features=("six",), regressor="linear", train_size=20, cost="weight_kg"))
