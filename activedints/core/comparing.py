"""Is one strategy better than another: area under the budget curve, paired differences over seeds, and the sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean, stdev

import numpy as np
from scipy import stats

from activedints.core.errors import InvalidSettings

Curve = Sequence[tuple[float, float]]
"""(cost so far, Dice) per cycle, cost rising."""
CONTROL = "foreground-random"
WORDS = {"foreground-random": "foreground-aware random", "random": "random"}


class Missing(Enum):
    """Why two strategies cannot be compared, with the cure."""

    CONTROL = "that control was not run"
    CONTROL_END = "that control has not finished any seed that {strategy} has: go on with the study"
    END = "{strategy} has not finished any seed: go on with the study"


@dataclass(frozen=True)
class Difference:
    """Mean paired difference over ``n`` seeds with its 95 % interval; no interval for a single seed."""

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def above_zero(self) -> bool:
        return self.low is not None and self.low > 0


def area(curve: Curve, low: float | None = None, high: float | None = None) -> float:
    """Mean height of a curve between two costs, by trapezoids: the area under the budget curve over its width.

    >>> area([(2, 0.4), (4, 0.6), (6, 0.6)])
    0.55
    """
    costs, dice = (np.array(column, np.float64) for column in zip(*curve))
    start, end = costs[0] if low is None else low, costs[-1] if high is None else high
    if end <= start:
        return float(np.interp(start, costs, dice))
    places = np.unique(np.concatenate([[start, end], costs[(costs > start) & (costs < end)]]))
    heights = np.interp(places, costs, dice)
    return float(((heights[1:] + heights[:-1]) / 2 * np.diff(places)).sum() / (end - start))


def areas(curves: Mapping[int, Curve], others: Mapping[int, Curve]) -> list[float]:
    """Difference of the areas of two arms, seed by seed, over the costs that both reached."""
    found = []
    for seed in sorted(set(curves) & set(others)):
        mine, theirs = curves[seed], others[seed]
        low, high = max(mine[0][0], theirs[0][0]), min(mine[-1][0], theirs[-1][0])
        found.append(area(mine, low, high) - area(theirs, low, high))
    return found


def paired(differences: Sequence[float], level: float = 0.95) -> Difference:
    """Mean and Student's t interval of paired differences.

    >>> found = paired([0.01, 0.03, 0.02])
    >>> round(found.mean, 3), round(found.low, 4), round(found.high, 4), found.n
    (0.02, -0.0048, 0.0448, 3)
    """
    n = len(differences)
    if not n:
        raise InvalidSettings("No seed was run for both strategies, so they cannot be compared; run one for both.")
    mean = fmean(differences)
    if n == 1:
        return Difference(mean, None, None, 1)
    half = float(stats.t.ppf(0.5 + level / 2, n - 1)) * stdev(differences) / n**0.5
    return Difference(mean, mean - half, mean + half, n)


def sentence(strategy: str, cycles: int, found: Difference | Missing, control: str = CONTROL) -> str:
    """What may be said of a strategy against a control, and no more.

    >>> sentence("entropy", 3, Difference(0.021, -0.004, 0.046, 5))
    'After 3 cycles entropy has not beaten foreground-aware random (difference +0.021, 95 % interval [-0.004, +0.046], \
5 seeds).'
    """
    against = WORDS.get(control, control)
    after = f"After {cycles} cycle{'s' if cycles != 1 else ''}"
    if isinstance(found, Missing):
        return (
            f"{after} nobody can say whether {strategy} has beaten {against}: {found.value.format(strategy=strategy)}."
        )
    if found.low is None or found.high is None:
        return (
            f"{after} nobody can say whether {strategy} has beaten {against}: one seed gives no interval "
            f"(difference {found.mean:+.3f})."
        )
    verb = "has" if found.above_zero else "has not"
    return (
        f"{after} {strategy} {verb} beaten {against} (difference {found.mean:+.3f}, 95 % interval "
        f"[{found.low:+.3f}, {found.high:+.3f}], {found.n} seeds)."
    )


def band(values: Sequence[float], seed: int = 0, draws: int = 2000) -> tuple[float, float] | None:
    """95 % bootstrap interval of a mean over seeds; None for fewer than two."""
    if len(values) < 2:
        return None
    column = np.asarray(values, np.float64)
    picks = np.random.default_rng(seed).integers(len(column), size=(draws, len(column)))
    low, high = np.percentile(column[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
