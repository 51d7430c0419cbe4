"""What a page hands to the viewer, and what it hears back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from activedints.core.volume import Box

EventKind = Literal["draft", "submit", "skip", "flag"]


@dataclass(frozen=True)
class Spot:
    """One connected place where the model is unsure: ``mm`` its centre (RAS), its volume, its Score, a sentence."""

    mm: tuple[float, float, float]
    mL: float
    score: float
    text: str


@dataclass(frozen=True)
class ViewerInput:
    """One Case as the viewer opens it. All files lie on the source grid, one 3-D file per channel.

    ``labels`` are (value, name) of the foreground, in the label set's order (their colours come from ui.colours).
    ``segmentation`` is the starting label map: a draft, an earlier Annotation or an autosaved drawing; IGNORE voxels
    in it open as background, since ``regions`` already say what is annotated. ``uncertainty`` is a heat map in 0..1.
    ``versions`` are earlier label maps of the same case to compare with, named as the reader should read them.
    ``regions`` are voxel boxes on the source grid; where there are any, nothing outside of them can be painted.
    ``rules`` are (inner value, outer values): islands of the inner label that touch none of the outer ones are named
    before a submission leaves. ``verdict`` says how far the spots are to be trusted. ``maps`` are (measure, its name)
    that may be asked for (``label_maps``: of one label too), ``help`` the questions that are answered: of 'refine',
    'predict', 'prompt'. Inside ``brain``, a mask, the automatic window of each channel is found. ``difficulties`` are
    the words for how hard a case was.
    """

    case_id: int
    title: str
    channels: list[tuple[str, Path]]
    labels: list[tuple[int, str]]
    segmentation: Path | None = None
    uncertainty: Path | None = None
    spots: list[Spot] = field(default_factory=list)
    notes: str = ""
    read_only: bool = False
    regions: list[Box] = field(default_factory=list)
    versions: list[tuple[str, Path]] = field(default_factory=list)
    seconds: float = 0.0
    rules: list[tuple[int, list[int]]] = field(default_factory=list)
    verdict: str = ""
    maps: list[tuple[str, str]] = field(default_factory=list)
    label_maps: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    brain: Path | None = None
    difficulties: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViewerEvent:
    """What the reader did. ``array`` (x, y, z) uint8 in the FILE's voxel order, validated; None for a skip.

    ``number`` counts the messages of one browser session; ``seconds`` is the active time on this case so far.
    ``regions`` are boxes on the source grid where the reader finished only these, else none.
    """

    kind: EventKind
    number: int
    array: npt.NDArray[np.uint8] | None
    seconds: float
    reason: str
    regions: tuple[Box, ...] = ()
    difficulty: str = ""


@dataclass(frozen=True)
class ViewerQuestion:
    """What the reader asks the model: ``do`` is 'prepare', 'refine', 'predict', 'prompt' or 'map'.

    ``box`` is in voxels of the browser's RAS+ grid, half-open; ``label`` and ``scribble`` (1 where drawn) are its
    voxels (x, y, z) uint8. ``value`` is the scribble's label, or the label that a map is about (0: all);
    ``channel`` is the one that the reader looks at.
    """

    do: str
    number: int
    box: Box | None = None
    label: npt.NDArray[np.uint8] | None = None
    scribble: npt.NDArray[np.uint8] | None = None
    value: int = 0
    measure: str = ""
    channel: str = ""


@dataclass(frozen=True)
class ViewerAnswer:
    """The answer: a sentence, and a label map of the question's box (RAS+) or the file of a map."""

    text: str
    label: npt.NDArray[np.uint8] | None = None
    map: Path | None = None
