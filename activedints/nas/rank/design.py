"""Which architectures to train first: at random, or spread over the space of their meta-features."""

import numpy as np
import numpy.typing as npt
from sklearn.cluster import MiniBatchKMeans

from activedints.core.errors import InvalidSettings

DESIGNS = ("random", "space-filling")
DIRECTIONS = 12


def choose_training(design: str, x: npt.NDArray[np.floating], size: int, seed: int) -> npt.NDArray[np.intp]:
    """``size`` different rows of ``x`` (architecture, standardised feature) to train, in a random order.

    ``space-filling``: the architecture nearest to each centre of a k-means clustering along the 12 strongest
    directions of the features. Raises InvalidSettings for an unknown design or a size that the pool cannot give.
    """
    if design not in DESIGNS:
        raise InvalidSettings(f"There is no design '{design}'; choose one of {', '.join(DESIGNS)}.")
    if not 2 <= size <= len(x):
        raise InvalidSettings(
            f"{size:,} training architectures were asked of a pool of {len(x):,}: ask for 2 to {len(x):,}."
        )
    random = np.random.default_rng(seed)
    if design == "random":
        return random.permutation(len(x))[:size]
    spread = _directions(x)
    clusters = MiniBatchKMeans(size, random_state=seed, n_init=1, batch_size=2048, max_iter=20).fit(spread)
    chosen: list[int] = []
    free = np.ones(len(x), bool)
    for centre in random.permutation(clusters.cluster_centers_):
        distance = np.where(free, ((spread - centre) ** 2).sum(1), np.inf)
        chosen.append(int(distance.argmin()))
        free[chosen[-1]] = False
    return np.array(chosen)


def _directions(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    return x @ vectors[:, np.argsort(-values)[:DIRECTIONS]]
