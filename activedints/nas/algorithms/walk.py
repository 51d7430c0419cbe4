"""A search on the measured table: what an algorithm may ask, and what came of it.

A cell that somebody asks for and that was not measured is stood for by the measured one that differs on the fewest
edges. A search sees validation accuracies only; test accuracies are read afterwards, for the figures.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.nas.measured.table import MeasuredTable

Array = npt.NDArray[np.float64]


@dataclass
class Walk:
    """A data set of the table as a search meets it: at most ``budget`` different cells may be trained.

    ``rows``: the trained ones in order; training one again costs nothing and gives the same figure. ``enough``:
    validation accuracy in % with which the walk is over before its budget is spent.
    """

    table: MeasuredTable
    place: int
    budget: int
    rows: list[int] = field(default_factory=list)
    story: list[Any] = field(default_factory=list)
    """What the algorithm tells about itself, one entry an evaluation; each algorithm says in what form."""
    enough: float = float("inf")

    def __post_init__(self) -> None:
        if not 1 <= self.budget <= len(self.table.cells):
            raise InvalidSettings(
                f"A search here trains 1 to {len(self.table.cells)} cells, as many as are measured; not {self.budget}."
            )

    @property
    def over(self) -> bool:
        return len(self.rows) >= self.budget or self.met

    @property
    def met(self) -> bool:
        return bool(self.rows) and float(self.table.validation[self.place, self.rows].max()) >= self.enough

    def train(self, row: int) -> float:
        """Validation accuracy of a measured cell, in %."""
        if row not in self.rows:
            self.rows.append(row)
        return float(self.table.validation[self.place, row])

    def row_of(self, tokens: npt.NDArray[np.integer]) -> int:
        return self.table.row_of(tokens)

    def chosen(self) -> npt.NDArray[np.intp]:
        """(evaluation,) the best cell by validation among those trained so far."""
        values = self.table.validation[self.place, self.rows]
        best = np.maximum.accumulate(values)
        places = np.arange(len(values))
        leader = np.maximum.accumulate(np.where(values >= best, places, 0))
        return np.asarray(self.rows)[leader]

    def regret(self) -> Array:
        """(evaluation,) points of test accuracy between the best measured cell and the one chosen so far."""
        test = self.table.test[self.place]
        return test.max() - test[self.chosen()]


Search = Callable[[Walk, np.random.Generator], None]
"""Trains cells of the walk until it is over, or stops before."""


def run(search: Search, table: MeasuredTable, place: int, budget: int, seed: int, enough: float = float("inf")) -> Walk:
    """One search from its seed."""
    walk = Walk(table, place, budget, enough=enough)
    search(walk, np.random.default_rng((seed, place)))
    return walk


def top(table: MeasuredTable, place: int, share: float = 0.1) -> float:
    """Validation accuracy in % from which a cell is of the best ``share`` on a data set."""
    return float(np.quantile(table.validation[place], 1 - share, method="higher"))


def evaluations_to_top(walk: Walk, share: float = 0.1) -> int:
    """Evaluations until a cell of the best ``share`` by validation was trained; one more than were made if none was."""
    good = walk.table.validation[walk.place][walk.rows] >= top(walk.table, walk.place, share)
    return int(good.argmax()) + 1 if good.any() else len(walk.rows) + 1


def percentile(walk: Walk, row: int) -> float:
    """Share of measured cells, in %, whose test accuracy a cell beats; ties count half."""
    test = walk.table.test[walk.place]
    return float(100 * ((test < test[row]).sum() + 0.5 * ((test == test[row]).sum() - 1)) / max(len(test) - 1, 1))
