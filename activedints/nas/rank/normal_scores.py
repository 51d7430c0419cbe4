"""Ranks as normal scores: a scale on which every accuracy, however skewed, is Gaussian."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

Values = npt.NDArray[np.floating]


def normal_scores(values: Values) -> Values:
    """Standard normal quantile of each value's mid-rank, ``(rank - 0.5) / n``; equal values get equal scores.

    >>> normal_scores(np.array([10.0, 90.0, 50.0])).round(2).tolist()
    [-0.97, 0.97, 0.0]
    """
    return ndtri((rankdata(values) - 0.5) / len(values))


@dataclass(frozen=True)
class NormalScale:
    """The map between an accuracy and its normal score, learned from the training accuracies only."""

    accuracies: Values
    scores: Values

    @staticmethod
    def learn(accuracies: Values) -> "NormalScale":
        """``accuracies`` (architecture,), at least two different ones."""
        values, first = np.unique(accuracies, return_index=True)
        return NormalScale(values, normal_scores(np.asarray(accuracies, float))[first])

    def score(self, accuracies: Values) -> Values:
        """Accuracy -> score, linear between the training accuracies and beyond both ends."""
        return _line(accuracies, self.accuracies, self.scores)

    def accuracy(self, scores: Values) -> Values:
        """Score -> accuracy, the inverse of ``score``."""
        return _line(scores, self.scores, self.accuracies)


def _line(x: Values, xs: Values, ys: Values) -> Values:
    """Piecewise linear interpolation that goes on beyond the ends with a tenth of the points' mean slope there."""
    reach = max(len(xs) // 10, 1)
    y = np.interp(x, xs, ys)
    low = (ys[reach] - ys[0]) / (xs[reach] - xs[0])
    high = (ys[-1] - ys[-1 - reach]) / (xs[-1] - xs[-1 - reach])
    return y + np.minimum(x - xs[0], 0) * low + np.maximum(x - xs[-1], 0) * high
