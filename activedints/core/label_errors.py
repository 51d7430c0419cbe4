"""Which label maps look wrong to a model that never saw them: the excess of surprise over what the model expects.

Confident disagreement (Northcutt et al., JAIR 2021), made fair to hard cases: if a model is calibrated, the mean of
-log p(label) over voxels equals its mean entropy, however hard the case is. What exceeds it is surprise that the
model did not expect. Members that saw the case are never asked.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.calibration import relevant
from activedints.core.score import Map, Mask
from activedints.core.uncertainty import entropy
from activedints.core.volume import IGNORE

FLOOR = 1e-3
"""Least probability that a label is given: one voxel can surprise by 6.9 nats at most."""
LEAST_VOXELS = 20


@dataclass(frozen=True)
class Suspicion:
    """``excess`` in nats per voxel of doubt, the ranking; ``surprise`` and ``expected`` behind it; mL that disagree."""

    excess: float
    surprise: float
    expected: float
    voxels: int
    disagreeing: int


def suspicion(probability: Map, label: npt.NDArray[np.uint8], brain: Mask) -> Suspicion:
    """``probability`` (class, x, y, z) of Members that never saw the case, ``label`` (x, y, z) class indices.

    Looked at: annotated voxels of the brain where foreground is possible (above RELEVANT to the model) or given; the
    region must not follow the label where the model doubts, or hard cases would surprise by selection alone.

    >>> p = np.array([0.1, 0.9])[:, None, None, None] * np.ones((2, 5, 5, 1))
    >>> right = suspicion(p, np.ones((5, 5, 1), np.uint8), np.ones((5, 5, 1), bool))
    >>> wrong = suspicion(p, np.zeros((5, 5, 1), np.uint8), np.ones((5, 5, 1), bool))
    >>> round(right.excess, 3), round(wrong.excess, 3)
    (-0.22, 1.978)
    """
    guess = probability.argmax(axis=0)
    known = brain & (label != IGNORE) & relevant(probability, label)
    count = int(known.sum())
    if count < LEAST_VOXELS:
        return Suspicion(0.0, 0.0, 0.0, count, 0)
    p = np.clip(probability[:, known].astype(np.float64), FLOOR, None)
    p = p / p.sum(axis=0)
    given = label[known].astype(np.int64)
    surprise = float(-np.log(p[given, np.arange(count)]).mean())
    expected = float(entropy(p).mean())
    return Suspicion(surprise - expected, surprise, expected, count, int((guess[known] != given).sum()))


def folds(cases: list[int], number: int, seed: int) -> list[list[int]]:
    """Cases dealt into ``number`` folds of nearly equal size by the seed; every case is in exactly one.

    >>> [sorted(fold) for fold in folds([1, 2, 3, 4], 2, 0)]
    [[2, 3], [1, 4]]
    """
    order = [cases[int(i)] for i in np.random.default_rng(seed).permutation(len(cases))]
    return [order[start::number] for start in range(min(number, len(order)))]
