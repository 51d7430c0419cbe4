import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activedints.core.score import REDUCTIONS, Draft, case_scores, ordinal, reason, self_dice_doubt, uncertain_spots

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
VOXEL_ML = 0.008


def maps(seed: int = 0, size: int = 6):
    random = np.random.default_rng(seed)
    brain = np.zeros((size,) * 3, bool)
    brain[1:-1, 1:-1, 1:-1] = True
    measure = random.uniform(0, 1, brain.shape) * brain
    probability = random.dirichlet([1, 1, 1], brain.shape).transpose(3, 0, 1, 2)
    return measure, probability, brain


def test_per_predicted_volume_by_hand():
    brain = np.ones((1, 1, 2), bool)
    measure, probability = np.array([[[0.5, 0.25]]]), np.array([[[[0.0, 1.0]]], [[[1.0, 0.0]]]])
    # (0.75 voxels of doubt) / (1 voxel found + 1 mL of softness)
    expected = 0.75 * 0.008 / (1 * 0.008 + 1.0)
    assert REDUCTIONS["per_predicted_volume"](measure, Draft(probability, brain, VOXEL_ML)) == pytest.approx(expected)


@pytest.mark.parametrize("name", REDUCTIONS)
@given(seed=st.integers(0, 50), pad=st.integers(1, 4))
def test_no_reduction_is_changed_by_air_around_the_brain(name, seed, pad):
    measure, probability, brain = maps(seed)
    air = np.pad(probability, [(0, 0)] + [(pad, pad)] * 3)
    air[0] += air.sum(axis=0) == 0
    before = REDUCTIONS[name](measure, Draft(probability, brain, VOXEL_ML))
    wider = Draft(air, np.pad(brain, pad), VOXEL_ML)
    assert REDUCTIONS[name](np.pad(measure, pad), wider) == pytest.approx(before)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_scan_without_brain_scores_zero(name):
    nothing = np.zeros((2, 2, 2))
    assert REDUCTIONS[name](nothing, Draft(np.stack([nothing + 1, nothing]), nothing > 0, VOXEL_ML)) == 0.0


def test_the_mean_over_the_draft_counts_every_label_alike_and_a_missing_one_by_its_likeliest_voxel():
    probability = np.zeros((4, 1, 1, 4))
    probability[1, 0, 0, :3] = 0.9  # the large label, three voxels
    probability[2, 0, 0, 3] = 0.8
    probability[3, 0, 0, 1] = 0.05  # drafted nowhere, likeliest in the second voxel
    probability[0] = 1 - probability[1:].sum(axis=0)
    measure = np.array([[[0.1, 0.2, 0.3, 0.8]]])
    found = REDUCTIONS["over_draft"](measure, Draft(probability, np.ones((1, 1, 4), bool), VOXEL_ML))
    assert found == pytest.approx(((0.1 + 0.2 + 0.3) / 3 + 0.8 + 0.2) / 3)


def test_the_mean_over_the_draft_does_not_grow_with_the_tumour():
    def tumour(size):
        probability = np.zeros((2, 8, 8, 8))
        probability[1, :size, :size, :size] = 0.9
        probability[0] = 1 - probability[1]
        return Draft(probability, np.ones((8, 8, 8), bool), VOXEL_ML)

    measure = np.full((8, 8, 8), 0.3)
    assert REDUCTIONS["over_draft"](measure, tumour(2)) == pytest.approx(REDUCTIONS["over_draft"](measure, tumour(6)))


def test_a_sure_prediction_has_no_expected_dice_loss_and_an_unsure_one_has():
    brain = np.ones((4, 4, 4), bool)
    sure = np.zeros((2, 4, 4, 4))
    sure[1, :2] = 1
    sure[0, 2:] = 1
    assert self_dice_doubt(sure, brain) == 0.0
    unsure = np.where(sure > 0, 0.6, 0.4)
    # 2 * .6 * 32 / (.6 * 32 + .4 * 32 + 32)
    assert self_dice_doubt(unsure, brain) == pytest.approx(1 - 2 * 0.6 * 32 / 64)


def test_case_scores_name_measure_and_reduction():
    measure, probability, brain = maps()
    scores = case_scores({"entropy": measure, "variance": measure}, probability, brain, AFFINE)
    assert {"entropy/over_draft", "entropy/per_predicted_volume", "variance/top_fraction", "expected_dice_loss"} <= set(
        scores
    )
    assert all(np.isfinite(v) for v in scores.values())


def test_spots_are_found_ranked_and_named():
    measure = np.zeros((10, 10, 10))
    measure[1:4, 1:4, 1:3] = 0.9
    measure[1, 1, 1] = 1.0
    measure[6:9, 6:9, 6:9] = 0.8
    probability = np.zeros((3, 10, 10, 10))
    probability[1, :5], probability[2, 5:] = 1, 1
    brain = np.ones((10, 10, 10), bool)
    spots = uncertain_spots(measure, probability, brain, AFFINE, ("background", "edema", "core"))
    assert [s.label for s in spots] == ["core", "edema"]
    assert spots[0].millilitres == pytest.approx(27 * VOXEL_ML)
    assert spots[0].mm == (14.0, 14.0, 14.0)  # its middle voxel


def test_a_spot_stands_where_most_of_it_is_and_not_at_its_most_uncertain_end():
    measure = np.zeros((12, 5, 5))
    measure[1, 2, 2], measure[2:7, 2, 2], measure[7:11, 1:4, 1:4] = 1.0, 0.6, 0.8  # a thin arm from the other side
    probability = np.stack([np.zeros((12, 5, 5)), np.ones((12, 5, 5))])
    (spot,) = uncertain_spots(measure, probability, np.ones((12, 5, 5), bool), np.eye(4), ("background", "edema"))
    assert spot.mm == (8.0, 2.0, 2.0)
    bent = np.zeros((12, 12, 2))
    bent[:, 0], bent[0, :] = 1.0, 1.0  # its mean lies outside of it
    two = np.stack([1 - bent, bent])
    (spot,) = uncertain_spots(bent, two, np.ones((12, 12, 2), bool), np.eye(4), ("background", "edema"))
    assert bent[tuple(int(v) for v in spot.mm)] == 1.0


def test_specks_are_left_out_unless_there_is_nothing_else():
    brain = np.ones((12, 12, 12), bool)
    probability = np.zeros((2, 12, 12, 12))
    speck = np.zeros((12, 12, 12))
    speck[9, 9, 9] = 1.0
    names = ("background", "edema")
    assert len(uncertain_spots(speck, probability, brain, AFFINE, names)) == 1
    both = speck.copy()
    both[1:4, 1:4, 1:4] = 0.9
    (spot,) = uncertain_spots(both, probability, brain, AFFINE, names)
    assert spot.millilitres == pytest.approx(27 * VOXEL_ML)
    assert "0.2 mL of doubt in one place" in reason(1, 3, [spot])


def test_a_certain_map_has_no_spots():
    measure, probability, brain = maps()
    assert uncertain_spots(measure * 0, probability, brain, AFFINE, ("background", "a", "b")) == []


def test_reason_in_plain_words():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 22, 113)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "22nd",
        "113th",
    ]
    assert reason(2, 41, [], "drawn at random") == "2nd of 41: drawn at random"
    assert "sure of every voxel" in reason(1, 1, [])
