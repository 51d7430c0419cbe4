"""Does a Score put the worst cases first: rank correlation with the true error, and what is left of it beyond size.

The true error of a case is 1 - mean class Dice. Small lesions are harder, so a Score that only sorts by size looks
good; the partial correlation given the log of the true volume says what it knows beyond that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]

FEWEST = 4
"""Calibration cases under which nothing is fitted and nothing is chosen."""


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Rank correlation, ties sharing ranks; None where one side is constant or fewer than 3 pairs.

    >>> spearman([1, 2, 3, 4], [10, 20, 30, 30])
    0.948683298051
    """
    a, b = rankdata(first), rankdata(second)
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return None
    return round(float(np.corrcoef(a, b)[0, 1]), 12)


def partial_spearman(first: Sequence[float], second: Sequence[float], given: Sequence[float]) -> float | None:
    """Rank correlation of two columns once a third is known: Pearson's partial formula on ranks.

    >>> partial_spearman([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [5, 1, 4, 2, 3])
    1.0
    """
    ab, ac, bc = spearman(first, second), spearman(first, given), spearman(second, given)
    if ab is None or ac is None or bc is None:
        return None
    rest = (1 - ac**2) * (1 - bc**2)
    return round(float((ab - ac * bc) / np.sqrt(rest)), 12) if rest > 1e-12 else None


def score_table(scores: Sequence[Mapping[str, float]], errors: Sequence[float], volumes: Sequence[float]) -> list[Row]:
    """One row per Score that all cases have, best first: score, spearman, partial, n, and a warning where negative.

    ``volumes`` are true mL; ``minus_log_predicted_ml`` is always among the rows if the cases have it, because every
    Score has to beat it.
    """
    names = set.intersection(*(set(row) for row in scores)) if scores else set()
    logs = [float(np.log(volume + 1.0)) for volume in volumes]
    rows: list[Row] = []
    for name in sorted(names):
        values = [float(row[name]) for row in scores]
        found = spearman(values, errors)
        warning = "ranks the best cases first" if found is not None and found < 0 else ""
        partial = partial_spearman(values, errors, logs)
        rows.append({"score": name, "spearman": found, "partial": partial, "n": len(errors), "warning": warning})
    return sorted(rows, key=lambda row: -(row["spearman"] if row["spearman"] is not None else -2.0))


def choose_reduction(
    scores: Sequence[Mapping[str, float]],
    errors: Sequence[float],
    reductions: Sequence[str],
    default: str,
    measure: str = "entropy",
    draws: int = 500,
) -> tuple[str, str]:
    """The reduction by which the calibration cases' Scores rank their errors best, and the sentence that says so.

    Another than ``default`` is taken only if it ranks better in 97.5 % of bootstrap resamplings of the cases.
    """
    if len(errors) < FEWEST:
        found_on = f"{len(errors)} calibration case(s) have a Dice, {FEWEST} are needed to choose another"
        return default, f"The Score is '{default}' by default: {found_on}."
    columns = {name: np.array([row[f"{measure}/{name}"] for row in scores]) for name in reductions}
    truth = np.asarray(errors, np.float64)
    found = {name: spearman(list(column), list(truth)) for name, column in columns.items()}
    best = max(reductions, key=lambda name: (found[name] if found[name] is not None else -2.0, name == default))
    if best == default:
        return default, f"The Score is '{default}': none ranks the {len(truth)} calibration cases better."
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(draws):
        pick = rng.integers(len(truth), size=len(truth))
        pair = [spearman(list(columns[name][pick]), list(truth[pick])) for name in (best, default)]
        if pair[0] is not None and pair[1] is not None:
            gains.append(pair[0] - pair[1])
    if gains and float(np.percentile(gains, 2.5)) > 0:
        return best, f"The Score is '{best}': it ranks the {len(truth)} calibration cases better than '{default}'."
    return default, f"The Score is '{default}': no other ranks the {len(truth)} calibration cases surely better."


@dataclass(frozen=True)
class FittedScore:
    """A Score fitted to the errors of calibration cases: ridge regression on standardised columns."""

    names: tuple[str, ...]
    means: Floats
    spreads: Floats
    weights: Floats
    offset: float

    def of(self, scores: Mapping[str, float]) -> float:
        """Expected 1 - mean class Dice of a case with these Scores."""
        values = (np.array([scores[name] for name in self.names]) - self.means) / self.spreads
        return float(values @ self.weights + self.offset)


FITTED_ON = (
    "entropy/over_draft",
    "entropy/top_fraction",
    "entropy/foreground_weighted",
    "expected_dice_loss",
    "minus_log_predicted_ml",
)


def fit_score(
    scores: Sequence[Mapping[str, float]],
    errors: Sequence[float],
    names: tuple[str, ...] = FITTED_ON,
    ridge: float = 1.0,
) -> FittedScore | None:
    """Fit errors of Calibration cases; None for fewer than FEWEST. Nothing else may ever be handed in here."""
    if len(errors) < FEWEST:
        return None
    table = np.array([[row[name] for name in names] for row in scores], np.float64)
    means, spreads = table.mean(axis=0), table.std(axis=0)
    spreads = np.where(spreads > 1e-12, spreads, 1.0)
    columns, truth = (table - means) / spreads, np.asarray(errors, np.float64)
    gram = columns.T @ columns + ridge * np.eye(len(names))
    weights = np.linalg.solve(gram, columns.T @ (truth - truth.mean()))
    return FittedScore(names, means, spreads, weights, float(truth.mean()))
