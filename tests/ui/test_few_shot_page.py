"""The few-shot page at work: an episode on the table, learners adapting, what is refused; a stand-in plays the lane."""

import base64
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from activedints.core.cell import OPERATIONS
from activedints.core.errors import InvalidSettings
from activedints.loop import few_shot, learners
from activedints.ui import few_shot_cells, few_shot_live
from activedints.ui.few_shot_pictures import QUIET, RIGHT, WRONG, sheet
from tests.ui.test_pages import words

FIGURE = {
    "network": "pruned",
    "way": 5,
    "shot": 1,
    "mode": "transductive",
    "mean": 93.0,
    "interval": 1.6,
    "episodes": 9,
}
MADE = {"recipe": "metanas", "data": "glyphs", "seed": 0, "cpu_seconds": 9.0, "figures": [FIGURE]}
CARD = json.dumps({"learner": "MetaNAS", "made": MADE})


def images(number: int) -> str:
    return base64.b64encode(np.random.default_rng(0).integers(0, 255, (number, 28, 28), np.uint8).tobytes()).decode()


def episode() -> dict:
    names, labels = ["ka", "ga"], [0, 0, 1, 1]
    return {
        "names": names,
        "channels": ["ink"],
        "labels": labels,
        "note": "",
        "support": images(2),
        "target": images(4),
    }


def step(number: int) -> dict:
    rng = np.random.default_rng(number)
    alphas = {"operations": rng.normal(size=(2, 9, 7)).tolist(), "inputs": rng.normal(size=(2, 10)).tolist()}
    told = {"loss": 1.0, "accuracy": 0.75, "predictions": [0, 0, 1, 0]}
    return {"step": number, "temperature": [1.0, 0.1, 0.01][number], "alphas": alphas} | told


@pytest.fixture
def lane(monkeypatch, tmp_path):
    """One learner, and a lane that answers every question at once."""
    (tmp_path / "metanas-glyphs.json").write_text(CARD)
    monkeypatch.setattr(learners, "SHIPPED", tmp_path)
    asked: list[dict] = []

    def ask(store, question, seconds=0.0, hear=None):
        asked.append(question)
        if question["ask"] == "episode":
            return episode()
        steps = [step(number) for number in range(3)]
        for one in steps:
            hear({"step": one})
        gene = {"node": 0, "state": 1, "operation": "skip"}
        pruned = {"accuracy": 0.5, "predictions": [0, 0, 0, 0], "parameters": 100}
        return {
            "steps": steps,
            "genotype": [[gene]],
            "pruned": pruned,
            "parameters": 1000,
            "seconds": 0.4,
            "mode": "transductive",
        }

    monkeypatch.setattr(few_shot, "ask", ask)
    return asked


def press(app, label):
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def test_deal_adapt_and_read_the_outcome(ready, lane, open_page):
    app = open_page(ready, "few_shot")
    assert "The table is empty" in words(app)
    app = press(app, "Put it on the table")
    asked = {"source": "glyphs", "way": 5, "shot": 1, "target": 5, "seed": 0, "plane": "axial"}
    assert lane[0] == {"do": "few-shot", "ask": "episode"} | asked
    assert "2 classes are on the table, a column each" in words(app)
    app = press(app, "Adapt")
    assert (lane[1]["learner"], lane[1]["steps"], lane[1]["temperature"]) == ("metanas-glyphs", 20, 0.01)
    said = words(app)
    assert "MetaNAS (glyphs) adapted in 0.4 s" in said
    assert "Share of the targets told right after each step" in said
    assert "The architecture, as MetaNAS" in said
    assert [c.value for c in app.select_slider] == [0.01, 0.01]
    app = app.select_slider[1].set_value(1.0).run()
    assert "at temperature 1:" in words(app)
    assert not app.error


