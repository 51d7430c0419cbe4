"""Regularised evolution (Real et al., AAAI 2019): the oldest dies, the best of a random few is mutated on one edge."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from activedints.nas.algorithms.walk import Walk
from activedints.nas.measured import space


@dataclass(frozen=True)
class Evolution:
    population: int = 8
    tournament: int = 3
    tries: int = 30
    """Mutations drawn until one leads to a cell that was not trained yet; then a random cell is taken."""

    def __call__(self, walk: Walk, rng: np.random.Generator) -> None:
        alive: deque[tuple[float, int]] = deque(maxlen=self.population)
        for row in rng.permutation(len(walk.table.cells))[: min(self.population, walk.budget)]:
            alive.append((walk.train(int(row)), int(row)))
        while not walk.over:
            rivals = rng.choice(len(alive), min(self.tournament, len(alive)), replace=False)
            _, parent = max(alive[place] for place in rivals)
            row = self.child(walk, walk.table.tokens[parent], rng)
            alive.append((walk.train(row), row))

    def child(self, walk: Walk, tokens: np.ndarray, rng: np.random.Generator) -> int:
        """A cell that was not trained yet, reached from the parent by other operations on a few edges."""
        mutated = tokens.copy()
        for _ in range(self.tries):
            mutated[rng.integers(len(mutated))] = rng.integers(space.TOKENS)
            if space.live(mutated[None])[0] and (row := walk.row_of(mutated)) not in walk.rows:
                return row
        left = np.setdiff1d(np.arange(len(walk.table.cells)), walk.rows)
        return int(rng.choice(left))
