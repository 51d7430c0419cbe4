"""`activedints metanas`: train, evaluate and adapt by command, with a recipe made short for the test."""

import json
from functools import partial

import pytest

from activedints.nas.few_shot import recipes
from activedints.nas.few_shot.learners import WarmUp
from activedints.nas.few_shot.metanas import MetaNas, Search
from activedints.nas.few_shot.mixtures import WeightsAndArchitecture
from activedints.nas.few_shot.supernet import Supernet
from activedints.worker import meta_training
from tests.nas.few_shot.few_shot_classes import strokes
from tests.nas.few_shot.test_pictures import save


@pytest.fixture
def run(run, monkeypatch):
    """`activedints metanas` with little data and a short recipe."""
    monkeypatch.setattr(meta_training, "read_set", lambda data, folder: (strokes(8, 8), strokes(6, 8, seed=1)))
    search = Search(2, alpha_rate=0.02)
    stages = (WeightsAndArchitecture(WarmUp(2, batch=4)), MetaNas(1, search))
    monkeypatch.setitem(recipes.RECIPES, "metanas", recipes.Recipe("MetaNAS", Supernet(4), stages, search))
    return partial(run, "metanas")


def test_train_evaluate_and_adapt(run, tmp_path):
    code, out, err = run("train", "--out", tmp_path / "own" / "start", "--seed", 3, "--episodes", 4, "--json")
    assert code == 0, err
    made = json.loads(out)
    assert made["command"] == "activedints metanas train --recipe metanas --data glyphs --seed 3"
    assert {(f["network"], f["mode"]) for f in made["figures"]} == {
        (network, mode) for network in ("mixture", "pruned") for mode in ("transductive", "one target")
    }
    weights = made["weights"]
    code, out, err = run("train", "--out", tmp_path / "own" / "start")
    assert (code, out) == (1, "")
    assert "start.safetensors is there already and is not overwritten" in err
    code, out, err = run("evaluate", "--learner", weights, "--episodes", 4, "--json")
    assert code == 0, err
    same = [{**f, "seconds": 0} for f in made["figures"]]
    assert [{**f, "seconds": 0} for f in json.loads(out)["figures"]] == same
    code, out, err = run("adapt", "--learner", weights, "--way", 3)
    assert code == 0, err
    assert "MetaNAS, 3-way 1-shot, transductive" in out
    assert out.count("node 2 <-") == 4
    for name in "ab":
        for number in range(3):
            save(tmp_path / "mine" / name / f"{number}.png")
    code, out, _ = run("adapt", "--learner", weights, "--images", tmp_path / "mine", "--json")
    assert (code, json.loads(out)["names"]) == (0, ["a", "b"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "--recipe", "magic", "--out", "x"), "no few-shot recipe 'magic'"),
        (("evaluate", "--learner", "nobody.safetensors"), "nobody.safetensors is missing"),
        (("evaluate", "--learner", "nobody"), "no few-shot learner 'nobody'"),
        (("adapt", "--images", "nowhere", "--learner", "nobody"), "no few-shot learner 'nobody'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_1(run, words, sentence):
    code, out, err = run(*words)
    assert (code, out) == (1, "")
    assert sentence in err.strip().splitlines()[-1]


def test_a_folder_without_classes_is_named(run, tmp_path):
    code, _, err = run("adapt", "--images", tmp_path)
    assert (code, f"{tmp_path} must hold a folder of PNG pictures per class; it holds none" in err) == (1, True)
