"""Voxels of one NIfTI file, read once, never more than its header declared, and what is wrong with them."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile, InvalidGeometry, InvalidLabels
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE
from activedints.formats.header import Header, open_nifti, read_header, truncated
from activedints.formats.names import shown

CHUNK = 2**22
MOST_TRAILING = 2**20


def read_raw(header: Header) -> npt.NDArray:
    """The stored numbers in file order, (x, y, z) or (x, y, z, channel), native byte order, not yet scaled.

    InvalidFile if the file is cut short, damaged (the gzip checksum is verified) or goes on after its voxels.
    """
    array = np.empty(header.voxel_bytes, np.uint8)
    view, filled = memoryview(array), 0
    try:
        with open_nifti(header.path) as file:
            file.seek(header.offset)
            while filled < len(view) and (count := file.readinto(view[filled : filled + CHUNK])):  # type: ignore[attr-defined]
                filled += count
            if filled < len(view):
                raise truncated(header.path, header.offset + len(view), header.offset + filled)
            # to the end, because only there the gzip checksum is compared
            trailing = 0
            while chunk := file.read(2**16):
                trailing += len(chunk)
                if trailing > MOST_TRAILING:
                    raise InvalidFile(
                        f"{shown(header.path)} must end with its voxels; it goes on for more than "
                        f"{MOST_TRAILING // 2**20} MiB after them: re-save it."
                    )
    except EOFError:
        raise truncated(header.path, header.offset + len(view), header.offset + filled) from None
    except (zlib.error, gzip.BadGzipFile) as fault:
        raise InvalidFile(f"{shown(header.path)} is a damaged gzip file ({fault}): copy it again.") from None
    stored = array.view(header.dtype).reshape(header.shape, order="F")
    return stored if header.dtype.isnative else stored.astype(header.dtype.newbyteorder("="))


def scale(header: Header, raw: npt.NDArray) -> npt.NDArray[np.float32]:
    """Stored numbers -> intensities as float32, ``scl_slope`` and ``scl_inter`` applied."""
    if not header.scaled:
        return raw.astype(np.float32)
    wide = np.float32 if header.dtype.itemsize <= 2 else np.float64
    return (raw.astype(wide) * wide(header.slope) + wide(header.intercept)).astype(np.float32)


@dataclass(frozen=True)
class ImageFacts:
    """What one reading of an image file tells: its header, and the names of channels that are all zero."""

    header: Header
    absent: tuple[str, ...]
    warnings: tuple[str, ...]


def check_image(header: Header, channels: tuple[str, ...]) -> ImageFacts:
    """Read the voxels once: InvalidFile for non-finite ones; channels that are all zero are reported as absent."""
    raw = read_raw(header)
    raw = raw.reshape(*raw.shape[:3], -1)
    absent, warnings = [], list(header.warnings)
    for index, channel in enumerate(channels):
        values = raw[..., index]
        low, high = float(values.min()), float(values.max())  # a NaN anywhere makes both NaN
        ends = [low * header.slope + header.intercept, high * header.slope + header.intercept]
        if not np.isfinite(ends).all() or np.abs(ends).max() > np.finfo(np.float32).max:
            bad = values.size - int(np.isfinite(values).sum())
            if not bad:
                raise InvalidFile(
                    f"{shown(header.path)} must hold finite intensities of at most 3.4e38 (float32); channel {channel} "
                    f"goes from {ends[0]:g} to {ends[1]:g}: rescale it and re-save it."
                )
            raise InvalidFile(
                f"{shown(header.path)} must hold finite intensities; channel {channel} has {bad} voxels that are "
                f"NaN or infinite (range {ends[0]:g} to {ends[1]:g}): replace them, for example by 0, and re-save it."
            )
        if ends == [0.0, 0.0]:
            absent.append(channel)
            warnings.append(f"{shown(header.path)}: channel {channel} is all zero; it is taken as absent.")
        elif low == high:
            warnings.append(f"{shown(header.path)}: channel {channel} is {ends[0]:g} everywhere; is it the right file?")
    return ImageFacts(header, tuple(absent), tuple(warnings))


def read_label_raw(header: Header) -> npt.NDArray[np.uint8]:
    """The label values (x, y, z) in file order; InvalidLabels for floats, fractions and values outside 0..255."""
    cure = "re-save it as a label map of integers (uint8)"
    name = shown(header.path)
    if header.channels != 1:
        raise InvalidLabels(f"{name} must be one label map; it has {header.channels} along a fourth axis: {cure}.")
    if header.dtype.kind == "f":
        raise InvalidLabels(f"{name} must hold label numbers as integers; it is stored as {header.dtype}: {cure}.")
    if header.scaled and (header.slope % 1 or header.intercept % 1):
        raise InvalidLabels(
            f"{name} must hold label numbers as integers; its intensities are scaled by {header.slope:g} and shifted "
            f"by {header.intercept:g}: {cure}."
        )
    raw = read_raw(header).reshape(header.grid.shape, order="F")
    slope, intercept = int(header.slope), int(header.intercept)
    low, high = sorted((int(raw.min()) * slope + intercept, int(raw.max()) * slope + intercept))
    if low < 0 or high > IGNORE:
        raise InvalidLabels(f"{name} must hold label numbers of 0 to {IGNORE}; it has {low} to {high}: {cure}.")
    if header.scaled:
        raw = raw.astype(np.int64) * slope + intercept
    return raw.astype(np.uint8, copy=False)


def label_values(label: npt.NDArray[np.uint8]) -> tuple[int, ...]:
    """The values that occur, rising.

    >>> label_values(np.array([[0, 2], [2, 5]], np.uint8))
    (0, 2, 5)
    """
    return tuple(np.flatnonzero(np.bincount(label.ravel(order="K"), minlength=256)).tolist())


def check_label(path: Path, image: Header, labels: LabelSet | None) -> tuple[int, ...]:
    """Check a label file against its image and label set; the label values that it holds."""
    header = read_header(path)
    check_same_grid(header, image, "the images of its case")  # which may lie in a store, under a name of no use
    values = label_values(read_label_raw(header))
    if labels and (unknown := sorted(set(values) - set(labels.values) - {IGNORE})):
        known = ", ".join(f"{v} {n}" for v, n in zip(labels.values, labels.names))
        raise InvalidLabels(
            f"{shown(path)} must hold only the labels of dataset.json ({known}); it also has "
            f"{', '.join(map(str, unknown))}: relabel the file or name the label there."
        )
    return values


def check_same_grid(header: Header, image: Header, called: str = "") -> None:
    """InvalidGeometry unless ``header`` and ``image`` (``called`` so, or by its path) hold the same voxels in place."""
    mine, theirs = header.grid.ras, image.grid.ras
    what = "shape" if mine.shape != theirs.shape else "affine"
    if not header.grid.matches(image.grid):
        raise InvalidGeometry(
            f"The {what} of {shown(header.path)} must be that of {called or shown(image.path)}; it has "
            f"{header.grid}, the other {image.grid}: resample it onto the other's grid."
        )
