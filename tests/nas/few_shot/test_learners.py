import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import evaluation_list, gather, plan
from activedints.nas.few_shot.evaluation import MODES, by_adaptation, correct, evaluate, figure
from activedints.nas.few_shot.functional import Conv4, Params, stack
from activedints.nas.few_shot.learners import EpisodeSource, Maml, Prototypes, Reptile, WarmUp, meta_train
from tests.nas.few_shot.few_shot_classes import strokes

NET = Conv4(filters=8)
SOURCE = EpisodeSource(episodes=4, way=3, shot=1, target=2, turned=False)
FEW = Adaptation(2, 0.1, "sgd", "linear")

STAGES = {
    "MAML": Maml(12, True, FEW, SOURCE, 1e-2),
    "first-order MAML": Maml(12, False, FEW, SOURCE, 1e-2),
    "Proto-MAML": Maml(12, True, Adaptation(2, 0.1), SOURCE, 1e-2),
    "first-order Proto-MAML": Maml(12, False, Adaptation(2, 0.1), SOURCE, 1e-2),
    "REPTILE": Reptile(12, Adaptation(4, 1e-2, "adam", "linear"), SOURCE),
    "prototypes": Prototypes(12, SOURCE, 1e-2),
    "supervised": WarmUp(12, batch=32, rate=1e-2),
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", STAGES)
def test_every_learner_learns_and_repeats_itself(name: str) -> None:
    """Twelve iterations: same seed, same weights; another seed, others; a metric is reported; accuracy is a share."""
    told: list[dict[str, float]] = []
    report = lambda step, total, message, metrics=None: told.append(metrics)  # noqa: E731
    first, second = (meta_train(NET, (STAGES[name],), strokes(), 0, report) for _ in range(2))
    assert all(torch.equal(first[k], second[k]) for k in first)
    other = meta_train(NET, (STAGES[name],), strokes(), 1)
    assert any(not torch.equal(first[k], other[k]) for k in first)
    assert 0 <= told[-1]["accuracy"] <= 1


def test_training_beats_chance_clearly() -> None:
    """On blocky classes never seen in training, 5-way 1-shot: far above 20 %, and both modes are reported."""
    images = strokes(40, 8)
    seen, new = images.subset(np.arange(30)), images.subset(np.arange(30, 40))
    params = meta_train(NET, (WarmUp(60, batch=64, rate=1e-2),), seen)
    nearest = Adaptation(0, head="cosine")
    found = evaluate(by_adaptation(NET, params, nearest), new, evaluation_list(new, 5, 1, 3, episodes=40))
    assert {mode for _, mode in found} == set(MODES)
    assert all(v.mean > 60 and v.episodes == 40 for v in found.values())


def test_prototype_head_by_hand() -> None:
    """Class means (1, 0) and (0, 2) in two dimensions: logits 2 c.x - |c|^2 over sqrt 2."""
    features = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    head = inner.fitted_head(features, 2, "prototype")
    x = torch.tensor([[[1.0, 1.0]]])
    expected = torch.tensor([2 * 1 - 1, 2 * 2 - 4]) / 2**0.5
    assert torch.allclose(inner.logits(x, head)[0, 0], expected)


def test_the_linear_form_of_prototypes_is_nearest_class_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    features, x = torch.randn(3, 8, 5, generator=generator), torch.randn(3, 6, 5, generator=generator)
    near = torch.cdist(x, inner.prototypes(features, 4)).argmin(-1)
    assert torch.equal(inner.logits(x, inner.fitted_head(features, 4, "prototype")).argmax(-1), near)


def target_gradient(second_order: bool, steps: int, head: inner.Head) -> Params:
    stage = Maml(1, second_order, Adaptation(steps, 0.05, "sgd", head), SOURCE)
    images = strokes()
    batch = gather(images, plan(images, 3, 1, 2, 2, np.random.default_rng(0)))
    meta = {k: v.double().requires_grad_() for k, v in (NET.start(0) | inner.linear_head(32, 3)).items()}
    if head != "linear":
        meta = {k: v for k, v in meta.items() if not k.startswith("head.")}
    double = type(batch)(batch.support.double(), batch.target.double(), batch.way, batch.shot)
    loss, _ = stage.target_loss(NET, meta, double)
    return dict(zip(meta, torch.autograd.grad(loss, list(meta.values()))))


def test_second_order_maml_against_finite_differences() -> None:
    """The gradient through two inner steps, along a random direction, in double precision."""
    found = target_gradient(True, 2, "linear")
    generator = torch.Generator().manual_seed(5)
    along = {k: torch.randn(v.shape, generator=generator, dtype=torch.float64) for k, v in found.items()}
    images = strokes()
    batch = gather(images, plan(images, 3, 1, 2, 2, np.random.default_rng(0)))
    double = type(batch)(batch.support.double(), batch.target.double(), batch.way, batch.shot)
    stage = Maml(1, True, Adaptation(2, 0.05, "sgd", "linear"), SOURCE)
    base = {k: v.double() for k, v in (NET.start(0) | inner.linear_head(32, 3)).items()}

    def loss(by: float) -> float:
        return stage.target_loss(NET, {k: (v + by * along[k]).requires_grad_() for k, v in base.items()}, double)[
            0
        ].item()

    slope = (loss(1e-6) - loss(-1e-6)) / 2e-6
    assert sum((found[k] * along[k]).sum().item() for k in found) == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("head", ["linear", "prototype"])
def test_first_order_is_second_order_without_steps(head: inner.Head) -> None:
    """With no inner step the two gradients are one; with steps they differ."""
    exact, cheap = (target_gradient(order, 0, head) for order in (True, False))
    assert all(torch.allclose(exact[k], cheap[k]) for k in exact)
    exact, cheap = (target_gradient(order, 2, head) for order in (True, False))
    assert any(not torch.allclose(exact[k], cheap[k], rtol=1e-3) for k in exact)


def test_reptile_moves_to_the_mean_of_the_adapted_weights() -> None:
    stage = Reptile(1, Adaptation(2, 1e-2, "adam", "linear"), SOURCE, pull=0.5)
    meta = NET.start(0) | inner.linear_head(32, 3)
    batch = next(SOURCE.batches(strokes(), (0, 0), 1))
    adapted = inner.adapt(NET, stack(meta, 4), batch.support, 3, stage.adaptation)
    moved = stage.run(NET, meta, strokes(), (0, 0))
    for k in meta:
        assert torch.allclose(moved[k], meta[k] + 0.5 * (adapted[k].mean(0) - meta[k]), atol=1e-7)


def test_one_target_is_told_without_the_others() -> None:
    """A predictor that looks at its whole batch gives itself away: alone, each target sees way * shot + 1 images."""
    images = strokes()
    batch = gather(images, plan(images, 3, 1, 2, 2, np.random.default_rng(0)))
    seen: list[int] = []

    def spy(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.shape[1])
        return torch.zeros(*x.shape[:2], 3)

    assert correct(spy, batch, "transductive").tolist() == pytest.approx([1 / 3, 1 / 3])
    correct(spy, batch, "one target")
    assert seen == [6] + [4] * 6


def test_an_interval_by_hand() -> None:
    """Accuracies 1, .8, .6, .8: mean .8, standard deviation .163, 1.96 * .163 / 2 = .16."""
    found = figure(np.array([1.0, 0.8, 0.6, 0.8]), "transductive")
    assert (found.mean, found.interval) == pytest.approx((80.0, 16.0), abs=0.01)
    assert str(found) == "80.0 +- 16.0 % (transductive, n = 4)"


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(InvalidSettings, match="positive rate"):
        Adaptation(1, 0.0)
    with pytest.raises(InvalidSettings, match="warm-up"):
        WarmUp(0)
