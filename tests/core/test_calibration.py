"""AUROC and calibration error: by hand, invariants, and scikit-learn as the oracle."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from activedints.core import calibration
from activedints.core.calibration import auroc, error_auroc, expected_calibration_error
from activedints.core.errors import InvalidGeometry

pairs = st.lists(st.tuples(st.sampled_from((0.0, 0.1, 0.25, 0.5, 0.9, 1.0)), st.booleans()), min_size=1, max_size=40)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(calibration).failed == 0


def test_auroc_by_hand() -> None:
    # positives .9 and .4 against negatives .5 and .1: three of four pairs are in order
    assert auroc(np.array([0.9, 0.5, 0.4, 0.1]), np.array([1, 0, 1, 0], bool)) == 0.75
    assert auroc(np.ones(4), np.array([1, 0, 1, 0], bool)) == 0.5
    assert auroc(np.ones(4), np.ones(4, bool)) is None
    assert auroc(np.ones(0), np.ones(0, bool)) is None


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_auroc_against_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    score, positive = (np.array(column) for column in zip(*rows))
    found = auroc(score, positive)
    if positive.all() or not positive.any():
        assert found is None
    else:
        assert found == pytest.approx(roc_auc_score(positive, score))
        assert auroc(-score, positive) == pytest.approx(1 - found)
        assert auroc(np.exp(3 * score), positive) == found  # only the order matters


def test_error_auroc_looks_only_at_annotated_brain() -> None:
    reference = np.array([0, 1, 1, 255, 1], np.uint8).reshape(5, 1, 1)
    prediction = np.array([0, 0, 1, 0, 0], np.uint8).reshape(5, 1, 1)
    uncertainty = np.array([0.1, 0.9, 0.2, 0.0, 0.0]).reshape(5, 1, 1)
    brain = np.array([1, 1, 1, 1, 0], bool).reshape(5, 1, 1)
    assert error_auroc(uncertainty, reference, prediction, brain) == 1.0
    assert error_auroc(uncertainty, reference, reference, brain) is None
    with pytest.raises(InvalidGeometry, match="one shape"):
        error_auroc(uncertainty, reference, prediction[:4], brain)


def test_calibration_error_by_hand() -> None:
    # two bins of four: .6 with 4 of 4 right (gap .4), .9 with 2 of 4 right (gap .4)
    confidence = np.array([0.6] * 4 + [0.9] * 4)
    correct = np.array([1, 1, 1, 1, 1, 0, 1, 0], bool)
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx(0.4)
    assert expected_calibration_error(confidence, correct, bins=1) == pytest.approx(0.0)  # they cancel in one bin
    assert expected_calibration_error(np.ones(3), np.zeros(3, bool)) == 1.0
    assert expected_calibration_error(np.ones(0), np.ones(0, bool)) is None


@settings(max_examples=100, deadline=None)
@given(pairs, st.randoms())
def test_calibration_error_does_not_depend_on_order(rows: list[tuple[float, bool]], shuffle) -> None:
    confidence, correct = (np.array(column) for column in zip(*rows))
    order = list(range(len(rows)))
    shuffle.shuffle(order)
    found = expected_calibration_error(confidence, correct)
    assert 0 <= found <= 1
    assert found == expected_calibration_error(confidence[order], correct[order])
    assert found >= abs(confidence.mean() - correct.mean()) - 1e-9


def test_a_calibrated_forecaster_has_no_error_and_an_overconfident_one_has() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 100_000)
    correct = rng.random(100_000) < confidence
    assert expected_calibration_error(confidence, correct) < 0.01
    assert expected_calibration_error(np.sqrt(confidence), correct) == pytest.approx(
        np.sqrt(confidence).mean() - confidence.mean(), abs=0.01
    )


def test_a_reader_is_told_whether_to_trust_the_map() -> None:
    assert calibration.trust(0.95, 4).startswith("The uncertainty map points at errors (AUROC of voxel errors 0.950")
    assert "weakly" in calibration.trust(0.7, 5)
    assert calibration.trust(0.59, 4).startswith("Do not trust the uncertainty map yet")
    for unknown in (calibration.trust(0.99, 3), calibration.trust(None, 9)):
        assert "not known" in unknown


def test_temperature_leaves_a_calibrated_forecaster_alone() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet([1.0, 1.0, 1.0], 6000).T
    truth = np.array([rng.choice(3, p=q) for q in p.T], np.uint8)
    assert calibration.fit_temperature(p, truth) == pytest.approx(1.0, abs=0.08)
    np.testing.assert_allclose(calibration.tempered(calibration.tempered(p, 3.0), 1 / 3.0), p, atol=1e-9)
    errors = calibration.class_calibration_errors(p, truth)
    assert max(errors) < 0.03
    assert calibration.class_calibration_errors(p, np.minimum(truth, 1))[1] is None


def test_the_error_after_a_temperature_is_of_the_same_voxels() -> None:
    """Half of the voxels are easy, at .06; T = .5 takes them under .05, and they still count."""
    rng = np.random.default_rng(5)
    foreground = np.r_[np.full(4000, 0.06), np.tile([0.35, 0.65], 2000)]
    hit = rng.random(foreground.size) < np.r_[np.full(4000, 0.06), np.tile([0.2, 0.8], 2000)]
    p, truth = np.stack([1 - foreground, foreground]), hit.astype(np.uint8)
    (before,), (after,) = (calibration.class_calibration_errors(p, truth, t) for t in (1.0, 0.5))
    assert before == pytest.approx(0.075, abs=0.01)
    assert after == pytest.approx(0.04, abs=0.01)
    moved = calibration.tempered(p, 0.5)
    assert calibration.relevant(moved, truth).sum() < foreground.size, "by its own probability fewer voxels count"


def test_relevant_voxels_are_possible_or_true_foreground() -> None:
    p = np.array([[0.99, 0.9, 0.99, 0.99], [0.01, 0.1, 0.01, 0.01]])
    assert calibration.relevant(p, np.array([0, 0, 1, 255], np.uint8)).tolist() == [False, True, True, False]


def test_risk_falls_as_doubtful_voxels_are_left_out_and_weights_count() -> None:
    doubt, wrong = np.array([0.1, 0.2, 0.3]), np.array([False, False, True])
    assert calibration.risk_coverage(doubt, wrong, np.array([1.0, 1.0, 2.0]), points=2) == [[0.5, 0.0], [1.0, 0.5]]
    assert calibration.reliability(np.zeros(0), np.zeros(0, bool)) == []
