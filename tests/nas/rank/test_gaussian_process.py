import numpy as np
import pytest

from activedints.nas.rank.gaussian_process import GaussianProcess, _learn, _matern
from activedints.nas.rank.normal_scores import NormalScale, normal_scores

RANDOM = np.random.default_rng(0)


def test_two_points_by_hand():
    x, y = np.array([[0.0], [1.0]]), np.array([1.0, -1.0])
    process = GaussianProcess([np.array([0])], theta=np.array([0.0, 0.0, -60.0])).fit(x, y)
    # unit length, signal 1, no noise: kernel between the two points is Matern 5/2 of distance 1
    k = (1 + 5**0.5 + 5 / 3) * np.exp(-(5**0.5))
    assert _matern(np.array([1.0]))[0][0] == pytest.approx(k)
    half = (1 + 5**0.5 / 2 + 5 / 12) * np.exp(-(5**0.5) / 2)
    mean, spread = process.predict(np.array([[0.0], [0.5], [50.0]]))
    assert mean == pytest.approx([1, 0, 0], abs=1e-4)
    assert spread == pytest.approx([0, np.sqrt(1 - 2 * half**2 / (1 + k)), 1], abs=2e-3)


def test_the_derivative_of_the_kernel():
    s, step = np.linspace(0.01, 9, 40), 1e-6
    numeric = (_matern(s + step)[0] - _matern(s - step)[0]) / (2 * step)
    assert np.allclose(_matern(s)[1], numeric, atol=1e-6)


def test_learning_finds_the_block_that_matters():
    x = RANDOM.standard_normal((120, 6))
    y = normal_scores(np.sin(x[:, 0]) + x[:, 1])
    process = GaussianProcess([np.array([0, 1]), np.array([2, 3, 4, 5])]).fit(x, y)
    assert process.theta[0] > process.theta[1] + 1
    fresh = RANDOM.standard_normal((300, 6))
    mean, spread = process.predict(fresh)
    assert np.corrcoef(mean, np.sin(fresh[:, 0]) + fresh[:, 1])[0, 1] > 0.97
    assert (spread > 0).all()


def test_leave_one_out_is_what_leaving_out_gives():
    x = RANDOM.standard_normal((20, 2))
    y = normal_scores(x[:, 0] - x[:, 1])
    theta = np.array([0.0, 0.0, -3.0])
    process = GaussianProcess([np.array([0, 1])], theta=theta).fit(x, y)
    mean, spread = process.leave_one_out()
    for out in range(3):
        kept = np.delete(np.arange(20), out)
        one = GaussianProcess([np.array([0, 1])], theta=theta).fit(x[kept], y[kept])
        one.scale = process.scale  # the scale of distances is not learned again
        one = _refit(one, x[kept], y[kept])
        other, deviation = one.predict(x[[out]])
        assert mean[out] == pytest.approx(other[0], abs=1e-6)
        assert spread[out] ** 2 == pytest.approx(deviation[0] ** 2 + np.exp(-3.0) + 1e-6, abs=1e-6)


def _refit(process, x, y):
    from scipy.linalg import cho_factor, cho_solve

    kernel = process._kernel(x, x) + (np.exp(process.theta[-1]) + 1e-6) * np.eye(len(y))
    process.factor = cho_factor(kernel, lower=True)
    process.alpha = cho_solve(process.factor, y)
    return process


def test_posterior_covariance_has_the_spread_on_its_diagonal():
    x = RANDOM.standard_normal((30, 3))
    process = GaussianProcess([np.arange(3)]).fit(x, normal_scores(x[:, 0]))
    fresh = RANDOM.standard_normal((10, 3))
    assert np.allclose(np.sqrt(np.diag(process.covariance(fresh))), process.predict(fresh)[1], atol=1e-5)


def test_the_gradient_is_the_loss_s(monkeypatch):
    """The optimiser's loss and gradient, caught and compared with finite differences."""
    caught = {}
    monkeypatch.setattr(
        "activedints.nas.rank.gaussian_process.minimize",
        lambda loss, start, **kw: caught.update(loss=loss, start=start) or type("R", (), {"x": start}),
    )
    x = RANDOM.standard_normal((25, 4))
    distances = np.stack([((x[:, None, b] - x[None, :, b]) ** 2).sum(2) for b in ([0, 1], [2, 3])])
    _learn(distances, normal_scores(x[:, 0] + 0.1 * x[:, 3]))
    loss, start = caught["loss"], caught["start"]
    _, gradient = loss(start)
    for i in range(len(start)):
        step = np.eye(len(start))[i] * 1e-5
        numeric = (loss(start + step)[0] - loss(start - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_the_normal_scale_goes_there_and_back():
    accuracies = RANDOM.gamma(2, 10, 60)
    scale = NormalScale.learn(np.r_[accuracies, accuracies[:5]])  # ties as well
    assert np.allclose(scale.accuracy(scale.score(accuracies)), accuracies)
    beyond = scale.accuracy(np.array([-9.0, 9.0]))
    assert beyond[0] < accuracies.min() < accuracies.max() < beyond[1]
    assert scale.score(np.array([accuracies.max() + 5]))[0] > scale.scores.max()
