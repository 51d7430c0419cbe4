"""Strategies that look at where candidates lie and not at how unsure they are: k-centre and typicality."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from activedints.core.query import Candidates, Choice, affordable

Floats = npt.NDArray[np.float64]

NEIGHBOURS = 20
"""Nearest neighbours by which typicality is measured."""
ROUNDS = 25
"""Of k-means (Lloyd 1982); a few dozen points settle long before."""


def k_centre(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
    """Greedy k-centre: each time the candidate farthest from everything labelled or chosen before.

    Without a labelled candidate the first is the one nearest to the middle of the pool.
    """
    pool = list(candidates.pool)
    points = candidates.vectors(pool)
    far = np.full(len(pool), np.inf)
    if candidates.labelled:
        far = cdist(points, candidates.vectors(candidates.labelled)).min(axis=1)
    first = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmin())

    def chosen() -> Iterator[Choice]:
        nearest, left = far, np.ones(len(pool), bool)
        while left.any():
            alone = left.all() and not candidates.labelled
            place = first if alone else int(np.where(left, nearest, -np.inf).argmax())
            left[place] = False
            nearest = np.minimum(nearest, cdist(points, points[place : place + 1])[:, 0])
            yield Choice(pool[place])

    return affordable(chosen(), candidates, budget)


def typicality(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
    """TypiClust: as many clusters as will be labelled; from the largest without a label, the most typical candidate.

    Typical is who lies close to its nearest neighbours: 1 over the mean distance to NEIGHBOURS of them.
    """
    pool, known = list(candidates.pool), list(candidates.labelled)
    points = candidates.vectors([*pool, *known])
    wanted = len(affordable((Choice(case) for case in pool), candidates, budget))
    clusters = min(len(points), len(known) + wanted)
    places = _clusters(points, clusters, rng)
    near = min(NEIGHBOURS, max(1, len(points) - 1))
    typical = 1.0 / (np.sort(cdist(points, points), axis=1)[:, 1 : near + 1].sum(axis=1) / near + 1e-9)
    covered = list(places[len(pool) :])
    left = np.ones(len(pool), bool)

    def chosen() -> Iterator[Choice]:
        while left.any():
            held = [covered.count(cluster) for cluster in range(clusters)]
            free = [int((left & (places[: len(pool)] == cluster)).sum()) for cluster in range(clusters)]
            cluster = max(range(clusters), key=lambda c: (free[c] > 0, -held[c], free[c], -c))
            inside = left & (places[: len(pool)] == cluster)
            place = int(np.where(inside, typical[: len(pool)], -np.inf).argmax())
            left[place] = False
            covered.append(cluster)
            yield Choice(pool[place], "typical of its cluster")

    return affordable(chosen(), candidates, budget)


def _clusters(points: Floats, number: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Cluster of every point: k-means from seeded starts (k-means++); an empty cluster stays empty."""
    if number >= len(points):
        return np.arange(len(points))
    seeds = [int(rng.integers(len(points)))]
    while len(seeds) < number:
        gap = cdist(points, points[seeds]).min(axis=1) ** 2
        chance = gap / gap.sum() if gap.sum() > 0 else np.full(len(points), 1 / len(points))
        seeds.append(int(rng.choice(len(points), p=chance)))
    centres = points[seeds]
    for _ in range(ROUNDS):
        places = cdist(points, centres).argmin(axis=1)
        held = [points[places == cluster] for cluster in range(number)]
        centres = np.stack([mine.mean(axis=0) if len(mine) else old for mine, old in zip(held, centres)])
    return np.asarray(places, np.int64)
