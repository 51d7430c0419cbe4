"""A case's images as a viewer of single channels wants them, and the case that comes next, gathered ahead."""

from pathlib import Path

from activedints.formats.channels import channel_files
from activedints.loop.reading import OpenCase
from activedints.store.database import Store


def cache(store: Store) -> Path:
    """Where files lie that can be made again at any time."""
    return store.folder / "cache" / "viewer"


def channels(store: Store, opened: OpenCase) -> tuple[tuple[str, Path], ...]:
    """(name, 3-D file on the source grid) of every channel that holds an image; absent ones are left out."""
    files = [file for image in opened.images for file in channel_files(image, cache(store))]
    return tuple((name, file) for name, file in zip(opened.channels, files) if name not in opened.absent)
