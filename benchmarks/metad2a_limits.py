"""How much a predictor could know of a held-out family of the measured table: rows of ``activedints bench metad2a``.

Three figures beside the architecture mean. The ceiling: what noise of training leaves to a perfect predictor. The
family told: each cell's mean over the other sets of the held-out family itself, which no predictor is given. And the
simplest predictor that learns from sets alone: the mean plus a shrunk, similarity-weighted residual.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.nas.advisor.predictor import learned_from, relative
from activedints.nas.advisor.set_views import SetViews
from activedints.nas.measured.table import MeasuredTable, seed_agreement
from activedints.nas.rank.agreement import spearman
from benchmarks.figures import bootstrap, figure

Array = npt.NDArray[np.float64]
Setting = tuple[float, float]
SETTINGS = [(width, shrink) for width in (0.3, 1.0, 3.0) for shrink in (1.0, 3.0, 10.0, 100.0)]
"""Width of the kernel over landmarks, and how much residuals are shrunk."""


def ceilings(table: MeasuredTable) -> list[float]:
    """Spearman that the true accuracies would reach with the measured ones, a set with three seeds: the square root of
    the reliability of their mean (Spearman-Brown from the agreement of single seeds)."""
    return [(3 * max(r, 0) / (1 + 2 * max(r, 0))) ** 0.5 for r in seed_agreement(table).values()]


def kernel(facts: Array, known: npt.NDArray[np.intp], width: float) -> Array:
    """(set, set) similarity by landmarks on the scale of the known sets."""
    scaled = np.clip((facts - facts[known].mean(0)) / (facts[known].std(0) + 1e-6), -3, 3)
    return np.exp(-((scaled[:, None] - scaled[None]) ** 2).mean(2) / width)


def residual(values: Array, facts: Array, known: Any, asked: Any, setting: Setting) -> Array:
    """(asked set, cell): the mean over known sets plus a Gaussian process's mean of what is left over."""
    near, mean = kernel(facts, known, setting[0]), values[known].mean(0)
    weights = np.linalg.solve(near[np.ix_(known, known)] + setting[1] * np.eye(len(known)), values[known] - mean)
    return mean + near[np.ix_(asked, known)] @ weights


def scores(values: Array, tests: Array, facts: Array, families: Array, kept: Sequence[str], setting: Setting) -> float:
    """Mean Spearman of ``residual`` when each family of ``kept`` is held out of them in turn."""
    inside, found = np.isin(families, kept), []
    for family in kept:
        asked, known = np.flatnonzero(families == family), np.flatnonzero(inside & (families != family))
        said = residual(values, facts, known, asked, setting)
        found += [spearman(one, tests[row]) for one, row in zip(said, asked)]
    return float(np.mean(found))


def limits(table: MeasuredTable, views: SetViews, mean: list[float]) -> list[dict[str, Any]]:
    """The three rows, beside the architecture mean's Spearman a set ``mean``; settings of the residual are chosen
    within the other families, for each held-out family anew."""
    learned, families = learned_from(table), np.array(table.families)
    values, sets = relative(learned), np.arange(len(families))
    facts = np.stack([np.mean([view.facts for view in views.of[name]], 0) for name in table.names])
    told = [
        spearman(values[(families == families[row]) & (sets != row)].mean(0), table.test[row])
        for row in sets
        if (families == families[row]).sum() > 1
    ]
    guessed = np.zeros(len(sets))
    for family in sorted(set(families)):
        others = sorted(set(families) - {family})
        setting = max(SETTINGS, key=lambda one: scores(values, learned, facts, families, others, one))
        asked, known = np.flatnonzero(families == family), np.flatnonzero(families != family)
        said = residual(values, facts, known, asked, setting)
        guessed[asked] = [spearman(one, table.test[row]) for one, row in zip(said, asked)]
    usual = float(np.mean(mean))
    named = [
        ("noise_ceiling_three_seeds", ceilings(table)),
        ("family_told_spearman", told),
        ("mean_plus_residual_spearman", guessed.tolist()),
    ]
    return [
        figure(what, float(np.mean(rows)), usual, "Spearman", n=len(rows), interval=bootstrap(rows))
        for what, rows in named
    ]
