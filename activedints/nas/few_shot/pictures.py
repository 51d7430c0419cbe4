"""Classes from pictures of one's own: ``FOLDER/CLASS/*.png``, 28 x 28 grey, as many in every class."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.nas.few_shot.episodes import SIZE, EpisodePlan, ImageClasses, from_drawings

GREY = ("1", "L")
"""Modes of Pillow that are taken as they are: black and white, and 8-bit grey."""


def read_folder(folder: Path) -> ImageClasses:
    """One class per subfolder, in the order of the alphabet; dark-on-light pictures are inverted.

    NotFound, InvalidFile or InvalidSettings say in one sentence what is wrong.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder: name one that holds a folder of pictures per class.")
    classes = {place.name: sorted(place.glob("*.png")) for place in sorted(folder.iterdir()) if place.is_dir()}
    classes = {name: files for name, files in classes.items() if files}
    if not classes:
        raise InvalidSettings(f"{folder} must hold a folder of PNG pictures per class; it holds none: add them.")
    return from_drawings([[read_picture(file) for file in files] for files in classes.values()], list(classes))


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """A grey picture of 28 x 28 -> uint8, ink bright."""
    name = f"{path.parent.name}/{path.name}"
    try:
        with Image.open(path, formats=["PNG"]) as image:
            mode, size = image.mode, image.size
            grey = np.asarray(image.convert("L"), np.uint8) if mode in GREY and size == (SIZE, SIZE) else None
    except (UnidentifiedImageError, OSError, ValueError) as fault:
        raise InvalidFile(f"{name} cannot be read as PNG ({fault}): save it again.") from None
    if grey is None:
        raise InvalidFile(
            f"{name} is {size[0]} x {size[1]} of mode {mode}; pictures must be {SIZE} x {SIZE} in grey (mode L): "
            "resize and convert it."
        )
    return 255 - grey if np.median(grey) > 127 else grey


def in_order(images: ImageClasses, shot: int) -> EpisodePlan:
    """One episode of all classes: the first ``shot`` pictures of each are learned from, the rest are told."""
    each = images.images.shape[1]
    if not 1 <= shot < each:
        raise InvalidSettings(
            f"{shot} of each class to learn from leave none of its {each} picture(s) to be told: add pictures or "
            "ask for fewer."
        )
    classes = np.arange(len(images))[None]
    examples = np.tile(np.arange(each), (1, len(images), 1))
    return EpisodePlan(classes, np.zeros_like(classes), examples, shot)
