"""How good a Ranking is: errors, rank agreement and regret, each a plain function of two arrays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, rankdata, t

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Agreement:
    """``mae`` in the accuracies' unit, ``mse`` in its square; ``spearman`` and ``kendall`` (tau-b) are None when all
    predictions are equal, for then there is no order to compare."""

    mae: float
    mse: float
    r2: float
    spearman: float | None
    kendall: float | None


def agreement(predicted: Values, measured: Values) -> Agreement:
    """Compare (architecture,) predictions with measurements.

    >>> agreement(np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 5.0]))
    Agreement(mae=0.6666666666666666, mse=0.6666666666666666, r2=0.75, spearman=1.0, kendall=1.0)
    """
    error = predicted - measured
    mse = float(np.mean(error**2))
    ordered = np.ptp(predicted) > 0
    return Agreement(
        mae=float(np.abs(error).mean()),
        mse=mse,
        r2=1 - mse / float(measured.var()),
        spearman=spearman(predicted, measured) if ordered else None,
        kendall=float(kendalltau(predicted, measured).statistic) if ordered else None,
    )


def spearman(first: Values, second: Values) -> float:
    """Correlation of the mid-ranks of two arrays that are not constant."""
    a, b = rankdata(first), rankdata(second)
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def honest_pick(predicted: Values, selection: Values, top: int) -> int:
    """Row of the architecture that a user would end up with: train the ``top`` best predicted, keep the one with the
    best validation accuracy among them. With ``top`` 1 nothing but the prediction decides."""
    candidates = np.argsort(-predicted, kind="stable")[:top]
    return int(candidates[np.argmax(selection[candidates])])


def regret(row: int, reported: Values) -> float:
    """How much better the pool's best architecture is than the one chosen, in the accuracies' unit."""
    return float(np.nanmax(reported) - reported[row])


def published_pick(predicted: Values, reported: Values, top: int) -> int:
    """Row of the best *reported* accuracy among the ``top`` best predicted: the published protocol, which looks at the
    accuracy that it reports and therefore can only grow with ``top``. For comparison, never for a claim."""
    candidates = np.argsort(-predicted, kind="stable")[:top]
    return int(candidates[np.nanargmax(reported[candidates])])


@dataclass(frozen=True)
class Interval:
    """Mean of ``n`` seeds with its 95 % Student interval (no interval for one seed)."""

    mean: float
    low: float | None
    high: float | None
    n: int


def over_seeds(values: list[float]) -> Interval:
    """
    >>> over_seeds([1.0, 2.0, 3.0])
    Interval(mean=2.0, low=-0.48413771175..., high=4.48413771175..., n=3)
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return Interval(mean, None, None, n)
    half = float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)
