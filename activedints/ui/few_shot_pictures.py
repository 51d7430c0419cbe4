"""An episode's images as one picture: a column a class, examples on top, targets below with a frame right or wrong."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

SIDE, GAP, FRAME = 28, 6, 2
QUIET, RIGHT, WRONG = (58, 66, 77), (91, 167, 232), (240, 163, 94)
"""Frames: of an example; of a target told right (blue) and wrong (orange)."""

Picture = npt.NDArray[np.uint8]


def images(episode: dict[str, Any], part: str, channel: int) -> Picture:
    """One channel of the ``support`` or ``target`` images of an episode: (image, y, x)."""
    raw = np.frombuffer(base64.b64decode(episode[part]), np.uint8)
    return raw.reshape(-1, len(episode["channels"]), SIDE, SIDE)[:, channel]


def sheet(
    episode: dict[str, Any], channel: int = 0, predictions: Sequence[int] | None = None, scale: int = 2
) -> Picture:
    """RGB picture (y, x, 3) of an episode; ``predictions`` (one a target) colour the frames where truth is known."""
    way = len(episode["names"])
    support, target = (images(episode, part, channel) for part in ("support", "target"))
    shot, told = len(support) // way, len(target) // way
    cell = scale * SIDE + 2 * FRAME + GAP
    paper = np.zeros(((shot + told) * cell + GAP, way * cell, 3), np.uint8)
    paper[:] = (14, 17, 22)
    for number, image in enumerate(support):
        place(paper, image, number % shot, number // shot, QUIET, scale)
    for number, image in enumerate(target):
        frame = QUIET
        if predictions is not None and episode["labels"]:
            frame = RIGHT if predictions[number] == episode["labels"][number] else WRONG
        place(paper, image, shot + number % told, number // told, frame, scale, GAP)
    return paper


def place(
    paper: Picture, image: Picture, row: int, column: int, frame: tuple[int, int, int], scale: int, down: int = 0
) -> None:
    """Draw one image with its frame into the sheet."""
    cell = scale * SIDE + 2 * FRAME + GAP
    top, left = row * cell + down, column * cell
    paper[top : top + cell - GAP, left : left + cell - GAP] = frame
    inside = np.kron(image, np.ones((scale, scale), np.uint8))[..., None]
    paper[top + FRAME : top + cell - GAP - FRAME, left + FRAME : left + cell - GAP - FRAME] = inside
