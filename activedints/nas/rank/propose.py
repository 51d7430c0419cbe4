"""Which architectures to train next, and what each way of asking would have cost on a benchmark.

``propose`` is the iterative mode of the Ranking: a Gaussian process of the architectures trained so far, expected
improvement over the best of them (Jones, Schonlau and Welch 1998), and for k at once the "believer": each proposal is
taken for true at its predicted score before the next is made. ``simulate`` replays whole searches on a table, beside
random search and regularised evolution (Real et al., AAAI 2019). Test accuracies are read only to count regret.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from activedints.core.errors import EmptyPool, InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.rank.gaussian_process import GaussianProcess
from activedints.nas.rank.normal_scores import normal_scores
from activedints.nas.rank.ranking import Ranker

Rows = npt.NDArray[np.intp]
Values = npt.NDArray[np.float64]

INITIAL = 10
BATCH = 5
POPULATION, TOURNAMENT = 20, 5


def propose(ranker: Ranker, trained: Rows, accuracies: Values, count: int) -> Rows:
    """``count`` rows to train next, best first; ``accuracies`` (row,) of the ``trained`` rows, higher is better.

    Raises InvalidSettings with fewer than two trained architectures or equal accuracies, EmptyPool when too few
    are left.
    """
    if len(trained) < 2 or np.ptp(accuracies) == 0:
        raise InvalidSettings(
            f"{len(trained)} trained architectures with {len(np.unique(accuracies))} different accuracies give no "
            "direction: train at least two that differ before asking for proposals."
        )
    left = len(ranker.x) - len(trained)
    if count > left:
        raise EmptyPool(
            f"{count} proposals were asked but only {left} architectures are not trained yet: ask for less."
        )
    y = normal_scores(accuracies)
    process = GaussianProcess(ranker.features.blocks()).fit(ranker.x[trained], y)
    rows, chosen = np.asarray(trained), []
    for _ in range(count):
        mean, spread = process.predict(ranker.x)
        score = expected_improvement(mean, spread, y.max())
        score[rows] = -np.inf
        chosen.append(int(score.argmax()))
        rows, y = np.r_[rows, chosen[-1]], np.r_[y, mean[chosen[-1]]]
        process = GaussianProcess(ranker.features.blocks(), theta=process.theta).fit(ranker.x[rows], y)
    return np.array(chosen)


def expected_improvement(mean: Values, spread: Values, best: float) -> Values:
    """
    >>> expected_improvement(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 0.0).round(4).tolist()
    [0.3989, 1.0833]
    """
    z = (mean - best) / spread
    return (mean - best) * ndtr(z) + spread * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)


def recommend(ranker: Ranker, trained: Rows, accuracies: Values) -> int:
    """Position among ``trained`` of the architecture to keep: the best posterior mean, which weighs each lucky
    validation score with what similar architectures reached."""
    if np.ptp(accuracies) == 0:
        return 0
    process = GaussianProcess(ranker.features.blocks()).fit(ranker.x[trained], normal_scores(accuracies))
    return int(process.predict(ranker.x[trained])[0].argmax())


@dataclass(frozen=True)
class Trace:
    """One simulated search: ``queried`` rows in order, and after each query the regret of the one that would be kept,
    in reported (test) and in selection (validation) accuracy."""

    strategy: str
    seed: int
    queried: Rows
    regret: Values
    selection_regret: Values


def simulate(ranker: Ranker, strategy: str, queries: int, seed: int, report: Report = silent) -> Trace:
    """Search the pool with one of ``STRATEGIES`` for ``queries`` trained architectures.

    The rule for what is kept is part of the strategy: the predictor keeps its ``recommend``ation, the others
    the best validation accuracy. Raises InvalidSettings for an unknown strategy or more queries than architectures.
    """
    if strategy not in STRATEGIES:
        raise InvalidSettings(f"There is no search '{strategy}'; choose one of {', '.join(STRATEGIES)}.")
    if not INITIAL <= queries <= len(ranker.x):
        raise InvalidSettings(
            f"{queries} queries were asked; a search takes {INITIAL} to the pool's {len(ranker.x):,} architectures."
        )
    selection = ranker.benchmark.values(ranker.selection.name)
    reported = ranker.benchmark.values(ranker.reported.name)
    queried, kept = STRATEGIES[strategy](ranker, selection, queries, seed, report)
    best = queried[kept]
    return Trace(strategy, seed, queried, np.nanmax(reported) - reported[best], np.nanmax(selection) - selection[best])


def _predictor(ranker: Ranker, selection: Values, queries: int, seed: int, report: Report) -> tuple[Rows, Rows]:
    rows = np.random.default_rng(seed).permutation(len(ranker.x))[:INITIAL]
    kept = _best_so_far(selection[rows]).tolist()
    while len(rows) < queries:
        count = min(BATCH, queries - len(rows))
        rows = np.r_[rows, propose(ranker, rows, selection[rows], count)]
        kept += [recommend(ranker, rows, selection[rows])] * count
        report(len(rows), queries, f"{len(rows)} of {queries} architectures trained")
    return rows, np.array(kept)


def _random(ranker: Ranker, selection: Values, queries: int, seed: int, report: Report) -> tuple[Rows, Rows]:
    rows = np.random.default_rng(seed).permutation(len(ranker.x))[:queries]
    return rows, _best_so_far(selection[rows])


def _evolution(ranker: Ranker, selection: Values, queries: int, seed: int, report: Report) -> tuple[Rows, Rows]:
    """Regularised evolution: the best of a random tournament has one mutated child, the oldest dies."""
    random = np.random.default_rng(seed)
    edges = ranker.benchmark.cells.edges
    row_of = {cell.tobytes(): row for row, cell in enumerate(edges)}
    rows = random.permutation(len(edges))[:INITIAL].tolist()
    population, seen = deque(rows, maxlen=POPULATION), set(rows)
    while len(rows) < queries:
        fighters = random.choice(np.array(population), min(TOURNAMENT, len(population)), replace=False)
        child = _mutated(edges[fighters[selection[fighters].argmax()]], row_of, ranker, random)
        population.append(child)
        if child not in seen:  # a second look at a trained architecture costs no query
            rows.append(child)
            seen.add(child)
    return np.array(rows), _best_so_far(selection[rows])


def _mutated(cell: npt.NDArray[np.int8], row_of: dict[bytes, int], ranker: Ranker, random: np.random.Generator) -> int:
    """Row of a cell with one edge changed; a random row where the pool holds no such neighbour after 50 tries."""
    codes = len(ranker.benchmark.cells.operations)
    for _ in range(50):
        changed = cell.copy()
        i, j = sorted(random.choice(len(cell), 2, replace=False))
        changed[i, j] = random.integers(codes + 1)
        row = row_of.get(changed.tobytes())
        if row is not None and changed[i, j] != cell[i, j]:
            return row
    return int(random.integers(len(ranker.x)))


def _best_so_far(selection: Values) -> Rows:
    """Position of the best value up to each position.

    >>> _best_so_far(np.array([3.0, 1.0, 5.0, 4.0])).tolist()
    [0, 0, 2, 2]
    """
    best = np.maximum.accumulate(selection)
    improves = np.r_[True, selection[1:] > best[:-1]]
    return np.maximum.accumulate(np.where(improves, np.arange(len(selection)), 0))


Search = Callable[[Ranker, Values, int, int, Report], tuple[Rows, Rows]]

STRATEGIES: dict[str, Search] = {"predictor": _predictor, "random": _random, "evolution": _evolution}
