"""The ranking charts from rows made by hand: what is drawn is what the rows say."""

import pytest

from activedints.loop.rankings import ranking_csv
from activedints.ui import ranking_charts as charts
from activedints.ui.cell_graph import cell_graph

COLUMN = {"name": "validation_16", "what": "validation", "epochs": 16, "unit": "%"}


@pytest.fixture
def view():
    points = {
        "architecture": ["a", "b", "c"],
        "predicted": [92.0, 90.0, 80.0],
        "low": [91.0, 88.0, 70.0],
        "high": [93.0, 92.0, 90.0],
        "measured": [91.5, 91.0, 79.0],
        "reported": [93.0, 92.0, 80.0],
        "rank_predicted": [1, 2, 3],
        "rank_measured": [1, 2, 3],
        "trained": [False, True, False],
        "params": [3.0, 1.0, 2.0],
    }
    figures = {"spearman": 0.9, "kendall": 0.8}
    return {
        "points": points,
        "target": COLUMN,
        "figures": figures,
        "train_size": 1,
        "pool": 3,
        "costs": {"params": "million"},
        "fronts": {"params": [1, 0]},
    }


def test_predicted_against_measured(view):
    chart = charts.predicted_against_measured(view)
    unseen, trained = chart.figure.data
    assert list(unseen.x) == [92.0, 80.0]
    assert list(trained.y) == [91.0]
    assert "Spearman 0.900" in chart.sentence
    assert len(chart.figure.layout.shapes) == 3


def test_a_ranking_without_an_order_says_so(view):
    view["figures"] = {"spearman": None, "kendall": None}
    assert "no order" in charts.predicted_against_measured(view).sentence


def test_the_front_is_drawn_cheapest_first(view):
    chart = charts.accuracy_against_cost(view, "params")
    assert list(chart.figure.data[1].x) == [1.0, 3.0]
    assert "2 architectures on the front" in chart.sentence


def test_learning_curve_has_one_line_a_regressor():
    rows = [
        {"what": "spearman", "regressor": name, "train_size": size, "mean": 0.5, "low": low, "high": high, "n": 10}
        for name in ("stack", "linear")
        for size, low, high in ((172, 0.4, 0.6), (43, None, None))
    ]
    chart = charts.learning_curve(rows, "spearman")
    assert [trace.name for trace in chart.figure.data] == ["stack", "linear"]
    assert list(chart.figure.data[0].x) == [43, 172]
    assert list(chart.figure.data[0].error_y.array) == pytest.approx([0.0, 0.1])
    assert "10 choices" in chart.sentence


def test_importance_and_dependence():
    rows = [{"feature": f"f{i}", "meaning": "A sentence.", "drop": 1 - i / 10, "deviation": 0.01} for i in range(20)]
    bars = charts.importance_bars(rows).figure.data[0]
    assert list(bars.y)[-1] == "f0"
    assert len(bars.y) == 12
    curve = {
        "feature": "f",
        "unit": "edges",
        "meaning": "Edges.",
        "grid": [0, 1],
        "mean": [5, 6],
        "low": [4, 5],
        "high": [6, 7],
    }
    chart = charts.dependence_curve(curve, "%")
    assert list(chart.figure.data[1].y) == [5, 6]
    assert chart.sentence == "Edges."


def test_search_curves_and_protocols():
    rows = [
        {"strategy": name, "query": q, "regret": 2.0 / q, "low": 0.0, "high": 1.0, "selection_regret": 1.0, "n": 10}
        for name in ("predictor", "random", "evolution")
        for q in (1, 2)
    ]
    chart = charts.search_curves(rows, "%")
    assert [trace.name for trace in chart.figure.data] == ["with the ranking", "regularised evolution", "random search"]
    assert "with the ranking 1.00" in chart.sentence
    protocols = [{"top": k, "published_accuracy": 94.0, "honest_accuracy": 93.5, "best_in_pool": 94.4} for k in (1, 10)]
    bars = charts.protocol_bars(protocols, "%").figure
    assert [trace.y[0] for trace in bars.data] == [94.0, 93.5]


def test_the_ranking_as_csv(view):
    lines = ranking_csv(view).splitlines()
    assert lines[0].startswith("architecture,predicted,low,high")
    assert lines[1] == "a,92.0,91.0,93.0,91.5,93.0,1,1,False,3.0"
    assert len(lines) == 4


def test_cell_graph_tells_its_edges_in_words():
    chart = cell_graph([[0, 1, "conv"], [1, 2, "pool"], [0, 2, "conv"]], 3)
    assert chart.sentence == "Cell: in to 1 conv; 1 to out pool; in to out conv."
    assert {trace.name for trace in chart.figure.data[:2]} == {"conv", "pool"}
    assert "no connection" in cell_graph([], 3).sentence
