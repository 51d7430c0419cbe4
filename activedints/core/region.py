"""Regions as candidates: a grid of boxes over the brain that never overlap, and what a model thinks of each."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.core.score import Map, Mask, border_of, class_score
from activedints.core.volume import IGNORE, Box

LEAST_BRAIN = 0.1
"""A box with a smaller share of brain is not worth a reader's way to it."""
BOX = "box"
"""Name of the reduction of a box: the mean over its voxels of brain, times their share of the box."""
MOST_BOXES = 1000
"""Boxes of one case: candidate numbers have room for no more, and the next would be another case's."""


def tiles(brain: Mask, side: int) -> list[Box]:
    """Boxes of about ``side`` voxels that tile the brain's bounding box evenly, those with enough brain alone.

    The same brain gives the same boxes in every cycle. Sides lie between 2/3 and 3/2 of ``side`` where the brain is at
    least that long.

    >>> tiles(np.ones((4, 4, 8), bool), 4)
    [((0, 0, 0), (4, 4, 4)), ((0, 0, 4), (4, 4, 8))]
    """
    if side < 2:
        raise InvalidSettings(f"A Region needs a side of 2 voxels or more; it is {side}.")
    if not brain.any():
        return []
    cuts = []
    for axis in range(3):
        found = np.flatnonzero(brain.any(axis=tuple(a for a in range(3) if a != axis)))
        low, high = int(found[0]), int(found[-1]) + 1
        cuts.append([int(c) for c in np.round(np.linspace(low, high, max(1, round((high - low) / side)) + 1))])
    boxes: list[Box] = [
        ((x0, y0, z0), (x1, y1, z1))
        for x0, x1 in zip(cuts[0], cuts[0][1:])
        for y0, y1 in zip(cuts[1], cuts[1][1:])
        for z0, z1 in zip(cuts[2], cuts[2][1:])
    ]
    return [box for box in boxes if float(brain[window(box)].mean()) >= LEAST_BRAIN]


def boxes_of(case: str, brain: Mask, side: int) -> list[Box]:
    """The tiles of a case as what can be asked for; InvalidSettings where they are more than have a number."""
    found = tiles(brain, side)
    if len(found) > MOST_BOXES:
        raise InvalidSettings(
            f"Case {case} has {len(found):,} Regions of {side} voxels a side and may have {MOST_BOXES:,} at most;"
            " choose a larger side."
        )
    return found


def window(box: Box) -> tuple[slice, slice, slice]:
    """A box as slices of an array (x, y, z)."""
    (x0, y0, z0), (x1, y1, z1) = box
    return slice(x0, x1), slice(y0, y1), slice(z0, z1)


def voxels(box: Box) -> int:
    """Cost of a Region in voxels: those of its box."""
    return int(np.prod([high - low for low, high in zip(*box)]))


def box_scores(
    maps: Mapping[str, Map], probability: Map, brain: Mask, boxes: list[Box], labels: tuple[str, ...], voxel_ml: float
) -> list[dict[str, float]]:
    """Per box: the mean of every measure and of every class' share of the entropy (air counts as certain), and what
    is predicted there in mL."""
    found = (probability.argmax(axis=0) > 0) & brain
    border = border_of(found) & brain
    rows = []
    for box in boxes:
        place = window(box)
        inside = brain[place]
        row = {f"{name}/{BOX}": float((values[place] * inside).mean()) for name, values in maps.items()}
        for index, label in enumerate(labels, start=1):
            share = maps["entropy"][place] * probability[(index, *place)] * inside
            row[f"{class_score(label)}/{BOX}"] = float(share.mean())
        row["foreground_ml"] = float(found[place].sum()) * voxel_ml
        row["border_ml"] = float(border[place].sum()) * voxel_ml
        rows.append(row)
    return rows


def only_inside(label: npt.NDArray[np.uint8], boxes: list[Box]) -> npt.NDArray[np.uint8]:
    """A label map that is known in some Regions alone: IGNORE everywhere else.

    >>> only_inside(np.ones((2, 1, 1), np.uint8), [((0, 0, 0), (1, 1, 1))]).ravel()
    array([  1, 255], dtype=uint8)
    """
    known = np.full_like(label, IGNORE)
    for box in boxes:
        known[window(box)] = label[window(box)]
    return known
