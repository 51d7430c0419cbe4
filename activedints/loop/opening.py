"""A case's images as a viewer of single channels wants them, and the case that comes next, gathered ahead."""

from pathlib import Path

import numpy as np

from activedints.core.errors import InvalidSettings
from activedints.core.volume import IGNORE
from activedints.formats.channels import channel_files
from activedints.formats.export import copy_image
from activedints.formats.header import read_header
from activedints.formats.nifti import write_annotation
from activedints.formats.voxels import read_label_raw
from activedints.loop.gathering import OpenCase
from activedints.store.database import Store


def cache(store: Store) -> Path:
    """Where files lie that can be made again at any time."""
    return store.folder / "cache" / "viewer"


def map_file(store: Store, model_id: int, case_id: int, measure: str, about: int) -> Path:
    """Where the interactive lane puts a map that was asked for; InvalidSettings for a name that is no word."""
    if not measure.replace("_", "").isalpha():
        raise InvalidSettings(f"A measure is named by a word, not by '{measure[:40]}'.")
    return store.folder / "cache" / "maps" / f"{model_id}-{case_id}-{measure}-{int(about)}.nii.gz"


def starting_map(store: Store, opened: OpenCase) -> Path | None:
    """The label map that the case opens with: where only Regions were annotated, the model's draft fills the rest."""
    if opened.segmentation is None or opened.beneath is None:
        return opened.segmentation
    path = cache(store) / f"{opened.segmentation.name[:32]}-{opened.beneath.name[:32]}.nii.gz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        over, under = (read_label_raw(read_header(file)) for file in (opened.segmentation, opened.beneath))
        write_annotation(path, np.where(over == IGNORE, under, over).astype(np.uint8), like=opened.segmentation)
    return path


def channels(store: Store, opened: OpenCase) -> tuple[tuple[str, Path], ...]:
    """(name, 3-D file on the source grid) of every channel that holds an image; absent ones are left out."""
    images = [_turned(store, image, opened.images[0]) for image in opened.images]
    files = [file for image in images for file in channel_files(image, cache(store))]
    return tuple((name, file) for name, file in zip(opened.channels, files) if name not in opened.absent)


def _turned(store: Store, image: Path, first: Path) -> Path:
    """An image of a case with its axes in the order of the first one's, in which everything drawn is stored."""
    if read_header(image).grid.same(read_header(first).grid):
        return image
    path = cache(store) / f"{image.name[:32]}-as-{first.name[:32]}.nii.gz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        copy_image(path, (image,), like=first)
    return path
