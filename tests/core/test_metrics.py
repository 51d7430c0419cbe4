"""Metrics by hand, then invariants, then against a naive oracle, MONAI and SimpleITK."""

import doctest
import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from activedints.core import metrics
from activedints.core.errors import InvalidGeometry, InvalidLabels
from activedints.core.metrics import ANY_FOREGROUND, confusion, evaluate, summarise, surface, surface_distances
from activedints.core.settings import LabelSet

LABELS = LabelSet((0, 1, 4), ("background", "edema", "core"))
ISO = (1.0, 1.0, 1.0)


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(metrics).failed == 0


def cube(lo: int, hi: int, value: int = 1, size: int = 10) -> np.ndarray:
    array = np.zeros((size, size, size), np.uint8)
    array[lo:hi, 2:6, 2:6] = value
    return array


def test_by_hand() -> None:
    truth, guess = cube(2, 6), cube(3, 7)  # 4 x 4 x 4 voxels, one step apart along x
    found = evaluate(truth, guess, LABELS, (2.0, 1.0, 1.0))
    edema = found.labels["edema"]
    assert edema.dice == 2 * 48 / 128
    assert edema.hd95_mm == 2.0  # the far faces lie one voxel of 2 mm apart
    assert edema.reference_ml == edema.predicted_ml == 64 * 2 / 1000
    assert edema.false_positive_ml == 16 * 2 / 1000
    assert found.any_foreground == edema
    assert found.annotated_voxels == 1000


def test_surface_distances_by_hand() -> None:
    one, other = np.zeros((2, 8, 4, 4), bool)
    one[1, 1, 1] = other[4, 1, 1] = other[4, 3, 1] = True
    there, back = surface_distances(one, other, (2.0, 1.0, 1.0))
    assert there.tolist() == [6.0]
    assert back.tolist() == [6.0, np.hypot(6, 2)]
    assert metrics.mean_surface_distance(there, back) == pytest.approx((12 + np.hypot(6, 2)) / 3)
    assert surface(np.ones((3, 3, 3), bool)).sum() == 26


def test_where_a_label_is_absent() -> None:
    nothing = np.zeros((10, 10, 10), np.uint8)
    core_missed = evaluate(cube(2, 6) + cube(7, 9, 4), cube(2, 6), LABELS, ISO)
    assert (core_missed.labels["core"].dice, core_missed.labels["core"].hd95_mm) == (0.0, None)
    core_invented = evaluate(cube(2, 6), cube(2, 6) + cube(7, 9, 4), LABELS, ISO).labels["core"]
    assert (core_invented.dice, core_invented.hd95_mm, core_invented.false_positive_ml) == (0.0, None, 0.032)
    both_empty = evaluate(cube(2, 6), cube(2, 6), LABELS, ISO).labels["core"]
    assert (both_empty.dice, both_empty.hd95_mm, both_empty.false_positive_ml) == (None, None, 0.0)
    healthy = evaluate(nothing, cube(2, 6), LABELS, ISO)
    assert healthy.healthy
    assert (healthy.any_foreground.dice, healthy.any_foreground.false_positive_ml) == (None, 0.064)
    assert healthy.labels["edema"].dice is None


def test_ignore_counts_for_nothing() -> None:
    truth = cube(2, 6)
    truth[5:] = 255  # nobody looked there
    found = evaluate(truth, cube(2, 9), LABELS, ISO)
    assert found.any_foreground.dice == 1.0
    assert found.any_foreground.false_positive_ml == 0.0
    assert found.any_foreground.hd95_mm == 0.0
    assert found.annotated_voxels == 500
    unseen = evaluate(np.full_like(truth, 255), cube(2, 9), LABELS, ISO)
    assert unseen.any_foreground.dice is None
    assert unseen.any_foreground.false_positive_ml == 0.0


def test_means_carry_their_n_and_leave_null_out() -> None:
    cases = [
        evaluate(cube(2, 6), cube(2, 6), LABELS, ISO),
        evaluate(cube(2, 6) + cube(7, 9, 4), cube(3, 7), LABELS, ISO),
        evaluate(np.zeros((10, 10, 10), np.uint8), cube(2, 6), LABELS, ISO),
    ]
    found = summarise(cases)
    assert list(found) == ["edema", "core", ANY_FOREGROUND]
    assert found["edema"]["dice"] == {"mean": (1 + 0.75) / 2, "n": 2}
    assert found["core"]["dice"] == {"mean": 0.0, "n": 1}
    assert found["core"]["hd95_mm"] == {"mean": None, "n": 0}
    assert found[ANY_FOREGROUND]["false_positive_ml"]["n"] == 3
    assert json.loads(json.dumps(found)) == found
    assert summarise([])[ANY_FOREGROUND]["dice"] == {"mean": None, "n": 0}


