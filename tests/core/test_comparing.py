"""Curves, paired differences and the sentence: by hand, invariants, scipy as the oracle."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from activedints.core import comparing, label_errors, region, score_choice, stopping
from activedints.core.comparing import Difference, Missing, area, areas, band, paired, sentence
from activedints.core.errors import InvalidSettings
from activedints.core.label_errors import folds, suspicion
from activedints.core.region import box_scores, only_inside, tiles, voxels, window
from activedints.core.score_choice import choose_reduction, fit_score, partial_spearman, score_table, spearman
from activedints.core.stopping import advise, forecast


@pytest.mark.parametrize("module", [comparing, label_errors, region, score_choice, stopping])
def test_docstring_examples(module):
    assert doctest.testmod(module).failed == 0


def test_area_between_two_costs_by_hand():
    curve = [(0, 0.0), (2, 0.4), (4, 0.4)]
    assert area(curve) == pytest.approx((0.4 + 0.8) / 4)
    assert area(curve, 1, 3) == pytest.approx(((0.2 + 0.4) / 2 + 0.4) / 2)
    assert area([(3, 0.7)]) == 0.7


def test_arms_are_compared_over_the_costs_that_both_reached():
    mine = {0: [(0, 0.2), (4, 0.6)], 1: [(0, 0.5), (4, 0.5)]}
    theirs = {0: [(0, 0.2), (2, 0.2)], 2: [(0, 0.0), (2, 0.0)]}
    assert areas(mine, theirs) == [pytest.approx(0.3 - 0.2)]


@settings(max_examples=30)
@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=12))
def test_the_interval_is_students(differences):
    found = paired(differences)
    assert found.low <= found.mean + 1e-12
    if np.std(differences) > 1e-6:
        low, high = stats.t.interval(0.95, len(differences) - 1, np.mean(differences), stats.sem(differences))
        assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.above_zero == (found.low > 0)
    assert paired([-d for d in differences]).high == pytest.approx(-found.low)


def test_the_sentence_says_what_is_known_and_no_more():
    assert "entropy has beaten" in sentence("entropy", 2, Difference(0.1, 0.05, 0.15, 5))
    assert "has not beaten" in sentence("entropy", 2, Difference(0.1, -0.01, 0.2, 5))
    assert "has not beaten" in sentence("entropy", 2, Difference(-0.1, -0.2, -0.05, 5))
    assert "one seed gives no interval" in sentence("entropy", 2, paired([0.3]))
    assert "that control was not run" in sentence("entropy", 1, Missing.CONTROL)
    assert "that control has not finished any seed that entropy has" in sentence("entropy", 1, Missing.CONTROL_END)
    assert "random: entropy has not finished any seed" in sentence("entropy", 1, Missing.END)
    assert sentence("entropy", 1, Missing.CONTROL).startswith("After 1 cycle nobody")
    with pytest.raises(InvalidSettings, match="No seed was run for both"):
        paired([])


def test_a_band_needs_two_seeds_and_holds_the_mean():
    assert band([0.5]) is None
    low, high = band([0.4, 0.5, 0.6])
    assert 0.4 <= low < 0.5 < high <= 0.6


def test_partial_correlation_sees_through_size():
    """A Score that only sorts by size has nothing left once size is known."""
    rng = np.random.default_rng(0)
    volume = rng.uniform(1, 100, 200)
    error = -np.log(volume) + rng.normal(0, 0.5, 200)
    by_size, knows = -np.log(volume) + rng.normal(0, 0.3, 200), error + rng.normal(0, 0.1, 200)
    assert spearman(by_size, error) > 0.7
    assert abs(partial_spearman(by_size, error, np.log(volume))) < 0.2
    assert partial_spearman(knows, error, np.log(volume)) > 0.8
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert spearman([1, 2], [1, 2]) is None


def test_the_table_names_negative_scores_and_keeps_size_among_them():
    rows = [{"good": float(i), "bad": -float(i), "minus_log_predicted_ml": 1.0 * (i % 3)} for i in range(8)]
    table = score_table(rows, [float(i) for i in range(8)], [1.0, 5, 2, 9, 3, 3, 8, 1])
    assert [row["score"] for row in table] == ["good", "minus_log_predicted_ml", "bad"]
    assert table[-1]["warning"] == "ranks the best cases first"
    assert table[0]["spearman"] == pytest.approx(1)


def test_a_reduction_is_chosen_only_where_it_surely_ranks_better():
    errors = [float(i) for i in range(12)]
    rows = [{"entropy/a": -float(i), "entropy/b": float(i)} for i in range(12)]
    assert choose_reduction(rows, errors, ("a", "b"), "a")[0] == "b"
    assert choose_reduction(rows, errors, ("a", "b"), "b")[0] == "b"
    chosen, words = choose_reduction(rows[:3], errors[:3], ("a", "b"), "a")
    assert (chosen, "4 are needed" in words) == ("a", True)
    rng = np.random.default_rng(1)
    noise = [{"entropy/a": rng.normal(), "entropy/b": rng.normal()} for _ in range(6)]
    assert choose_reduction(noise, errors[:6], ("a", "b"), "a")[0] == "a"


def test_a_fitted_score_follows_the_errors_it_was_given():
    rng = np.random.default_rng(0)
    names = ("x", "y")
    rows = [{"x": rng.normal(), "y": rng.normal()} for _ in range(30)]
    errors = [0.5 + 0.1 * row["x"] for row in rows]
    found = fit_score(rows, errors, names, ridge=1e-6)
    assert found.of({"x": 1.0, "y": 5.0}) == pytest.approx(0.6, abs=1e-3)
    assert fit_score(rows[:3], errors[:3], names) is None


def test_boxes_tile_the_brain_without_overlap():
    brain = np.zeros((40, 30, 20), bool)
    brain[4:36, 3:27, 2:18] = True
    boxes = tiles(brain, 16)
    seen = np.zeros(brain.shape, int)
    for box in boxes:
        seen[window(box)] += 1
    assert (seen[brain] == 1).all()
    assert seen.max() == 1
    assert sum(voxels(box) for box in boxes) == brain.sum()
    assert tiles(brain & False, 8) == []
    with pytest.raises(InvalidSettings, match="side of 2"):
        tiles(brain, 1)


def test_box_scores_by_hand_and_air_rewards_nothing():
    brain = np.zeros((4, 2, 2), bool)
    brain[:2] = True
    entropy = np.ones(brain.shape)
    probability = np.zeros((2, *brain.shape))
    probability[0], probability[1] = 0.25, 0.75
    rows = box_scores(
        {"entropy": entropy}, probability, brain, [((0, 0, 0), (2, 2, 2)), ((0, 0, 0), (4, 2, 2))], ("a",), 2
    )
    assert rows[0]["entropy/box"] == 1.0
    assert rows[1]["entropy/box"] == 0.5
    assert rows[0]["class_entropy:a/box"] == 0.75
    assert rows[0]["foreground_ml"] == 16.0
    assert (only_inside(np.zeros((4, 2, 2), np.uint8), [((1, 0, 0), (2, 2, 2))]) == 255).sum() == 12


def test_the_forecast_finds_a_power_law_and_says_nothing_of_three_points():
    points = [(n, 0.9 - 0.8 * n**-0.7) for n in (2, 4, 6, 8, 12)]
    (found,) = forecast(points, [40])
    assert found.dice == pytest.approx(0.9 - 0.8 * 40**-0.7, abs=0.01)
    assert found.low <= found.dice <= found.high
    assert forecast(points[:3], [40]) == []
    rng = np.random.default_rng(0)
    noisy = [(n, dice + rng.normal(0, 0.05)) for n, dice in points]
    (wide,) = forecast(noisy, [40])
    assert wide.high - wide.low > found.high - found.low


def test_stopping_rules_advise_each_in_a_sentence():
    said = {a.rule: a for a in advise([0.5, 0.7, 0.702, 0.703, 0.704], [None, 0.99], 10, 12, "volumes")}
    assert (said["budget"].stop, said["plateau"].stop, said["stabilised"].stop) == (False, True, True)
    assert "is not spent (10 so far)" in said["budget"].sentence
    early = {a.rule: a.stop for a in advise([0.5, 0.6], [0.7], 12, 12, "volumes")}
    assert early == {"budget": True, "stabilised": False}
    assert advise([], [], 0, None, "volumes") == []


def lesion(shift=0, hard=0.0, seed=0):
    """A ball's true label, a model's honest probability of it, and the brain."""
    grid = np.indices((24, 24, 24)) - 11.5
    distance = np.sqrt(((grid - np.array([shift, 0, 0])[:, None, None, None]) ** 2).sum(0))
    sure = 1 / (1 + np.exp((distance - 6) * (0.4 if hard else 3)))
    label = (np.random.default_rng(seed).random(sure.shape) < sure).astype(np.uint8)
    return np.stack([1 - sure, sure]), label, np.ones(sure.shape, bool)


def excess(probability, label, brain):
    return suspicion(probability, label, brain, (2.0, 2.0, 2.0), ("core",)).excess


def test_a_wrong_label_is_more_suspicious_than_an_honest_hard_case():
    probability, label, brain = lesion()
    hard_probability, hard_label, _ = lesion(hard=1.0)
    shifted = np.roll(label, 3, axis=0)
    lobe = label.copy()
    lobe[:10] = 0
    honest, hard = excess(probability, label, brain), excess(hard_probability, hard_label, brain)
    assert hard < excess(probability, shifted, brain)
    assert max(honest, hard) < excess(probability, lobe, brain)
    assert hard < 0.1
    assert excess(probability * 0 + np.array([1, 0])[:, None, None, None], label * 0, brain) == 0


def test_every_case_is_in_exactly_one_fold():
    dealt = folds(list(range(11)), 4, 3)
    assert sorted(case for fold in dealt for case in fold) == list(range(11))
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1
    assert len(folds([1, 2], 5, 0)) == 2
