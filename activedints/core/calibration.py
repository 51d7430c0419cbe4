"""Does uncertainty point at error, and do probabilities mean what they say: AUROC and expected calibration error."""

from typing import Any

import numpy as np
import numpy.typing as npt

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
