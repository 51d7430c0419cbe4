"""Do drafts sway readers? A share of the queried cases is read without the model's opinion, and compared.

Anchoring: who corrects a draft ends nearer to it than who starts from an empty map. So the agreement of the submitted
Annotation with the model's draft (shown or kept back) is compared between the two kinds of cases.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.metrics import dice
from activedints.core.volume import IGNORE
from activedints.store import annotations, cases
from activedints.store.database import Session
from activedints.store.schema import Annotation

FEWEST = 3
"""Cases of each kind under which no difference is stated."""


def reads_blind(number: int, share: float, seed: int) -> bool:
    """Whether the ``number``-th queried case of an experiment (from 0) is read without the model's opinion.

    One case in each block of 1 / share, at a place that the seed draws; never the first of a block, so that an
    experiment opens with a draft.

    >>> sum(reads_blind(number, 0.1, seed=3) for number in range(200)), reads_blind(0, 0.1, seed=3)
    (20, False)
    """
    if share <= 0:
        return False
    block = round(1 / share)
    place = np.random.default_rng([seed, number // block]).integers(1, block)
    return bool(number % block == place)


def agreement(annotation: npt.NDArray[np.uint8], draft: npt.NDArray[np.uint8]) -> float | None:
    """Any-foreground Dice of two label maps (x, y, z) where the first is not IGNORE; None if both are empty."""
    seen = annotation != IGNORE
    mine, theirs = (annotation > 0) & seen, (draft > 0) & seen
    return dice(int((mine & theirs).sum()), int(mine.sum()), int(theirs.sum()))


@dataclass(frozen=True)
class Anchoring:
    """Mean agreement with the model's draft and mean minutes, with and without it, over first versions by persons."""

    shown: float | None
    shown_minutes: float | None
    shown_n: int
    blind: float | None
    blind_minutes: float | None
    blind_n: int
    sentence: str


def measured(session: Session, experiment_id: int) -> Anchoring:
    """The experiment's anchoring so far."""
    rows = [
        version
        for case in cases.members(session, experiment_id)
        for version in annotations.versions(session, experiment_id, case.id)[:1]
        if version.source == "reader" and version.agreement is not None
    ]
    return summarise(rows)


def summarise(rows: list[Annotation]) -> Anchoring:
    """Annotations with their ``agreement`` -> the two means, their difference with an interval, and a sentence."""
    shown, blind = ([row for row in rows if row.blind is kind] for kind in (False, True))
    values = [[float(row.agreement or 0) for row in kind] for kind in (shown, blind)]
    minutes = [[row.seconds / 60 for row in kind] for kind in (shown, blind)]
    return Anchoring(
        shown=_mean(values[0]),
        shown_minutes=_mean(minutes[0]),
        shown_n=len(shown),
        blind=_mean(values[1]),
        blind_minutes=_mean(minutes[1]),
        blind_n=len(blind),
        sentence=_sentence(*values),
    )


def _sentence(shown: list[float], blind: list[float]) -> str:
    counts = f"{len(shown)} with it and {len(blind)} without"
    if min(len(shown), len(blind)) < FEWEST:
        return (
            f"Whether drafts sway readers is not known yet: at least {FEWEST} cases read with the model's draft and "
            f"{FEWEST} read without are needed, and there are {counts}."
        )
    random = np.random.default_rng(0)
    means = [random.choice(values, (2000, len(values))).mean(axis=1) for values in (shown, blind)]
    low, high = np.percentile(means[0] - means[1], (2.5, 97.5))
    difference = float(np.mean(shown) - np.mean(blind))
    verdict = "drafts pull readers towards them" if low > 0 else "no pull of the drafts is shown"
    return (
        f"Readers agree with the model's draft by Dice {np.mean(shown):.2f} where they saw it and {np.mean(blind):.2f} "
        f"where they did not: difference {difference:+.2f}, 95 % interval {low:+.2f} to {high:+.2f} ({counts}), so "
        f"{verdict}."
    )


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
