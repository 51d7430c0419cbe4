"""A user's own images as a data set: one folder a class of PNG or JPEG files, or arrays that are handed in."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from skimage.transform import resize

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.nas.measured.drawing import SIDE
from activedints.nas.measured.image_sets import ImageSet, Part

SUFFIXES = (".png", ".jpg", ".jpeg")
LEAST = 8
"""Images a class below which a set is refused."""
MOST = 200
MOST_CLASSES = 20


def read_folder(folder: Path) -> ImageSet:
    """A folder with one folder a class. One sentence each for: no such folder, one class, too few images, an image that
    cannot be read, images of different size."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}; name one that holds a folder of images for each class.")
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(classes) < 2:
        raise InvalidSettings(
            f"{folder.name} holds {len(classes)} class folder(s); a data set needs two or more, one folder each."
        )
    found, size = [], None
    for place in classes:
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)[:MOST]
        images = [read_image(path) for path in files]
        for path, image in zip(files, images):
            size = size or image.shape
            if image.shape != size:
                raise InvalidFile(
                    f"{path.name} of class {place.name} has {image.shape[1]} x {image.shape[0]} pixels and the first "
                    f"image {size[1]} x {size[0]}; bring all images to one size."
                )
        found.append(np.stack([small(image) for image in images]) if images else np.zeros((0, SIDE, SIDE)))
    return from_arrays(folder.name, found, [place.name for place in classes])


def read_image(path: Path) -> npt.NDArray[np.float64]:
    """Grey values (y, x) between 0 and 1."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L"), float) / 255
    except (UnidentifiedImageError, OSError, ValueError) as fault:
        raise InvalidFile(f"{path.name} of class {path.parent.name} cannot be read as an image ({fault}).") from None


def small(image: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The middle square of an image, SIDE x SIDE."""
    side = min(image.shape)
    top, left = ((n - side) // 2 for n in image.shape)
    return resize(image[top : top + side, left : left + side], (SIDE, SIDE), anti_aliasing=side > SIDE)


def from_arrays(name: str, images: list[npt.NDArray[np.floating]], classes: list[str]) -> ImageSet:
    """A data set from pictures (image, SIDE, SIDE) a class; all of them are the training part.

    InvalidSettings for fewer than two classes, more than MOST_CLASSES, or a class with fewer than LEAST images.
    """
    if not 2 <= len(images) <= MOST_CLASSES:
        raise InvalidSettings(f"A data set here has 2 to {MOST_CLASSES} classes; '{name}' has {len(images)}.")
    for kind, own in zip(classes, images):
        if len(own) < LEAST:
            raise InvalidSettings(
                f"Class '{kind}' of '{name}' has {len(own)} image(s), {LEAST} are needed; add images or leave it out."
            )
    every = np.concatenate(images)
    if every.std() < 1e-6:
        raise InvalidSettings(f"All images of '{name}' are of one grey value, so there is nothing to tell apart.")
    labels = np.repeat(np.arange(len(images)), [len(own) for own in images])
    part = Part(((every - every.mean()) / every.std()).astype(np.float32), labels)
    empty = Part(part.images[:0], labels[:0])
    return ImageSet(name, "yours", len(images), part, empty, empty)
