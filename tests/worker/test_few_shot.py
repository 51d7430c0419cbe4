"""The few-shot study from asking to answer: episodes, live adaptation, training again; each bad input one sentence."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from activedints.core.errors import ActiveDintsError, InvalidFile, InvalidSettings, NotFound
from activedints.core.job import JobKind, JobStatus
from activedints.loop import few_shot as study
from activedints.loop import learners
from activedints.nas.few_shot import meta_checkpoint, recipes
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.functional import Conv4
from activedints.nas.few_shot.learners import Maml, WarmUp
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import Search
from activedints.nas.few_shot.mixtures import Mixed
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet
from activedints.store import jobs
from activedints.store.database import Store
from activedints.worker import few_shot
from activedints.worker.child import run_job
from tests.nas.few_shot.few_shot_classes import strokes

COOL = Search(4, annealing=Annealing(1.0, 0.01, "geometric"))


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    """A workspace with two small untrained learners, and strokes in the glyphs' place."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    made = {"recipe": "quick", "data": "glyphs", "seed": 0, "cpu_seconds": 1.0}
    conv, net = Conv4(8), Supernet(4)
    for name, checkpoint in {
        "quick-glyphs": MetaCheckpoint("Prototypes", conv, Adaptation(0), conv.start(0), made),
        "metanas-glyphs": MetaCheckpoint("MetaNAS", net, COOL, Mixed(net).start(0), made),
    }.items():
        meta_checkpoint.save(replace(checkpoint, made=made | {"recipe": name.split("-")[0]}), folder / name)
    monkeypatch.setattr(learners, "SHIPPED", folder)
    monkeypatch.setattr(few_shot, "kept_glyphs", lambda: strokes(8, 8))
    return Store.open(tmp_path / "workspace")


@pytest.fixture
def lane(store, monkeypatch) -> Store:
    """The loop's questions answered in this process, through JSON as over the wire."""

    def ask(asked: Store, question: dict, seconds: float = 0, hear=None) -> dict:
        sent = json.loads(json.dumps(question))
        assert sent.pop("do") == "few-shot"
        tell = hear or (lambda news: None)
        return json.loads(
            json.dumps(few_shot.answer_page(asked, sent, lambda news: tell(json.loads(json.dumps(news)))))
        )

    monkeypatch.setattr(study, "ask", ask)
    return store


def test_an_episode_is_dealt_and_adapted_to_with_every_step_told(lane):
    episode = study.deal(lane, "glyphs", 3, 1, seed=4)
    assert episode == study.deal(lane, "glyphs", 3, 1, seed=4)
    assert (len(episode["names"]), episode["labels"]) == (3, [0] * 5 + [1] * 5 + [2] * 5)
    seen = []
    run = study.adapt(
        lane, learners.named(lane, "metanas-glyphs"), episode, 6, 0.02, lambda so: seen.append(len(so.steps))
    )
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert [step["step"] for step in run.steps] == list(range(7))
    assert run.steps[-1]["temperature"] == pytest.approx(0.02)
    assert run.result["steps"] == run.steps
    assert [row["is the sum of"].count(" of ") for row in study.genotype(run)] == [2] * (2 * 3)
    cells = study.cells(run.steps[-1], 1e-4)
    assert [sum(edge.weight for edge in cell.edges if edge.node == 2) for cell in cells] == pytest.approx([2.0, 2.0])
    row = study.outcome(run)
    assert run.result["pruned"]["parameters"] < run.result["parameters"] == int(row["parameters"].replace(",", ""))


def test_learners_of_channels_alone_take_images_of_several(lane):
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 255, (n, 2, 28, 28), np.uint8).tobytes() for n in (2, 4)]
    support, target = (base64.b64encode(raw).decode() for raw in pixels)
    episode = {"names": ["a", "b"], "channels": ["FLAIR", "T1w"], "labels": None, "support": support, "target": target}
    for found in learners.every(lane):
        run = study.adapt(lane, found, episode, 3, 0.1)
        assert run.accuracies == []
        assert len(run.steps[-1]["predictions"]) == 4


def drawing(stroke: int = 200) -> str:
    image = np.zeros((28, 28), np.uint8)
    image[4:20, 10:13] = stroke
    return base64.b64encode(image.tobytes()).decode()


