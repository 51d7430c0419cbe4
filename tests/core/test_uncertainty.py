"""core.uncertainty: answers by hand, invariants, and the streaming form against the naive one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from activedints.core.errors import InvalidSettings
from activedints.core.uncertainty import NEEDS_DRAWS, DrawStatistics, class_entropy, entropy, margin


@st.composite
def draws(draw, voxels=3):
    """(draw, class, voxel) distributions, now and then with zeros."""
    count, classes = draw(st.integers(1, 6)), draw(st.integers(2, 5))
    raw = draw(arrays(float, (count, classes, voxels), elements=st.floats(0, 1).map(lambda v: round(v, 3))))
    raw[:, 0] += 1e-3
    return raw / raw.sum(1, keepdims=True)


def naive(p):
    """All draws at once, straight from the formulas."""
    mean = p.mean(0)
    expected = entropy(p, 1).mean(0)
    found = {"entropy": entropy(mean), "expected_entropy": expected, "margin": margin(mean)}
    if len(p) > 1:
        found["mutual_information"] = np.clip(found["entropy"] - expected, 0, None)
        found["variance"] = p.var(0)[1:].sum(0)
        found["standard_deviation"] = p.std(0)[1:].sum(0)
    return found


def streamed(p, parts=1):
    statistics = DrawStatistics()
    for part in np.array_split(p, min(parts, len(p))):
        statistics.add(part)
    return statistics


def test_two_opposite_draws_by_hand():
    p = np.array([[[1.0], [0.0]], [[0.0], [1.0]]])
    maps = streamed(p).maps()
    assert maps["entropy"] == pytest.approx(np.log(2))
    assert maps["expected_entropy"] == pytest.approx(0)
    assert maps["mutual_information"] == pytest.approx(np.log(2))
    assert maps["variance"] == pytest.approx(0.25)
    assert maps["standard_deviation"] == pytest.approx(0.5)


def test_constructed_distributions_come_in_the_known_order():
    certain, leaning, torn = np.array([0.98, 0.01, 0.01]), np.array([0.6, 0.3, 0.1]), np.array([1, 1, 1]) / 3
    for measure in (entropy, margin):
        assert measure(certain) < measure(leaning) < measure(torn)
    assert margin(np.array([0.5, 0.5, 0.0])) == pytest.approx(1.0)
    assert margin(leaning) == pytest.approx(0.7)
    np.testing.assert_allclose(class_entropy(leaning), entropy(leaning) * leaning)


def test_one_draw_has_no_measure_that_needs_draws():
    maps = streamed(np.array([[[0.7], [0.3]]])).maps()
    assert set(maps) == {"entropy", "expected_entropy", "margin"}
    assert not NEEDS_DRAWS & set(maps)


def test_no_draw_is_refused():
    with pytest.raises(InvalidSettings, match="at least one draw"):
        DrawStatistics().maps()


@given(draws())
def test_bounds(p):
    maps = streamed(p).maps()
    classes = p.shape[1]
    assert (maps["entropy"] >= 0).all()
    assert (maps["entropy"] <= np.log(classes) + 1e-9).all()
    assert (maps["expected_entropy"] <= maps["entropy"] + 1e-9).all()
    assert all((values >= -1e-12).all() for values in maps.values())
    np.testing.assert_allclose(class_entropy(p[0]).sum(0), entropy(p[0]))
    assert ((margin(p[0]) >= -1e-9) & (margin(p[0]) <= 1 + 1e-9)).all()


@given(draws(), st.integers(2, 5))
def test_equal_draws_disagree_exactly_nowhere(p, count):
    maps = streamed(np.repeat(p[:1], count, axis=0)).maps()
    for name in NEEDS_DRAWS:
        assert (maps[name] == 0).all()


@given(draws(), st.randoms(use_true_random=False))
def test_the_order_of_draws_changes_nothing(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    first, second = streamed(p).maps(), streamed(p[order]).maps()
    for name in first:
        # square roots magnify rounding near zero
        np.testing.assert_allclose(first[name] ** 2, second[name] ** 2, atol=1e-9)


@given(draws(), st.integers(1, 4))
def test_streaming_equals_all_draws_at_once(p, parts):
    statistics, expected = streamed(p, parts), naive(p)
    np.testing.assert_allclose(statistics.mean(), p.mean(0), atol=1e-12)
    for name, values in statistics.maps().items():
        np.testing.assert_allclose(values**2, expected[name] ** 2, atol=1e-9)
    np.testing.assert_allclose(statistics.class_variance(), p.var(0)[1:], atol=1e-9)


def test_no_draw_is_kept_alive():
    """The statistics hold arrays of their own: memory must not grow with the draws of a call."""
    p = np.random.default_rng(0).dirichlet([1, 1, 1], (50, 4)).transpose(0, 2, 1)
    statistics = streamed(p)
    held = [value for value in vars(statistics).values() if isinstance(value, np.ndarray)]
    assert held
    assert not any(np.shares_memory(value, p) for value in held)
    assert all(value.base is None or value.base.size <= value.size for value in held)


@settings(max_examples=20)
@given(draws())
def test_torch_gives_what_numpy_gives(p):
    statistics = DrawStatistics()
    statistics.add(torch.from_numpy(p))
    for name, values in statistics.maps().items():
        assert isinstance(values, torch.Tensor)
        np.testing.assert_allclose(values.numpy(), streamed(p).maps()[name], atol=1e-7)
    np.testing.assert_allclose(margin(torch.from_numpy(p[0])).numpy(), margin(p[0]), atol=1e-12)
