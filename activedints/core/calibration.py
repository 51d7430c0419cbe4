"""Does uncertainty point at error, and do probabilities mean what they say: AUROC, risk and coverage, reliability,
calibration error, temperature."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from activedints.core.errors import InvalidGeometry
from activedints.core.volume import IGNORE

Floats = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]


def auroc(score: Floats, positive: Mask) -> float | None:
    """Chance that a random positive has a higher score than a random negative, ties counting half (Hanley 1982).

    Exact, O(n log n). ``None`` when there are no positives or no negatives.

    >>> auroc(np.array([0.9, 0.1, 0.5, 0.5]), np.array([True, False, True, False]))
    0.875
    """
    values, flags = np.ravel(score), np.ravel(positive).astype(bool)
    positives = int(flags.sum())
    negatives = flags.size - positives
    if not positives or not negatives:
        return None
    order = np.argsort(values, kind="stable")
    ordered, hits = values[order], flags[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])  # where each group of ties begins
    group_positives = np.add.reduceat(hits, first, dtype=np.int64)
    group_negatives = np.diff(np.r_[first, flags.size]) - group_positives
    below = np.cumsum(group_negatives) - group_negatives
    wins = float((group_positives * below).sum()) + 0.5 * float((group_positives * group_negatives).sum())
    return wins / (positives * negatives)


def error_auroc(
    uncertainty: Floats, reference: npt.NDArray[np.uint8], prediction: npt.NDArray[np.uint8], brain: Mask
) -> float | None:
    """AUROC of an UncertaintyMap against "the prediction is wrong here", over annotated voxels of the brain.

    All arrays (x, y, z); label values or class indices in reference and prediction alike. ``None`` where the
    prediction is right (or wrong) everywhere.
    """
    if not uncertainty.shape == reference.shape == prediction.shape == brain.shape:
        raise InvalidGeometry(
            "Uncertainty, reference, prediction and brain must have one shape; they have "
            f"{uncertainty.shape}, {reference.shape}, {prediction.shape}, {brain.shape}: load them from one case."
        )
    counted = brain & (reference != IGNORE)
    return auroc(uncertainty[counted], reference[counted] != prediction[counted])


def expected_calibration_error(confidence: Floats, correct: Mask, bins: int = 15) -> float | None:
    """Mean gap between confidence and accuracy over bins of equal mass (Nguyen & O'Connor 2015); None if empty.

    Equal confidences always share a bin, so that the answer does not depend on the order of voxels; where one value
    is very common (background at 1.0) there are fewer bins than asked for.

    >>> expected_calibration_error(np.array([0.8, 0.8, 0.8, 0.8, 0.8]), np.array([True, True, True, True, False]))
    0.0
    """
    values, right = np.ravel(confidence).astype(float), np.ravel(correct).astype(float)
    if not values.size:
        return None
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="left")
    counts = np.bincount(place)
    gaps = np.abs(np.bincount(place, values) - np.bincount(place, right))  # |sum of confidence - number right|
    return round(float(gaps.sum() / counts.sum()), 12)  # so that the order of summation leaves no trace


RELEVANT = 0.05
"""Foreground probability above which a voxel counts for class-wise calibration; true foreground always counts."""
TRUSTED, USELESS = 0.8, 0.6
"""AUROC of voxel error from which a map may be relied on, and under which it says nothing and diversity asks."""


def tempered(probability: Floats, temperature: float) -> Floats:
    """Probabilities (class, ...) with their logits divided by ``temperature`` (Guo et al., ICML 2017).

    >>> tempered(np.array([0.8, 0.2]), 2.0).round(4)
    array([0.6667, 0.3333])
    """
    raised = np.clip(probability, 1e-12, None) ** (1.0 / temperature)
    return np.asarray(raised / raised.sum(axis=0))


def fit_temperature(probability: Floats, truth: npt.NDArray[np.uint8], weight: Floats | None = None) -> float:
    """The temperature in [0.05, 20] of the highest likelihood. ``probability`` (class, voxel), ``truth`` (voxel,)."""
    logs = np.log(np.clip(probability.astype(np.float64), 1e-12, None))
    shares = np.ones(truth.size) if weight is None else np.asarray(weight, np.float64)
    place = truth.astype(np.int64)

    def loss(log_temperature: float) -> float:
        scaled = logs * np.exp(-log_temperature)
        likelihood = scaled[place, np.arange(place.size)] - logsumexp(scaled, axis=0)
        return -float((shares * likelihood).sum() / shares.sum())

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def relevant(probability: Floats, truth: npt.NDArray[np.uint8]) -> Mask:
    """Voxels that class-wise calibration looks at: foreground is possible, or is there. (class, ...) -> (...)."""
    return np.asarray((1 - probability[0] > RELEVANT) | ((truth > 0) & (truth != IGNORE)))


def class_calibration_errors(
    probability: Floats, truth: npt.NDArray[np.uint8], temperature: float = 1.0, bins: int = 15
) -> list[float | None]:
    """Expected calibration error of every foreground class over the relevant voxels, equal-mass bins (Nixon et al.,
    CVPR-W 2019); None for a class that no voxel has. ``probability`` (class, voxel), ``truth`` (voxel,).

    Relevance is judged before the ``temperature``: a temperature that moves easy voxels across RELEVANT would change
    what is measured, and two temperatures could not be compared.
    """
    kept = relevant(probability, truth)
    p, label = tempered(probability[:, kept], temperature), truth[kept]
    errors = [expected_calibration_error(p[c], label == c, bins) for c in range(1, p.shape[0])]
    return [error if (label == c).any() else None for c, error in enumerate(errors, start=1)]


def reliability(confidence: Floats, correct: Mask, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share correct, voxels) per bin of equal mass: the reliability diagram, lowest bin first.

    >>> reliability(np.array([0.2, 0.2, 0.9, 0.9]), np.array([False, False, True, False]), bins=2)
    [(0.2, 0.0, 2), (0.9, 0.5, 2)]
    """
    values, right = np.ravel(confidence).astype(float), np.ravel(correct).astype(float)
    if not values.size:
        return []
    place = np.searchsorted(np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])), values, side="left")
    rows = []
    for number in np.unique(place):
        mine = place == number
        rows.append((round(float(values[mine].mean()), 12), float(right[mine].mean()), int(mine.sum())))
    return rows


