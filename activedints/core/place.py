"""Places in words, for those who read lists: sides as the patient has them."""

import numpy as np

from activedints.core.volume import Affine

NEAR = 8.0
"""Millimetres from the middle within which a place is on neither side."""

Point = tuple[float, float, float]


def middle(affine: Affine, shape: tuple[int, ...]) -> Point:
    """The middle of a grid of ``shape`` (x, y, z) in RAS mm.

    >>> middle(np.diag([2.0, 2.0, 2.0, 1.0]), (11, 21, 31))
    (10.0, 20.0, 30.0)
    """
    x, y, z = (affine @ np.array([*((n - 1) / 2 for n in shape), 1.0]))[:3].tolist()
    return x, y, z


def whereabouts(mm: Point, centre: Point) -> str:
    """A point in RAS mm in words, relative to the middle of the head.

    >>> whereabouts((30.0, 2.0, -40.0), (0.0, 0.0, 0.0))
    'right, low'
    >>> whereabouts((1.0, 2.0, 3.0), (0.0, 0.0, 0.0))
    'in the middle'
    """
    names = (("left", "right"), ("back", "front"), ("low", "high"))
    away = [at - from_ for at, from_ in zip(mm, centre)]
    said = [name[distance > 0] for name, distance in zip(names, away) if abs(distance) > NEAR]
    return ", ".join(said) or "in the middle"
