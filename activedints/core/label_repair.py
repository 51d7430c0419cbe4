"""Which wholesale mistake would explain a label map: moved, or two labels taken for each other.

Such a map is as smooth as any, and where the model is unsure a few millimetres surprise it little. So each mistake is
undone and the model asked whether it likes the map better: the gain in log likelihood per voxel drawn. A model that is
honestly unsure of a hard case likes no repair, for its doubt is centred on the label.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

from activedints.core.score import Map, Mask
from activedints.core.volume import IGNORE

Labels = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

FLOOR = 1e-3
"""Least probability that a label is given: one voxel can surprise by 6.9 nats at most."""
REACHES = (2.0, 4.0, 6.0)
"""Millimetres by which a map may have been moved, in each of 26 directions."""


@dataclass(frozen=True)
class Repair:
    """``gain`` in nats per voxel drawn, 0 where the map is best as it is; what it would undo, in ``words``."""

    gain: float = 0.0
    words: str = ""


def likeliest_repair(
    probability: Map, label: Labels, brain: Mask, spacing: tuple[float, float, float], names: tuple[str, ...]
) -> Repair:
    """The repair of ``label`` (x, y, z), class indices, that ``probability`` (class, x, y, z) of a model that never saw
    the case likes best. ``names`` are the foreground classes' in class order.

    >>> p = np.zeros((2, 9, 5, 5)); p[1, 4:8, 1:4, 1:4] = 0.9; p[0] = 1 - p[1]
    >>> drawn = np.zeros((9, 5, 5), np.uint8); drawn[2:6, 1:4, 1:4] = 1
    >>> likeliest_repair(p, drawn, np.ones((9, 5, 5), bool), (2.0, 2.0, 2.0), ("core",)).words
    'as if moved by 4 mm'
    """
    places = np.argwhere((label > 0) & (label != IGNORE) & brain)
    if not len(places):
        return Repair()
    given = label[tuple(places.T)].astype(np.int64)
    tried = [*_swaps(probability, places, given, names), *_moves(probability, label, places, given, spacing)]
    best = max(tried, key=lambda repair: repair.gain)
    return best if best.gain > 0 else Repair()


def _log(probability: Map) -> Map:
    return np.log(np.clip(probability.astype(np.float64), FLOOR, None))


def _swaps(probability: Map, places: Places, given: Places, names: tuple[str, ...]) -> Iterator[Repair]:
    """Every two labels of which one is drawn, each renamed to the other."""
    logs = _log(probability[(slice(None), *places.T)])
    own = logs[given, np.arange(len(given))]
    for one, other in combinations(range(1, len(probability)), 2):
        renamed = np.where(given == one, other, np.where(given == other, one, given))
        gain = float((logs[renamed, np.arange(len(given))] - own).sum()) / len(given)
        yield Repair(gain, f"as if '{names[one - 1]}' and '{names[other - 1]}' were taken for each other")


def _moves(
    probability: Map, label: Labels, places: Places, given: Places, spacing: tuple[float, float, float]
) -> Iterator[Repair]:
    """The drawing moved back in every direction. Against background everywhere, a map's log likelihood is a sum over
    its drawn voxels alone; what is moved off the array, or to where nobody annotated, counts nothing."""
    before = float(_lead(probability, places, given).sum())
    for step in _steps(spacing):
        moved = places + step
        there = ((moved >= 0) & (moved < label.shape)).all(axis=1)
        known = np.flatnonzero(there)[label[tuple(moved[there].T)] != IGNORE]
        gain = (float(_lead(probability, moved[known], given[known]).sum()) - before) / len(given)
        yield Repair(gain, f"as if moved by {np.linalg.norm(step * np.asarray(spacing)):.0f} mm")


def _lead(probability: Map, places: Places, given: Places) -> Map:
    """Log probability of the given class over that of the background, at each place."""
    found = probability[(slice(None), *places.T)]
    logs = _log(found[given, np.arange(len(given))])
    return np.asarray(logs - _log(found[0]))


def _steps(spacing: tuple[float, float, float]) -> list[Places]:
    """Every way to move by about one of REACHES, in whole voxels, each once."""
    found = set()
    for direction in product((-1, 0, 1), repeat=3):
        length = float(np.linalg.norm(direction))
        for reach in REACHES if length else ():
            found.add(tuple(round(d * reach / length / s) for d, s in zip(direction, spacing)))
    return [np.array(step) for step in sorted(found - {(0, 0, 0)})]
