"""Which cases to annotate next. A strategy is a plain function from scores and pool to a query; measuring
(core.uncertainty), pooling (core.score) and selecting are three things."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from activedints.core.errors import EmptyPool, InvalidSettings
from activedints.core.score import DEFAULT_REDUCTION

Scores = Mapping[int, Mapping[str, float]]
"""Case id -> Score name -> value."""
Strategy = Callable[[Scores, Sequence[int], int, np.random.Generator], list[int]]


def random(scores: Scores, pool: Sequence[int], budget: int, rng: np.random.Generator) -> list[int]:
    """Uniformly at random, without replacement: the control that every strategy is compared with."""
    return [int(case) for case in rng.permutation(np.asarray(sorted(pool)))[:budget]]


def top_by(score: str) -> Strategy:
    """The cases of the highest Score ``score``; ties go to the lower case id, so that a seed gives one answer."""

    def top(scores: Scores, pool: Sequence[int], budget: int, rng: np.random.Generator) -> list[int]:
        missing = [case for case in pool if score not in scores.get(case, {})]
        if missing:
            raise InvalidSettings(
                f"{len(missing)} case(s) of the pool have no Score '{score}', because one pass gives none: turn a cycle"
                " with this strategy, which then makes draws (`activedints cycle --strategy NAME`), or use 'entropy'."
            )
        return sorted(pool, key=lambda case: (-scores[case][score], case))[:budget]

    return top


MEASURE_OF = {
    "entropy": f"entropy/{DEFAULT_REDUCTION}",
    "variance": f"variance/{DEFAULT_REDUCTION}",
    "standard-deviation": f"standard_deviation/{DEFAULT_REDUCTION}",
    "mutual-information": f"mutual_information/{DEFAULT_REDUCTION}",
    "expected-dice": "expected_dice_loss",
}
"""Strategy -> the Score it ranks by."""

STRATEGIES: dict[str, Strategy] = {"random": random, **{name: top_by(score) for name, score in MEASURE_OF.items()}}


def strategy(name: str) -> Strategy:
    """The strategy called ``name``; InvalidSettings lists what exists."""
    if name not in STRATEGIES:
        raise InvalidSettings(f"There is no strategy '{name}'; choose one of {', '.join(sorted(STRATEGIES))}.")
    return STRATEGIES[name]


def select(name: str, scores: Scores, pool: Sequence[int], budget: int, seed: int) -> list[int]:
    """The next query: at most ``budget`` case ids of ``pool``, most worth annotating first."""
    chosen = strategy(name)
    if not pool:
        raise EmptyPool("The pool is empty: every case is annotated, flagged or held out; import more cases.")
    return chosen(scores, pool, budget, np.random.default_rng(seed))
