"""The Data-set advisor and Search algorithms pages at work; a stand-in plays the lane."""

import pytest

from activedints.loop import advising, search_lab
from tests.ui.test_pages import words

SETS = {
    "sets": [{"name": "digits", "title": "Handwritten digits", "family": "digits", "ceiling": 0.6}],
    "cells": 60,
    "runs": 4920,
    "shapes": [{"cell": "DARTS", "width and depth": "3.5c/3", "in the paper": "3.5c/3"}],
    "algorithms": ["random search", "MDENAS", "controller from scratch"],
}
CELL = {
    "cell": "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
    "tokens": [3, 0, 1, 0, 0, 1],
    "edges": [[0, 1, "nor_conv_3x3"], [1, 2, "skip_connect"], [2, 3, "skip_connect"]],
    "predicted": 80.0,
    "deviation": 2.0,
    "mean_elsewhere": 70.0,
    "parameters": 3.0,
    "width": 1.0,
    "depth": 3.0,
}
ADVICE = {
    "name": "digits",
    "known": "digits",
    "classes": 2,
    "images": 20,
    "seconds": 1.0,
    "number": 2,
    "valid": 1.0,
    "unique": 0.95,
    "raw_valid": 0.99,
    "raw_unique": 0.78,
    "pictures": [[[[0, 255], [9, 9]]] * 4] * 2,
    "nearest": [{"title": "Shapes", "family": "shapes", "distance": 0.4, "best": [CELL["cell"]], "set": "shapes"}],
    "cells": [{"rank": 1, **CELL}, {"rank": 2, **CELL, "predicted": 79.0}],
    "all": {"predicted": [80.0, 79.0], "parameters": [3.0, 3.0]},
    "leaning": {
        "operations": [
            {"operation": name, "best": best, "all": 0.2}
            for name, best in zip(
                ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"), (0.1, 0.2, 0.1, 0.5, 0.1)
            )
        ],
        "shape": [{"what": "width", "best": 1.5, "all": 1.4}, {"what": "depth", "best": 2.9, "all": 2.5}],
        "n": 5,
    },
}
FOUND = {"cell": CELL["cell"], "apart": 1, "accuracy": 70.0, "regret": 3.0, "percentile": 80.0, "tokens": [3] * 6}
CURVE = [{"algorithm": "MDENAS", "evaluation": k, "regret": 9.0 / k, "low": 1.0 / k, "high": 12.0 / k} for k in (1, 2)]
ANSWERS = {
    "sets": SETS,
    "advise": ADVICE,
    "regrets": {
        "set": "digits",
        "budget": 2,
        "seeds": 10,
        "best": 90.0,
        "curves": CURVE,
        "ends": [{"algorithm": "MDENAS", "regret": 4.5, "to best tenth": 2.0, "percentile": 77.0}],
    },
    "multinomials": {"p": [[[0.2] * 5] * 6] * 3, "evaluations": 3, **FOUND},
    "darts": {"steps": [0, 10], "shares": [[[0.2] * 5] * 6] * 2, "entropy": [1.6, 1.2], **FOUND},
    "lpt": {
        "rounds": [
            {
                "round": k,
                "difficulty": 1 + k / 10,
                "test_loss": 1.2,
                "bank_loss": 1.0,
                "learner": 60.0,
                "tester": 50.0,
                "pictures": [[[0, 255], [9, 9]]] * 8,
                "classes": [0] * 8,
            }
            for k in (1, 2, 3)
        ],
        "entropy": [1.6, 1.5],
        **FOUND,
    },
    "shape": {"shape": "3.5c/3"},
}


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    asked: list[dict] = []

    def ask(store, question, seconds=0.0, hear=None):
        asked.append(question)
        if hear is not None:
            hear({"doing": "Working", "step": 1, "total": 2})
        return ANSWERS[question["ask"]]

    for module in (advising, search_lab):
        monkeypatch.setattr(module, "ask", ask)
    return asked


def press(app, label: str):
    return next(one for one in app.button if one.label == label).click().run()


def test_advice_is_asked_shown_and_handed_on(open_page, ready, lane) -> None:
    app = open_page(ready, "advisor")
    assert not app.exception
    assert "No advice was asked for yet" in words(app)
    press(app, "Advise")
    assert not app.exception
    assert lane[-2]["what"] == "digits" or lane[-1]["ask"] == "sets"
    said = words(app)
    assert "Best predicted cells" in said
    assert "believe the figures for held-out families" in said
    press(app, "Hand to the Search page")
    assert advising.leaning(ready)["from"] == "digits"
    search = open_page(ready, "search")
    assert any("Start from the advice for 'digits'" in box.label for box in search.checkbox)


def test_pages_without_a_worker_say_so(open_page, failed) -> None:
    for page in ("advisor", "search_lab"):
        app = open_page(failed, page)
        assert not app.exception
        assert "No worker is running" in words(app)


@pytest.mark.parametrize(
    ("tab", "button", "sentence"),
    [
        ("Regret", "Run with 10 seeds", "Selection never sees test accuracy"),
        ("MDENAS", "Learn the distribution", "differs on 1 edge"),
        ("DARTS", "Search by gradient", "Entropy falls from 1.60 to 1.20"),
        ("Passing tests", "Learn by passing tests", "1.10, 1.20, 1.30 times as hard"),
        ("Cell shape", "Measure", "Width and depth: 3.5c/3"),
    ],
)
def test_every_algorithm_runs_and_is_told(open_page, ready, lane, tab: str, button: str, sentence: str) -> None:
    app = open_page(ready, "search_lab", tab=tab)
    press(app, button)
    assert not app.exception
    assert sentence in words(app)


def test_figures_name_their_command(open_page, ready, lane) -> None:
    app = open_page(ready, "search_lab", tab="Figures")
    assert not app.exception
    told = app.dataframe[0].value
    assert {"activedints bench search-lab --part mdenas", "activedints bench naswot"} <= set(told["command"])
    assert "Not measured yet" not in words(app)


def test_without_figures_the_pages_name_the_commands(open_page, ready, lane, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(advising, "FIGURES", tmp_path / "none.json")
    monkeypatch.setattr(advising, "FISHER", tmp_path / "none.json")
    app = open_page(ready, "search_lab", tab="Figures")
    assert not app.exception
    assert not app.dataframe
    assert "activedints bench search-lab --part transfer" in words(app)
    app = open_page(ready, "advisor")
    assert not app.exception
    for name in ("metad2a", "leaning", "fisher"):
        assert f"Not measured yet: `activedints bench {name}`" in words(app)


def test_what_ships_is_on_the_advisor_page_at_once(open_page, failed) -> None:
    """Also without a worker: held-out figures, the leaning's effect and the heat map come from shipped files."""
    app = open_page(failed, "advisor")
    assert not app.exception
    assert all(f"Measured by `{advising.COMMANDS[name]}" in words(app) for name in ("metad2a", "leaning", "fisher"))
    assert "Frechet distance of Fisher information" in words(app)