def risk_coverage(
    uncertainty: Floats, wrong: Mask, weight: Floats | None = None, points: int = 20
) -> list[list[float]]:
    """[coverage, risk] rows: the share of errors among the surest voxels (Geifman & El-Yaniv, NIPS 2017).

    >>> risk_coverage(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]), points=2)
    [[0.5, 0.0], [1.0, 0.5]]
    """
    order = np.argsort(np.ravel(uncertainty), kind="stable")
    shares = (np.ones(order.size) if weight is None else np.ravel(weight).astype(float))[order]
    covered, failed = np.cumsum(shares), np.cumsum(shares * np.ravel(wrong)[order])
    rows = []
    for coverage in np.linspace(0, 1, points + 1)[1:]:
        place = min(int(np.searchsorted(covered, coverage * covered[-1] - 1e-9)), order.size - 1)
        rows.append([float(coverage), float(failed[place] / covered[place])])
    return rows


def trust(auroc_of_errors: float | None, cases: int, fewest: int = 4) -> str:
    """What a reader may think of the uncertainty map, in one sentence, from ``cases`` calibration cases."""
    if auroc_of_errors is None or cases < fewest:
        return (
            f"Whether the uncertainty map points at errors is not known: {cases} measured calibration case(s), "
            f"{fewest} are needed; nothing is fitted."
        )
    figure = f"(AUROC of voxel errors {auroc_of_errors:.3f}, {cases} calibration cases)"
    if auroc_of_errors < USELESS:
        return f"Do not trust the uncertainty map yet: it does not point at errors {figure}; diversity asks instead."
    if auroc_of_errors < TRUSTED:
        return f"The uncertainty map points at errors weakly {figure}: look elsewhere too."
    return f"The uncertainty map points at errors {figure}."
