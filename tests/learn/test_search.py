"""A whole search on toy cases: what it answers, that it resumes bit by bit, what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from activedints.core.architecture import Architecture
from activedints.core.decode import Alphas
from activedints.core.errors import Cancelled, EmptyPool, InvalidSettings
from activedints.core.job import silent
from activedints.core.settings import SearchSettings
from activedints.learn.bilevel import Bilevel
from activedints.learn.search import search
from tests.learn.toy import CHANNELS, LABELS, toy_case

CASES = [toy_case(f"case {i}", seed=i) for i in range(4)]
QUICK = SearchSettings(
    steps=8,
    patch=(16, 16, 16),
    blocks=3,
    depths=2,
    channel_mul=0.125,
    warm_up=0.25,
    evaluate_every=2,
    patience=50,
    threads=1,
    checkpoint_every=0.0,
    precision="float32",
    device="cpu",
)


class Heard(list):
    """A Report that remembers, and cancels the job at the ``stop``-th event."""

    def __init__(self, stop: int = 10**9) -> None:
        self.stop = stop

    def __call__(self, step, total, message, metrics=None):
        self.append((step, total, message, metrics or {}))
        if len(self) == self.stop:
            raise Cancelled("stopped by the test")


def run(folder, settings=QUICK, report=silent, alphas=None, cases=CASES):
    return search(cases, CHANNELS, LABELS, settings, report, folder, alphas)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    heard = Heard()
    folder = tmp_path_factory.mktemp("whole")
    return run(folder, report=heard), heard, folder


def test_it_answers_with_a_network_its_alphas_and_its_story(whole):
    found, _, folder = whole
    assert (found.steps, found.architecture.blocks, found.architecture.depths) == (8, 3, 2)
    assert "steps" in found.reason
    assert Architecture.from_json(found.architecture.to_json()) == found.architecture
    assert "8 steps" in found.architecture.provenance
    assert "4 cases" in found.architecture.provenance
    story = json.loads(found.history_path.read_text())
    assert [e["step"] for e in story["evaluations"]] == [2, 4, 6, 8]
    last = story["evaluations"][-1]
    assert np.allclose(last["alphas"]["edges"], found.alphas.edges, atol=1e-6)
    assert last["decoded"]["edges"] == [list(row) for row in found.architecture.arch_code_a]
    assert np.shape(last["chances"]) == (3, 4)
    assert not list(folder.glob("checkpoint*"))


def test_it_says_before_and_after_what_it_costs(whole):
    _, heard, folder = whole
    first, last = heard[0][2], heard[-1][2]
    assert first.startswith("Estimate")
    assert "MB" in first
    assert last.startswith("Search over")
    assert "expected" in last
    story = json.loads((folder / "history.json").read_text())
    assert {"seconds_per_step", "steps", "seconds", "core_seconds", "megabytes", "path_gflops"} == set(
        story["measured"]
    )
    assert story["network"]["parameters"] > 0
    assert 0 < story["estimate"]["path_gflops"] < story["estimate"]["all_gflops"]
    for name in ("loss", "edge_entropy", "operation_entropy", "ram", "seconds_per_step", "gflops"):
        assert np.isfinite(heard[-1][3][name])


def test_the_penalty_rises_after_the_warm_up(whole):
    story = json.loads((whole[2] / "history.json").read_text())
    weights = [e["penalty_weight"] for e in story["evaluations"]]
    assert weights == [0.0, pytest.approx(2 / 3), 1.0, 1.0]
    assert np.abs(story["evaluations"][0]["alphas"]["edges"]).max() == 0, "alphas rest in the warm-up"
    assert np.abs(story["evaluations"][-1]["alphas"]["edges"]).max() > 0


@pytest.mark.parametrize("stop", [2, 4, 5])
def test_stopped_and_resumed_it_ends_in_the_same_alphas(whole, tmp_path, stop):
    with pytest.raises(Cancelled):
        run(tmp_path, report=Heard(stop))
    again = run(tmp_path)
    assert np.array_equal(again.alphas.edges, whole[0].alphas.edges)
    assert np.array_equal(again.alphas.operations, whole[0].alphas.operations)
    assert replace(again.architecture, provenance="") == replace(whole[0].architecture, provenance="")


def test_a_finished_search_answers_at_once(whole):
    heard = Heard()
    again = run(whole[2], report=heard)
    assert heard == []
    assert np.array_equal(again.alphas.edges, whole[0].alphas.edges)
    assert again.architecture == whole[0].architecture


def test_it_ends_when_the_network_stays_the_same(tmp_path):
    calm = replace(
        QUICK, steps=12, architecture_learning_rate=1e-9, patience=3, evaluate_every=1, warm_up=0.0, fine_skip=False
    )
    found = run(tmp_path, calm)
    assert found.reason.startswith("stable")
    assert found.steps == 8, "weight 1 from step 6 on, three evaluations"


def test_it_goes_on_from_earlier_alphas(tmp_path):
    start = Alphas(np.tile([1.9, -1.9, -1.9, -1.9], (3, 1)), np.zeros((3, 4, 5)))
    found = run(tmp_path, replace(QUICK, steps=2), alphas=start)
    assert found.architecture.arch_code_a == ((1, 0, 0, 0),) * 3


def test_each_learner_moves_only_its_own():
    learn = Bilevel(CASES, LABELS.classes, QUICK)
    weights = [p.detach().clone() for p in learn.net.parameters()]
    learn.alpha_step(1.0)
    assert all(torch.equal(a, b) for a, b in zip(weights, learn.net.parameters()))
    moved = learn.topology.alphas()
    assert np.abs(moved.edges).max() > 0
    learn.weight_step(0.5)
    assert any(not torch.equal(a, b) for a, b in zip(weights, learn.net.parameters()))
    assert np.array_equal(moved.edges, learn.topology.alphas().edges)
    held = {id(p) for group in learn.optimiser.param_groups for p in group["params"]}
    assert not held & {id(p) for p in learn.topology.parameters()}


def test_the_halves_share_no_case():
    learn = Bilevel(CASES, LABELS.classes, QUICK)
    halves = [{case.case_id for case in sampler.cases} for sampler in (learn.for_weights, learn.for_alphas)]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == {case.case_id for case in CASES}


def test_too_few_cases(tmp_path):
    with pytest.raises(EmptyPool, match="at least 2 labelled cases"):
        run(tmp_path, cases=CASES[:1])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sigma", [0.0, -0.1, 1.01])
def test_a_budget_out_of_range(sigma):
    with pytest.raises(InvalidSettings, match="sigma"):
        replace(QUICK, sigma=sigma)


def test_a_patch_that_does_not_halve():
    with pytest.raises(InvalidSettings, match="multiple of 8 with 3 resolutions"):
        SearchSettings(steps=1, depths=3, patch=(48, 44, 48))


def test_a_patch_that_halves_once_less_than_advised_is_taken_with_the_advice():
    assert "multiples of 16 are better with 3" in SearchSettings(steps=1, depths=3, patch=(24, 24, 24)).advice
    assert SearchSettings(steps=1, depths=3, patch=(48, 48, 48)).advice == ""


def test_alphas_of_another_space(tmp_path):
    with pytest.raises(InvalidSettings, match="3 blocks and 1 resolutions"):
        run(tmp_path, alphas=Alphas(np.zeros((3, 1)), np.zeros((3, 1, 5))))


@pytest.mark.parametrize("finished", [True, False])
def test_a_resume_with_other_settings(whole, tmp_path, finished):
    folder = whole[2] if finished else tmp_path
    if not finished:
        with pytest.raises(Cancelled):
            run(folder, report=Heard(3))
    with pytest.raises(InvalidSettings, match="other settings"):
        run(folder, replace(QUICK, sigma=0.9))
