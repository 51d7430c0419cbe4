"""The strategies, each a plain function from candidates and budget to a query, and the one way to ask by name.

================== ============================================================= ====================================
strategy           chooses                                                       source
================== ============================================================= ====================================
random             uniformly                                                     control
foreground-random  4/6 uniformly, 1/6 by predicted foreground, 1/6 by its border nnActive, TMLR 2025 (2511.19183)
entropy ...        the highest Score                                             Settles 2009; Active-DiNTS 2024
bald               the highest mutual information                                Houlsby et al. 2011; Gal et al. 2017
expected-dice      the lowest Dice that the prediction itself expects            -
draw-dice          the lowest expected Dice of a Draw with their mean            Roy et al., NeuroImage 2019
stochastic-batches of random batches the one of the highest mean entropy         Gaillochet et al. 2023 (2301.07670)
k-centre           the farthest from all that is labelled                        Sener & Savarese, ICLR 2018
typicality         the most typical of each unlabelled cluster                   TypiClust, Hacohen et al., ICML 2022
clasp-pe           class-stratified entropy, noisy on a log scale                ClaSP PE, TMLR 2026 (2601.13677)
================== ============================================================= ====================================
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from activedints.core.diversity import k_centre, typicality
from activedints.core.errors import EmptyPool, InvalidSettings
from activedints.core.query import Candidates, Choice, Strategy, affordable
from activedints.core.score import DEFAULT_REDUCTION, REDUCTIONS, class_score
from activedints.core.uncertainty import NEEDS_DRAWS

Floats = npt.NDArray[np.float64]

ANYWHERE, FOREGROUND, BORDER = 4 / 6, 1 / 6, 1 / 6
"""Shares of foreground-aware random."""
STRATIFIED = 0.66
"""Share of ClaSP PE's budget that is spent class by class."""
CALMEST = 100.0
"""ClaSP PE's inverse noise scale in the last cycle; 1 in the first."""
BATCHES = 256
"""Random batches that are compared."""
FALLBACK = "k-centre"
"""What is asked by when the uncertainty map does not point at errors."""
DEFAULT_STRATEGY = "clasp-pe"