def test_refused() -> None:
    with pytest.raises(InvalidGeometry, match=r"\(10, 10, 10\); it has \(9, 9, 9\)"):
        evaluate(cube(2, 6), cube(2, 6, size=9), LABELS, ISO)
    with pytest.raises(InvalidLabels, match=r"\[2\]"):
        evaluate(cube(2, 6), cube(2, 6, 2), LABELS, ISO)
    with pytest.raises(InvalidGeometry, match="shape"):
        confusion(np.zeros(3), np.zeros(4), 2)


maps = hnp.arrays(np.uint8, (5, 4, 6), elements=st.sampled_from((0, 0, 0, 1, 4)))
sizes = st.tuples(*[st.floats(0.3, 5.0)] * 3)


@settings(max_examples=60, deadline=None)
@given(maps, maps, sizes)
def test_invariants(truth: np.ndarray, guess: np.ndarray, spacing: tuple[float, float, float]) -> None:
    forth, back = evaluate(truth, guess, LABELS, spacing), evaluate(guess, truth, LABELS, spacing)
    flipped = evaluate(truth[::-1, :, ::-1], guess[::-1, :, ::-1], LABELS, spacing)
    same = evaluate(truth, truth, LABELS, spacing)
    for name in LABELS.foreground:
        a, b, c, d = (m.labels[name] for m in (forth, back, flipped, same))
        assert a.hd95_mm == pytest.approx(b.hd95_mm)
        assert a.hd95_mm == pytest.approx(c.hd95_mm)
        assert (d.hd95_mm, d.dice) in ((0.0, 1.0), (None, None))
        if truth.any() and guess.any():
            assert a.dice == b.dice
        if a.assd_mm is not None:
            assert a.assd_mm >= 0
            assert a.dice is not None
            assert (a.dice == 1) == (a.assd_mm == 0) or a.dice < 1


@settings(max_examples=60, deadline=None)
@given(maps, maps, sizes)
def test_naive_oracle(truth: np.ndarray, guess: np.ndarray, spacing: tuple[float, float, float]) -> None:
    mine, theirs = set(map(tuple, np.argwhere(truth == 4))), set(map(tuple, np.argwhere(guess == 4)))
    found = evaluate(truth, guess, LABELS, spacing).labels["core"]
    if truth.any() and (mine or theirs):
        assert found.dice == pytest.approx(2 * len(mine & theirs) / (len(mine) + len(theirs)))
    table = confusion(LABELS.index_of(truth), LABELS.index_of(guess), 3)
    assert table[2, 2] == len(mine & theirs)
    assert table.sum() == truth.size

    def border(voxels: set) -> np.ndarray:
        steps = np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)])
        return np.array([v for v in voxels if any(tuple(np.add(v, s)) not in voxels for s in steps)])

    if mine and theirs:
        a, b = border(mine) * spacing, border(theirs) * spacing
        far = np.linalg.norm(a[:, None] - b[None], axis=-1)
        there, back = far.min(1), far.min(0)
        assert found.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
        assert found.assd_mm == pytest.approx((there.sum() + back.sum()) / (there.size + back.size))


def test_against_simpleitk() -> None:
    import SimpleITK as sitk

    rng = np.random.default_rng(4)
    truth, guess = (rng.random((2, 20, 18, 16)) < 0.02).astype(np.uint8)
    spacing = (1.5, 0.8, 3.0)
    images = [sitk.GetImageFromArray(a.T.copy()) for a in (truth, guess)]
    for picture in images:
        picture.SetSpacing(spacing)
    overlap = sitk.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    found = evaluate(truth, guess, LABELS, spacing).any_foreground
    assert found.dice == pytest.approx(overlap.GetDiceCoefficient())
    there, back = surface_distances(truth > 0, guess > 0, spacing)
    hausdorff = sitk.HausdorffDistanceImageFilter()
    hausdorff.Execute(*images)
    assert max(there.max(), back.max()) == pytest.approx(hausdorff.GetHausdorffDistance(), abs=1e-4)


@pytest.mark.slow
def test_against_monai() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

        zyx = np.indices((24, 22, 20))
        truth, guess = (
            sum(((g - c) / r) ** 2 for g, c, r in zip(zyx, centre, (6, 5, 7))) < 1
            for centre in ((11, 10, 9), (12, 11, 12))
        )
        spacing = (1.0, 2.0, 1.5)
        pair = [torch.from_numpy(m[None, None].astype(np.float32)) for m in (guess, truth)]
        hd95 = compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=spacing)
        assd = compute_average_surface_distance(*pair, include_background=True, symmetric=True, spacing=spacing)
    found = evaluate(truth.astype(np.uint8), guess.astype(np.uint8), LABELS, spacing).any_foreground
    assert found.hd95_mm == pytest.approx(float(hd95), rel=1e-5)
    assert found.assd_mm == pytest.approx(float(assd), rel=1e-5)