def test_a_learner_that_refuses_takes_nothing_from_the_others(ready, lane, open_page, monkeypatch, tmp_path):
    (tmp_path / "maml-glyphs.json").write_text(CARD.replace("MetaNAS", "MAML").replace('"metanas"', '"maml"'))
    willing = few_shot.ask

    def ask(store, question, **rest):
        if question.get("learner") == "maml-glyphs":
            raise InvalidSettings("MAML learned a head for 5 classes and this episode has 2.")
        return willing(store, question, **rest)

    monkeypatch.setattr(few_shot, "ask", lambda store, question, seconds, hear=None: ask(store, question, hear=hear))
    app = press(open_page(ready, "few_shot"), "Put it on the table")
    app.multiselect[0].set_value(["maml-glyphs", "metanas-glyphs"])
    app = press(app, "Adapt")
    assert [e.value for e in app.error] == ["MAML learned a head for 5 classes and this episode has 2."]
    assert [s.value for s in app.success] == ["MetaNAS (glyphs) adapted in 0.4 s."]
    assert "The architecture, as MetaNAS" in words(app)


def test_nobody_to_adapt_is_one_sentence(ready, lane, open_page):
    app = press(open_page(ready, "few_shot"), "Put it on the table")
    app.multiselect[0].set_value([])
    app = press(app, "Adapt")
    assert [e.value for e in app.error] == ["Nobody was asked to adapt: choose one learner or more."]


def test_train_again_queues_a_job(ready, lane, open_page):
    app = press(open_page(ready, "few_shot"), "Train")
    assert "is queued: it trains 'metanas' on Glyphs" in words(app)
    assert "Training a few-shot learner" in words(app)


def test_without_a_worker_the_page_says_so(ready, open_page):
    app = press(open_page(ready, "few_shot"), "Put it on the table")
    assert "No worker answers" in app.error[0].value


def test_frames_say_right_and_wrong():
    picture = sheet(episode(), 0, [0, 1, 1, 1], scale=1)
    cell = 28 + 4 + 6
    corners = [tuple(picture[row * cell + (6 if row else 0), column * cell]) for column in (0, 1) for row in (0, 1, 2)]
    assert corners == [QUIET, RIGHT, WRONG, QUIET, RIGHT, RIGHT]


def test_the_live_picture_has_a_point_a_step_and_a_square_an_operation():
    """Accuracy 100 % at step 0 and 50 % at step 2 of 4, by hand: x 30 and 112, y 206 - 178 a / 104."""
    run = few_shot.Adapted("<MetaNAS>", 2, [step(0) | {"accuracy": 1.0}, step(2) | {"accuracy": 0.5}])
    found = drawn(few_shot_live.picture([run], few_shot.cells(run.steps[-1]), 0.01, 4))
    points = [(c.get("cx"), c.get("cy")) for c in found["circle"] if c.get("r") == "2.5"]
    assert points == [("30.0", "34.8"), ("112.0", "120.4")]
    assert len(found["rect"]) == 2 * 9 * 7
    assert {"<MetaNAS>", "guessing", "cell 1: node 1 to node 2", "node 2"} <= {t.text for t in found["text"]}
    plain = few_shot_live.picture([run], [], None, 4)
    assert "<rect" not in plain


def test_a_cell_fades_with_what_its_edges_carry():
    """One edge carries all of its node by one operation, one carries half by half, and the rest nothing."""
    views = [few_shot.EdgeView(0, 0, 1.0, (0, 1.0, 0), OPERATIONS[1])]
    views += [few_shot.EdgeView(1, 2, 0.5, (0.5, 0.5, 0), OPERATIONS[0]), few_shot.EdgeView(2, 1, 0.01, (1.0,), "skip")]
    arcs = drawn(few_shot_cells.pictured([few_shot.CellView(0, tuple(views), "")]))["path"]
    assert [(a.get("stroke"), a.get("stroke-opacity"), a.get("stroke-width")) for a in arcs] == [
        (few_shot_cells.HUES[OPERATIONS[1]], "1.00", "5.0"),
        (few_shot_cells.HUES[OPERATIONS[0]], "0.29", "2.0"),
    ]
    assert [a.get("d").partition("C")[0] for a in arcs] == ["M24 92", "M78 92"]


def drawn(picture: str) -> dict:
    """The elements of an SVG by their kind."""
    root = ElementTree.fromstring(picture)
    return {
        kind: list(root.iter(f"{{http://www.w3.org/2000/svg}}{kind}")) for kind in ("circle", "rect", "text", "path")
    }
