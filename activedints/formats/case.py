"""A case as files on disk, before any voxel is loaded."""

from dataclasses import dataclass
from pathlib import Path

from activedints.core.settings import LabelSet


@dataclass(frozen=True)
class CaseSource:
    """A case on disk, checked. ``images``: one 4-D file (channels last) or one 3-D file per channel."""

    name: str
    images: tuple[Path, ...]
    channels: tuple[str, ...]
    label: Path | None = None
    absent: tuple[str, ...] = ()
    """Channels that are all zero: accepted, with a warning, and left out of normalisation."""
    warnings: tuple[str, ...] = ()
    brain: Path | None = None
    ignore: int | None = None
    """Value that means "not annotated" in the label file, where it is not our 255; conversion rewrites it."""
    originals: tuple[Path, ...] = ()
    """What ``images`` were made from, where DICOM was converted or a channel resampled; else empty."""
    done: tuple[str, ...] = ()
    """What was done to get from ``originals`` to ``images``, one sentence each, to be shown."""


@dataclass(frozen=True)
class Dataset:
    """What ``read_dataset`` found. ``problems``: unusable case or file -> the one sentence why."""

    cases: tuple[CaseSource, ...]
    labels: LabelSet | None
    channels: tuple[str, ...]
    problems: dict[str, str]
    simulated: bool = False
    """``dataset.json`` says so: these cases were made by a program."""


@dataclass(frozen=True)
class Listing:
    """What a layout (dataset.json, folders) names, unchecked: candidates, and entries that are already hopeless."""

    cases: tuple[CaseSource, ...]
    labels: LabelSet | None
    channels: tuple[str, ...]
    problems: dict[str, str]
    simulated: bool = False