def random(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
    """Uniformly at random, without replacement: the control that every strategy is compared with."""
    order = [int(case) for case in rng.permutation(np.asarray(candidates.pool))]
    drawn = (Choice(case, "at random", 1.0 / (len(order) - turn)) for turn, case in enumerate(order))
    return affordable(drawn, candidates, budget)


def foreground_random(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
    """The honest control: 4/6 of the draws anywhere, 1/6 on predicted foreground, 1/6 on its border.

    A candidate is drawn as the owner of a voxel: by its share of all predicted foreground (border) of the pool. Where
    nothing is predicted yet the draw is uniform. The probability of each draw at its turn is logged.
    """

    def drawn() -> Iterator[Choice]:
        left = list(candidates.pool)
        while left:
            chance = ANYWHERE * _shares(candidates, left, None)
            chance = chance + FOREGROUND * _shares(candidates, left, "foreground_ml")
            chance = chance + BORDER * _shares(candidates, left, "border_ml")
            place = int(rng.choice(len(left), p=chance / chance.sum()))
            yield Choice(left.pop(place), "foreground-aware at random", float(chance[place]))

    return affordable(drawn(), candidates, budget)


def _shares(candidates: Candidates, of: list[int], score: str | None) -> Floats:
    values = np.array([candidates.scores.get(case, {}).get(score, 0.0) if score else 1.0 for case in of], np.float64)
    return values / values.sum() if values.sum() > 0 else np.full(len(of), 1.0 / len(of))


def top_by(score: str) -> Strategy:
    """The candidates of the highest Score; ties go to the lower number, so that a seed gives one answer.

    A ``score`` without a reduction takes the candidates' own.
    """

    def top(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
        values = candidates.column(_named(score, candidates))
        order = sorted(candidates.pool, key=lambda case: (-values[case], case))
        return affordable((Choice(case) for case in order), candidates, budget)

    return top


def _named(score: str, candidates: Candidates) -> str:
    return score if "/" in score or score in WITHOUT_REDUCTION else f"{score}/{candidates.reduction}"


def stochastic_batches(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
    """Of BATCHES random batches the one of the highest mean entropy: diverse by chance, unsure on the whole."""
    values = candidates.column(_named("entropy", candidates))
    best: tuple[float, list[int]] | None = None
    for _ in range(BATCHES):
        order = (Choice(int(case)) for case in rng.permutation(np.asarray(candidates.pool)))
        batch = sorted(choice.candidate for choice in affordable(order, candidates, budget))
        mean = float(np.mean([values[case] for case in batch]))
        if best is None or (mean, [-c for c in batch]) > (best[0], [-c for c in best[1]]):
            best = (mean, batch)
    assert best is not None
    return [Choice(case) for case in sorted(best[1], key=lambda case: (-values[case], case))]


def clasp_pe(candidates: Candidates, budget: float, rng: np.random.Generator) -> list[Choice]:
    """Class-stratified, power-noised predictive entropy: 66 % of the budget in turn by each class' share of the
    entropy, the rest by entropy; log Score plus Gumbel(0, 1/beta), beta rising from 1 to 100 over the cycles."""
    beta = CALMEST ** min(max(candidates.progress, 0.0), 1.0)
    noise = {case: float(g) for case, g in zip(candidates.pool, rng.gumbel(0.0, 1.0 / beta, len(candidates.pool)))}
    by_class = _class_columns(candidates)
    plain = candidates.column(_named("entropy", candidates))
    turn = int(rng.integers(len(by_class))) if by_class else 0

    def noisy(values: dict[int, float], case: int) -> float:
        return float(np.log(max(values[case], 1e-12))) + noise[case]

    def chosen() -> Iterator[Choice]:
        left = set(candidates.pool)
        stratified = asked = 0
        while left:
            by_turn = bool(by_class) and stratified < STRATIFIED * (asked + 1)
            name, values = by_class[(turn + stratified) % len(by_class)] if by_turn else ("", plain)
            case = max(left, key=lambda c: (noisy(values, c), -c))
            left.remove(case)
            asked, stratified = asked + 1, stratified + by_turn
            yield Choice(case, f"for {name}" if name else "")

    return affordable(chosen(), candidates, budget)


def _class_columns(candidates: Candidates) -> list[tuple[str, dict[int, float]]]:
    """Every class' share of the entropy that the whole pool knows, by the class' name."""
    prefix = class_score("")
    names = [set(candidates.scores.get(case, {})) for case in candidates.pool]
    common = sorted(n for n in set.intersection(*names) if n.startswith(prefix)) if names else []
    reductions = {name.rpartition("/")[2] for name in common}
    wanted = candidates.reduction if candidates.reduction in reductions else DEFAULT_REDUCTION
    mine = [name for name in common if name.endswith(f"/{wanted}")]
    return [(name.removeprefix(prefix).rpartition("/")[0], candidates.column(name)) for name in mine]


CHANCE = ("clasp-pe", "stochastic-batches")
"""Strategies that add noise to the Score that they rank by."""
WITHOUT_REDUCTION = ("expected_dice_loss", "draw_dice_loss", "minus_log_predicted_ml")
"""Scores of a case as a whole, which no reduction makes."""
MEASURE_OF = {
    "entropy": "entropy",
    "expected-entropy": "expected_entropy",
    "margin": "margin",
    "variance": "variance",
    "standard-deviation": "standard_deviation",
    "mutual-information": "mutual_information",
    "bald": "mutual_information",
    "expected-dice": "expected_dice_loss",
    "draw-dice": "draw_dice_loss",
    "stochastic-batches": "entropy",
    "clasp-pe": "entropy",
}
"""Strategy -> the measure that it ranks by."""
WITHOUT_BOXES = frozenset({"expected-dice", "draw-dice"})
"""Strategies whose Score only a whole case has."""
RANDOM = frozenset({"random", "foreground-random"})
NEEDS_EMBEDDING = frozenset({"k-centre", "typicality"})

STRATEGIES: dict[str, Strategy] = {
    "random": random,
    "foreground-random": foreground_random,
    **{name: top_by(score) for name, score in MEASURE_OF.items()},
    "stochastic-batches": stochastic_batches,
    "k-centre": k_centre,
    "typicality": typicality,
    "clasp-pe": clasp_pe,
}


def score_of(name: str, reduction: str = DEFAULT_REDUCTION) -> str | None:
    """The Score that a strategy ranks by, or None for one that draws or compares embeddings."""
    if is_score(name):
        return name
    measure = MEASURE_OF.get(name)
    return measure if measure is None or measure in WITHOUT_REDUCTION else f"{measure}/{reduction}"


def needs_draws(name: str) -> bool:
    """Whether a strategy ranks by something that one deterministic pass does not give."""
    return (score_of(name) or "").partition("/")[0] in NEEDS_DRAWS | {"draw_dice_loss"}


def is_score(name: str) -> bool:
    """Whether a name is ``MEASURE/REDUCTION`` in full."""
    measure, slash, reduction = name.rpartition("/")
    return bool(measure and slash) and (reduction in REDUCTIONS or reduction == "box")


def strategy(name: str) -> Strategy:
    """The strategy called ``name``, or top-k by a Score that is named in full (``margin/top_fraction``).

    InvalidSettings lists what exists.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    if is_score(name):
        return top_by(name)
    raise InvalidSettings(f"There is no strategy '{name}'; choose one of {', '.join(sorted(STRATEGIES))}.")


def select(name: str, candidates: Candidates, budget: float, seed: int) -> list[Choice]:
    """The next query: candidates of the pool within ``budget``, most worth annotating first.

    The same candidates, budget and seed give the same query. EmptyPool where nothing is left; a pool smaller than the
    budget is taken whole.
    """
    chosen = strategy(name)
    if not candidates.pool:
        raise EmptyPool("The pool is empty: every case is annotated, flagged or held out; import more cases.")
    ordered = replace(candidates, pool=tuple(sorted(candidates.pool)))
    return chosen(ordered, budget, np.random.default_rng(seed))
