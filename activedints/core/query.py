"""Which candidates to annotate next: what a strategy may look at, what it answers, and what its budget buys.

A candidate is a whole volume or a Region; strategies know it by its number and by what was measured of it, and need
not know which of the two it is. Measuring (core.uncertainty), pooling (core.score) and selecting are three things.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.core.score import DEFAULT_REDUCTION

Scores = Mapping[int, Mapping[str, float]]
"""Candidate -> Score name -> value."""
Vector = npt.NDArray[np.floating[Any]]
UNITS = ("volumes", "voxels", "minutes")
"""What a budget may be counted in; minutes are a reader's."""
MOST_BUDGET = {"volumes": 100_000, "voxels": 10**12, "minutes": 1_000_000}
"""Of a cycle; beyond it is a slip of the hand."""


@dataclass(frozen=True)
class Candidates:
    """All that a strategy may look at. Nothing of a label that nobody gave.

    ``embedding`` holds a vector per candidate of the pool and per labelled one; ``cost`` is in the budget's unit (1
    where none is given); ``progress`` in 0..1 is the share of the planned cycles that is behind; named strategies rank
    by ``MEASURE/reduction``.
    """

    pool: tuple[int, ...]
    scores: Scores = field(default_factory=dict)
    embedding: Mapping[int, Vector] = field(default_factory=dict)
    labelled: tuple[int, ...] = ()
    cost: Mapping[int, float] = field(default_factory=dict)
    progress: float = 0.0
    reduction: str = DEFAULT_REDUCTION

    def price(self, candidate: int) -> float:
        return self.cost.get(candidate, 1.0)

    def column(self, score: str) -> dict[int, float]:
        """One Score of the whole pool; InvalidSettings where a candidate has none."""
        missing = [case for case in self.pool if score not in self.scores.get(case, {})]
        if missing:
            raise InvalidSettings(
                f"{len(missing)} case(s) of the pool have no Score '{score}', because one pass or an earlier version"
                " gives none: turn a cycle with this strategy, which scores anew (`activedints cycle --strategy NAME`)."
            )
        return {case: float(self.scores[case][score]) for case in self.pool}

    def vectors(self, of: Sequence[int]) -> npt.NDArray[np.float64]:
        """Embeddings (candidate, feature) of some candidates, every feature scaled to unit spread over all known."""
        missing = [case for case in of if case not in self.embedding]
        if missing:
            raise InvalidSettings(
                f"{len(missing)} case(s) have no embedding, so they cannot be compared with each other: score the pool"
                " anew with this version (`activedints score`), or choose a strategy that ranks by a Score."
            )
        known = np.stack([np.asarray(self.embedding[case], np.float64) for case in sorted(self.embedding)])
        spread = known.std(axis=0)
        scaled = np.stack([np.asarray(self.embedding[case], np.float64) for case in of]) - known.mean(axis=0)
        return np.asarray(scaled / np.where(spread > 1e-12, spread, 1.0))


@dataclass(frozen=True)
class Choice:
    """A chosen candidate: why, in a word for the log, and with which probability it was drawn at its turn (None where
    nothing was drawn)."""

    candidate: int
    why: str = ""
    probability: float | None = None


Strategy = Callable[[Candidates, float, np.random.Generator], list[Choice]]
"""``strategy(candidates, budget, rng)``: the query, most worth annotating first, within the budget."""


def affordable(order: Iterable[Choice], candidates: Candidates, budget: float) -> list[Choice]:
    """The longest beginning of ``order`` whose costs fit the budget; never fewer than one, or nothing would move on.

    >>> [c.candidate for c in affordable([Choice(1), Choice(2)], Candidates((1, 2), cost={1: 3.0, 2: 1.0}), 3.5)]
    [1]
    """
    taken: list[Choice] = []
    spent = 0.0
    for choice in order:
        spent += candidates.price(choice.candidate)
        if taken and spent > budget + 1e-9:
            break
        taken.append(choice)
    return taken


def check_budget(amount: float, unit: str) -> None:
    """InvalidSettings for a unit that nobody counts in, or for an amount that buys nothing."""
    if unit not in UNITS:
        raise InvalidSettings(f"A budget is counted in {', '.join(UNITS)}; not in '{unit}': choose one of these.")
    if not 0 < amount <= MOST_BUDGET[unit]:
        raise InvalidSettings(
            f"A budget must be a positive number of {unit}, at most {MOST_BUDGET[unit]:,}; it is {amount}: choose one."
        )
