"""Why a Ranking ranks as it does: which features it leans on, and what it makes of each value."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.errors import NotFound
from activedints.nas.rank.agreement import spearman
from activedints.nas.rank.features import MetaFeature
from activedints.nas.rank.ranking import Ranker, Ranking

ROWS = 600
REPEATS = 3
GRID = 12


@dataclass(frozen=True)
class Importance:
    """``drop``: how much Spearman falls on unseen architectures when the column is shuffled among them (mean of
    ``REPEATS`` shuffles); ``deviation``: its standard deviation over the shuffles."""

    feature: MetaFeature
    drop: float
    deviation: float


def permutation_importance(ranker: Ranker, ranking: Ranking, seed: int = 0, by_group: bool = False) -> list[Importance]:
    """Most important first (Breiman 2001; Fisher, Rudin and Dominici 2019); whole groups at once with ``by_group``.

    Measured against the target on at most ``ROWS`` architectures that were not trained.
    """
    random = np.random.default_rng(seed)
    rows = random.permutation(ranking.unseen)[:ROWS]
    x, truth = ranker.x[rows], ranker.benchmark.values(ranking.target.name)[rows]
    base = spearman(ranking.model.predict(x).mean, truth) if np.ptp(ranking.prediction.mean[rows]) > 0 else 0.0
    found = []
    for feature, columns in _units(ranker, by_group):
        drops = []
        for _ in range(REPEATS):
            shuffled = x.copy()
            shuffled[:, columns] = x[random.permutation(len(rows))][:, columns]
            guess = ranking.model.predict(shuffled).mean
            drops.append(base - (spearman(guess, truth) if np.ptp(guess) > 0 else 0.0))
        found.append(Importance(feature, float(np.mean(drops)), float(np.std(drops))))
    return sorted(found, key=lambda one: -one.drop)


def _units(ranker: Ranker, by_group: bool) -> list[tuple[MetaFeature, npt.NDArray[np.intp]]]:
    columns = ranker.features.columns
    if not by_group:
        return [(column, np.array([number])) for number, column in enumerate(columns)]
    blocks = ranker.features.blocks()
    groups = [columns[block[0]].group for block in blocks]
    texts = [f"All {len(block)} features of the group {group} together." for group, block in zip(groups, blocks)]
    return [(MetaFeature(g, g, "features", text), block) for g, text, block in zip(groups, texts, blocks)]


@dataclass(frozen=True)
class Dependence:
    """Predicted accuracy when one feature is set to each ``grid`` value for many architectures, all else kept:
    ``mean`` and the 10th and 90th percentile over the architectures (Friedman 2001)."""

    feature: MetaFeature
    grid: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def partial_dependence(ranker: Ranker, ranking: Ranking, feature: str, seed: int = 0) -> Dependence:
    """Dependence on one named feature; NotFound for a name that is not among the ranker's features."""
    if feature not in ranker.features.names:
        raise NotFound(f"There is no feature '{feature}' in this ranking; its groups hold {len(ranker.x[0])} others.")
    column = ranker.features.names.index(feature)
    rows = np.random.default_rng(seed).permutation(len(ranker.x))[:ROWS]
    raw, scaled = ranker.features.values[:, column], ranker.x[:, column]
    values, where = np.unique(raw, return_index=True)
    if len(values) > GRID:
        steps = np.unique(np.searchsorted(values, np.quantile(raw, np.linspace(0.02, 0.98, GRID))))
        values, where = values[steps], where[steps]
    curves = []
    for position in where:
        moved = ranker.x[rows].copy()
        moved[:, column] = scaled[position]
        curves.append(ranking.model.predict(moved).mean)
    found = np.array(curves)
    low, high = np.quantile(found, [0.1, 0.9], axis=1)
    return Dependence(ranker.features.columns[column], values.astype(np.float64), found.mean(1), low, high)
