import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot import darts
from activedints.nas.few_shot.darts import Darts
from activedints.nas.few_shot.functional import Params
from activedints.nas.few_shot.mixtures import ALPHA, Mixed
from activedints.nas.few_shot.supernet import Supernet
from tests.nas.few_shot.few_shot_classes import strokes


def test_second_order_by_hand() -> None:
    """L_train = (w - a)^2 / 2, L_valid = w^2 / 2 + a: w' = w - xi (w - a), so d L_valid(w', a)/da = 1 + xi w'.

    At w = 2, a = 1, xi = .1: w' = 1.9, gradient 1.19; first order gives 1.
    """
    train = lambda w, a: (w["w"] - a["a"]).square().sum() / 2  # noqa: E731
    valid = lambda w, a: w["w"].square().sum() / 2 + a["a"].sum()  # noqa: E731
    w, a = {"w": torch.tensor([2.0])}, {"a": torch.tensor([1.0])}
    assert darts.first_order(valid, w, a)["a"].item() == pytest.approx(1.0)
    assert darts.second_order(train, valid, w, a, 0.1)["a"].item() == pytest.approx(1.19, abs=1e-4)
    assert darts.exact_second_order(train, valid, w, a, 0.1)["a"].item() == pytest.approx(1.19, abs=1e-6)


def test_the_finite_difference_agrees_with_double_backward_on_the_supernet() -> None:
    """In double precision, with a step short enough for a loss with kinks: Hessian term within 1 %."""
    torch.set_num_threads(1)
    images = strokes(4, 6)
    network = Mixed(Supernet(filters=4))
    params = {k: v.double() for k, v in darts.with_classifier(network, network.start(0), images).items()}
    generator = np.random.default_rng(0)
    params["classifier"] += 0.1 * torch.from_numpy(generator.normal(size=params["classifier"].shape))
    pixels = [torch.from_numpy(images.images[:, i : i + 2].reshape(8, 1, 28, 28) / 255.0) for i in (0, 2)]
    labels = torch.arange(4).repeat_interleave(2)

    def loss_of(batch: torch.Tensor) -> darts.Loss:
        return lambda w, a: torch.nn.functional.cross_entropy(darts.scores(network, w | a, batch), labels)

    weights = {k: v for k, v in params.items() if not k.startswith(ALPHA)}
    alphas = {k: v for k, v in params.items() if k.startswith(ALPHA)}
    train, valid, xi = loss_of(pixels[0]), loss_of(pixels[1]), 0.05
    approximate = darts.second_order(train, valid, weights, alphas, xi, reach=1e-6)
    exact = darts.exact_second_order(train, valid, weights, alphas, xi)
    ahead = darts.moved(weights, darts.gradient(train(w := darts.leaves(weights), alphas), w), -xi)
    direct = darts.first_order(valid, ahead, alphas)

    def term(found: Params) -> torch.Tensor:
        return torch.cat([(found[k] - direct[k]).flatten() for k in sorted(found)])

    assert term(exact).norm() > 1e-6
    assert ((term(approximate) - term(exact)).norm() / term(exact).norm()).item() < 1e-2


def test_the_published_step_is_right_where_the_loss_is_smooth() -> None:
    """A two-layer tanh network whose hidden units are weighted by a: error below 1 % with eps = 0.01 / |v|."""
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    weights, alphas = {"in": draw(5, 7), "out": draw(7, 3)}, {"a": draw(7)}

    def loss_on(x: torch.Tensor, y: torch.Tensor) -> darts.Loss:
        return lambda w, a: ((torch.tanh(x @ w["in"]) * a["a"].sigmoid()) @ w["out"] - y).square().mean()

    train, valid = (loss_on(draw(20, 5), draw(20, 3)) for _ in range(2))
    approximate, exact = (
        way(train, valid, weights, alphas, 0.5)["a"] for way in (darts.second_order, darts.exact_second_order)
    )
    direct = darts.second_order(train, valid, weights, alphas, 0.0)["a"]
    assert ((approximate - exact).norm() / (exact - direct).norm()).item() < 1e-2


@pytest.mark.parametrize("order", [1, 2])
def test_a_search_moves_the_architecture_and_learns(order: int) -> None:
    torch.set_num_threads(1)
    images = strokes(4, 8)
    losses: list[float] = []
    report = lambda step, total, message, metrics=None: losses.append(metrics["loss"])  # noqa: E731
    search = Darts(steps=5, order=order, batch=8, rate=0.1, alpha_rate=2e-2)
    found = search.search(Mixed(Supernet(filters=4)), images, 0, report)
    again = search.search(Mixed(Supernet(filters=4)), images, 0)
    assert all(torch.equal(found[k], again[k]) for k in found)
    assert np.mean(losses[-3:]) < 0.9 * losses[0]
    assert found["alpha.operations"].abs().max() > 0.05
    stage = search.run(Mixed(Supernet(filters=4)), Mixed(Supernet(filters=4)).start(0), images, (0, 0))
    assert set(stage) == set(found) - {"classifier"}


def test_orders_are_one_and_two() -> None:
    with pytest.raises(InvalidSettings, match="order 1 or 2"):
        Darts(steps=1, order=3)