def test_drawings_are_an_episode(lane):
    episode = study.drawn([{"example": drawing(), "target": drawing(150)}] * 5)
    run = study.adapt(lane, learners.named(lane, "quick-glyphs"), episode, 5, 0.1)
    assert run.steps[-1]["accuracy"] == pytest.approx(0.2)  # five times the same drawing: all are told as one class


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"support": drawing(0) + ""}, InvalidFile, "blank"),
        ({"support": base64.b64encode(bytes(105 * 105)).decode()}, InvalidFile, "no whole number"),
        ({"support": "%%%"}, InvalidFile, "no base64"),
        ({"names": ["a"]}, InvalidSettings, "2 to 20 classes"),
        ({"names": ["a", "b", "c"]}, InvalidSettings, "do not divide"),
        ({"target": ""}, InvalidSettings, "nothing to tell"),
    ],
)
def test_a_bad_episode_is_one_sentence(lane, changed, error, words):
    episode = study.drawn([{"example": drawing(), "target": drawing()}] * 2)
    if changed.get("support") == drawing(0):
        changed = {"support": base64.b64encode(bytes(2 * 28 * 28)).decode()}
    with pytest.raises(error, match=words) as told:
        study.adapt(lane, learners.named(lane, "quick-glyphs"), episode | changed, 5, 0.1)
    assert "\n" not in str(told.value)


def test_asking_for_more_than_there_is_names_what_there_is(lane):
    with pytest.raises(InvalidSettings, match="9-way episodes need that many classes and 2 to 8 are there"):
        study.deal(lane, "glyphs", 9, 1, 0)
    with pytest.raises(InvalidSettings, match="each class has 8"):
        study.deal(lane, "glyphs", 3, 5, 0)
    with pytest.raises(InvalidSettings, match="2 to 20 classes"):
        study.deal(lane, "glyphs", 30, 1, 0)
    with pytest.raises(NotFound, match="activedints data get omniglot"):
        study.deal(lane, "omniglot", 5, 1, 0)
    with pytest.raises(NotFound, match="there are glyphs, omniglot and patches"):
        study.deal(lane, "runes", 5, 1, 0)
    with pytest.raises(NotFound, match="no few-shot learner 'nobody'; there are metanas-glyphs, quick-glyphs"):
        learners.named(lane, "nobody")
    with pytest.raises(InvalidFile, match="The target of class 2 is blank"):
        study.drawn([{"example": drawing(), "target": drawing(stroke)} for stroke in (200, 0)])
    with pytest.raises(InvalidSettings, match="two drawn classes"):
        study.drawn([{"example": drawing(), "target": drawing()}])


def test_a_head_of_five_classes_refuses_three(store):
    net = Conv4(8)
    params = net.start(0) | {"head.weight": torch.zeros(5, 32), "head.bias": torch.zeros(5)}
    learned = MetaCheckpoint("MAML", net, Adaptation(1, 0.4, head="linear"), params)
    with pytest.raises(InvalidSettings, match="head for 5 classes and this episode has 3"):
        few_shot.fit(learned, 3, {})
    assert few_shot.fit(learned, 5, {"steps": 7}).adapting.steps == 7


def test_a_checkpoint_of_another_recipe_is_refused(store):
    folder = learners.SHIPPED
    (folder / "quick-glyphs.safetensors").write_bytes((folder / "metanas-glyphs.safetensors").read_bytes())
    with pytest.raises(ActiveDintsError, match="belongs to another recipe"):
        few_shot.learner(store, "quick-glyphs")


def test_training_again_is_a_job_whose_learner_is_then_there(store, monkeypatch):
    from activedints.worker import meta_training

    short = recipes.Recipe("MAML", Conv4(4), (WarmUp(2, batch=4), Maml(2)), Adaptation(1, 0.4, head="linear"))
    monkeypatch.setitem(recipes.RECIPES, "quick", short)
    monkeypatch.setattr(meta_training, "read_set", lambda data, folder: (strokes(8, 8), strokes(6, 8, seed=1)))
    monkeypatch.setattr(meta_training, "EVALUATED", 4)
    assert (
        learners.train_again(store, "quick", "glyphs", 3)
        == "Job 1 is queued: it trains 'quick' on Glyphs of many scripts."
    )
    with pytest.raises(InvalidSettings, match="Job 1 trains a learner already"):
        learners.train_again(store, "quick", "glyphs", 3)
    with store.write() as session:
        job = jobs.claim(session)
        session.expunge(job)
    assert (job.kind, run_job(store, job)) == (JobKind.META_TRAIN, JobStatus.DONE)
    with store.read() as session:
        told = [event.message for event in jobs.events_since(session, 1)]
    assert {"warm-up", "MAML", "evaluating"} <= set(told)
    found = learners.named(store, "job-1")
    assert found.made["seed"] == 3
    assert {f["mode"] for f in found.made["figures"]} == {"transductive", "one target"}
    assert few_shot.learner(store, "job-1").params["head.weight"].shape == (5, 16)
    [row] = learners.measured(store)
    assert (row["learner"], row["network"]) == (found.title, "adapted")
    assert all(row[mode].endswith("(n 4)") for mode in ("transductive (%)", "one target (%)"))


