"""When to stop: a forecast of Dice from the curve so far, and rules that advise and never act.

The forecast is a falling power law, Dice(n) = a - b n^-c (learning curves: Figueroa et al., BMC Medical Informatics and
Decision Making 2012), fitted for many exponents c by least squares; its interval is the spread of the fits that leave
one point out together with the residuals.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST_POINTS = 4
"""Points of a curve under which nothing is forecast."""
EXPONENTS = np.linspace(0.1, 2.0, 39)
PLATEAU = 0.01
"""Gain in Dice over the last cycles that is called none."""
PLATEAU_CYCLES = 3
STABLE = 0.97
"""Mean Dice of a draft with the one of the cycle before, from which predictions are called stable."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Forecast:
    """Dice expected after ``amount`` (cases or minutes) in all, with a 95 % interval."""

    amount: float
    dice: float
    low: float
    high: float


@dataclass(frozen=True)
class Advice:
    """One rule's word: whether it would stop, and why in a sentence."""

    rule: str
    stop: bool
    sentence: str


def _fit(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    """a, b >= 0, c and the residual's standard deviation."""
    best: tuple[float, float, float, float] | None = None
    for c in EXPONENTS:
        column = x**-c
        spread = column - column.mean()
        b = max(0.0, -float((spread * (y - y.mean())).sum() / (spread**2).sum()))
        a = min(1.0, float(y.mean() + b * column.mean()))
        rest = float(np.sqrt(((y - (a - b * column)) ** 2).mean()))
        if best is None or rest < best[3] - 1e-12:
            best = a, b, float(c), rest
    assert best is not None
    return best


def forecast(points: Points, amounts: Sequence[float]) -> list[Forecast]:
    """Dice at each amount, from (amount, Dice) so far; empty for fewer than FEWEST_POINTS different amounts."""
    x = np.array([max(amount, 1e-6) for amount, _ in points], np.float64)
    y = np.array([dice for _, dice in points], np.float64)
    if len(np.unique(x)) < FEWEST_POINTS:
        return []
    a, b, c, rest = _fit(x, y)
    others = [_fit(np.delete(x, i), np.delete(y, i)) for i in range(len(x))]
    found = []
    for amount in amounts:
        middle = a - b * amount**-c
        values = np.array([p - q * amount**-r for p, q, r, _ in others])
        jackknife = float(np.sqrt((len(x) - 1) / len(x) * ((values - values.mean()) ** 2).sum()))
        half = 1.96 * float(np.hypot(jackknife, rest))
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        found.append(Forecast(float(amount), float(np.clip(middle, 0, 1)), low, high))
    return found


def advise(
    dice: Sequence[float], agreements: Sequence[float | None], spent: float, planned: float | None, unit: str
) -> list[Advice]:
    """What each rule says after the cycles so far: ``dice`` of the calibration cases (a decision never reads the
    holdout), ``agreements`` between consecutive cycles' drafts of the pool."""
    found = []
    if planned is not None:
        over = spent >= planned
        words = "is spent" if over else "is not spent"
        found.append(Advice("budget", over, f"The planned budget of {planned:g} {unit} {words} ({spent:g} so far)."))
    if len(dice) > PLATEAU_CYCLES:
        gain = dice[-1] - dice[-1 - PLATEAU_CYCLES]
        flat = gain < PLATEAU
        words = "a plateau" if flat else "still rising"
        found.append(Advice("plateau", flat, f"Dice changed by {gain:+.3f} in {PLATEAU_CYCLES} cycles: {words}."))
    known = [value for value in agreements if value is not None]
    if known:
        stable = known[-1] >= STABLE
        words = "stable" if stable else "still changing"
        found.append(
            Advice("stabilised", stable, f"Drafts agree with the last cycle's by Dice {known[-1]:.3f}: {words}.")
        )
    return found
