"""Which label maps look wrong to a model that never saw them: the excess of surprise over what the model expects.

Confident disagreement (Northcutt et al., JAIR 2021), made fair to hard cases: if a model is calibrated, the mean of
-log p(label) over voxels equals its mean entropy, however hard the case is. What exceeds it is surprise that the
model did not expect. Wholesale mistakes hide from that measure, so what the likeliest repair of the map would gain is
added (``label_repair``). Members that saw the case are never asked.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from activedints.core.calibration import relevant
from activedints.core.label_repair import FLOOR, Repair, likeliest_repair
from activedints.core.score import Map, Mask
from activedints.core.uncertainty import entropy
from activedints.core.volume import IGNORE

LEAST_VOXELS = 20


@dataclass(frozen=True)
class Suspicion:
    """``excess`` in nats per voxel of doubt, with ``surprise`` and ``expected`` surprise behind it, and what the
    likeliest ``repair`` gains; of the ``voxels`` looked at so many are ``disagreeing``."""

    excess: float
    surprise: float
    expected: float
    voxels: int
    disagreeing: int
    repair: Repair = field(default_factory=Repair)

    @property
    def total(self) -> float:
        """The ranking: excess surprise and the gain of the likeliest repair, nats per voxel both."""
        return self.excess + self.repair.gain


def suspicion(
    probability: Map,
    label: npt.NDArray[np.uint8],
    brain: Mask,
    spacing: tuple[float, float, float],
    names: tuple[str, ...],
) -> Suspicion:
    """``probability`` (class, x, y, z) of Members that never saw the case, ``label`` (x, y, z) class indices; ``names``
    are the foreground classes'.

    Looked at: annotated voxels of the brain where foreground is possible (above RELEVANT to the model) or given; the
    region must not follow the label where the model doubts, or hard cases would surprise by selection alone.

    >>> p = np.array([0.1, 0.9])[:, None, None, None] * np.ones((2, 5, 5, 1))
    >>> of = lambda label: suspicion(p, label.astype(np.uint8), np.ones((5, 5, 1), bool), (2, 2, 2), ("core",))
    >>> right, wrong = of(np.ones((5, 5, 1))), of(np.zeros((5, 5, 1)))
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
    repair = likeliest_repair(probability, label, brain, spacing, names)
    return Suspicion(surprise - expected, surprise, expected, count, int((guess[known] != given).sum()), repair)


def folds(cases: list[int], number: int, seed: int) -> list[list[int]]:
    """Cases dealt into ``number`` folds of nearly equal size by the seed; every case is in exactly one.

    >>> [sorted(fold) for fold in folds([1, 2, 3, 4], 2, 0)]
    [[2, 3], [1, 4]]
    """
    order = [cases[int(i)] for i in np.random.default_rng(seed).permutation(len(cases))]
    return [order[start::number] for start in range(min(number, len(order)))]