@pytest.mark.parametrize(
    ("recipe", "data", "words"),
    [
        ("magic", "glyphs", "recipe of metanas"),
        ("quick", "runes", "glyphs, omniglot"),
        ("quick", "omniglot", "data get"),
    ],
)
def test_a_training_that_cannot_be_is_refused(store, recipe, data, words):
    with pytest.raises(ActiveDintsError, match=words):
        learners.train_again(store, recipe, data, 0)


def test_what_a_screen_offers_to_train_is_a_recipe():
    assert set(learners.RECIPES) <= set(recipes.RECIPES)


def test_temperatures():
    assert study.nearest_temperature(0.03) == 0.02
    assert study.nearest_temperature(1.0) == 1.0


def test_the_shipped_learners_are_small_whole_and_told_of(tmp_path: Path):
    for found in learners.shipped():
        assert found.weights.stat().st_size <= meta_checkpoint.LARGEST
        assert {"recipe", "data", "seed", "cpu_seconds", "command", "figures"} <= set(found.made)
        meta_checkpoint.read(found.weights, found.card)


def test_patches_come_from_the_annotated_scans_of_the_experiment(tmp_path, lane):
    from tests.ui import workspaces

    own = workspaces.filled(tmp_path / "scans", fixed="all")
    episode = study.deal(own, "patches", 5, 2, seed=1)
    assert episode["channels"] == ["FLAIR", "T1w"]
    assert {"edema", "core"} <= set(episode["names"])
    first, second = episode["note"].split("Examples from ")[1].split("; ")[0].split(", targets from ")
    assert first != second
    run = study.adapt(own, learners.named(own, "quick-glyphs"), episode, 3, 0.1)
    assert run.accuracies[-1][1] > run.chance
    with pytest.raises(NotFound, match="shows two kinds of tissue with 205 voxels each"):
        study.deal(own, "patches", 2, 200, seed=1)


def test_without_annotated_scans_there_are_no_patches(lane):
    with pytest.raises(ActiveDintsError, match="no experiment"):
        study.deal(lane, "patches", 5, 1, 0)


def test_a_learner_of_tissue_is_trained_on_the_annotated_scans_and_reads_no_characters(tmp_path, store, monkeypatch):
    from activedints.worker import few_shot_patches
    from tests.ui import workspaces

    own = workspaces.filled(tmp_path / "scans", fixed="all")
    monkeypatch.setattr(few_shot_patches, "PATCHES", 7)
    tissue = recipes.RECIPES["tissue"]
    short = replace(tissue, stages=(recipes.shortened(tissue.stages[0], 0.01),))
    monkeypatch.setitem(recipes.RECIPES, "tissue", short)
    with pytest.raises(InvalidSettings, match="learns from patches of scans, and no other does"):
        learners.train_again(own, "quick", "patches", 0)
    learners.train_again(own, "tissue", "patches", 0)
    with own.write() as session:
        job = jobs.claim(session)
        session.expunge(job)
    assert run_job(own, job) == JobStatus.DONE
    found = learners.every(own)[-1]
    assert found.title == f"prototypes of tissue (my scans, job {job.id})"
    assert {f["network"] for f in found.made["figures"]} == {"adapted", "regression on intensities"}
    assert learners.usual(learners.every(own), ["FLAIR", "T1w"]) == [found.name, "metanas-glyphs", "quick-glyphs"]
    assert learners.usual(learners.every(own), ["ink"]) == ["metanas-glyphs", "quick-glyphs"]
    with pytest.raises(InvalidSettings, match="reads FLAIR, T1w and this episode has ink"):
        few_shot.check_channels(few_shot.learner(own, found.name), ["ink"])
