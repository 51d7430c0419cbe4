"""Plain NIfTI folders: 4-D files, or one folder per case with one file per channel found by a pattern."""

import os
from pathlib import Path

from activedints.core.errors import ActiveDintsError, InvalidChannels, InvalidFile
from activedints.core.settings import LabelSet
from activedints.formats.case import CaseSource, Listing
from activedints.formats.header import read_header
from activedints.formats.names import check_channel_names, inside, shown, stem, whole

RESERVED = ("label", "brain")
"""``--channel label=GLOB`` and ``--channel brain=GLOB`` name the label map and the brain mask of each case."""
LABEL_ENDINGS = ("_label", "_labels", "_seg", "_mask")


def list_cases(path: Path, channel_globs: dict[str, str] | None) -> Listing:
    """Candidates under ``path``; with patterns one folder per case (or ``path`` itself), else one 4-D file per case."""
    return _by_pattern(path, channel_globs) if channel_globs else _by_file(path)


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, without hidden files and the ``._`` twins that macOS leaves."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith("."))


def is_nifti(path: Path) -> bool:
    return path.name.lower().endswith((".nii", ".nii.gz"))


def _by_pattern(path: Path, globs: dict[str, str]) -> Listing:
    if not path.is_dir():
        raise InvalidFile(f"{whole(path)} must be a folder of cases when --channel is given; it is a file: name it.")
    alone = any(_matches(path, pattern) for pattern in globs.values())
    places = [path] if alone else [p for p in visible(path) if p.is_dir()]
    if not places:
        raise InvalidFile(f"{whole(path)} must hold one folder per case; it holds none: check the path.")
    return by_pattern(path, {place.resolve().name: place for place in places}, globs)


def by_pattern(root: Path, places: dict[str, Path], globs: dict[str, str], labels: LabelSet | None = None) -> Listing:
    """One candidate per case name and folder, each channel being the one file there that matches its pattern."""
    channels = tuple(name for name in globs if name not in RESERVED)
    check_channel_names(channels, "--channel")
    cases: list[CaseSource] = []
    problems: dict[str, str] = {}
    for case, place in places.items():
        try:
            found = {name: file for name in globs if (file := _one(root, place, name, globs[name]))}
            images = tuple(found[name] for name in channels)
            cases.append(CaseSource(case, images, channels, found.get("label"), brain=found.get("brain")))
        except ActiveDintsError as fault:
            problems[shown(case)] = str(fault)
    return Listing(tuple(cases), labels, channels, problems)


def _matches(folder: Path, pattern: str) -> list[Path]:
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise InvalidChannels(
            f"The pattern of a channel must lie inside the case folder; it is {pattern!r}: write for example '*flair*'."
        )
    return sorted(p for p in folder.glob(pattern) if not p.name.startswith("."))


def _one(root: Path, folder: Path, channel: str, pattern: str) -> Path | None:
    found = _matches(folder, pattern)
    if not found and channel in RESERVED:
        return None
    if len(found) != 1:
        raise InvalidChannels(
            f"Case {shown(folder.name)} must have one file for {channel} ({pattern}); it has {len(found)}"
            f"{f' {[p.name for p in found[:3]]}' if found else ''}: add it or narrow the pattern."
        )
    return inside(root, found[0].relative_to(root), f"--channel {channel}")


def channel_file(folder: Path, channel: str, pattern: str) -> Path:
    """The file that is called ``pattern``, else the one file in ``folder`` that matches it."""
    if os.path.lexists(pattern):
        return Path(pattern)
    found = _one(folder, folder, channel, pattern) if folder.is_dir() else None
    if found is None:
        raise InvalidFile(f"{whole(pattern)} does not exist: name the file of channel {channel}.")
    return found


def _by_file(path: Path) -> Listing:
    files = [path] if path.is_file() else [p for p in visible(path) if is_nifti(p)]
    names = {stem(p): p for p in files}
    labels = {n: p for n, p in names.items() for end in LABEL_ENDINGS if n.endswith(end) and n[: -len(end)] in names}
    cases: list[CaseSource] = []
    problems: dict[str, str] = {}
    channels: tuple[str, ...] = ()
    for name, file in names.items():
        if name in labels:
            continue
        try:
            inside(path if path.is_dir() else path.parent, file.name, shown(path))
            count = read_header(file).channels
            channels = channels or tuple(f"channel {i}" for i in range(count))
            label = next((labels[name + end] for end in LABEL_ENDINGS if name + end in labels), None)
            note = f"{shown(file)} does not name its channels; they are called {', '.join(channels)}."
            cases.append(CaseSource(name, (file,), channels, label, warnings=(note,)))
        except ActiveDintsError as fault:
            problems[shown(file.name)] = str(fault)
    return Listing(tuple(cases), None, channels, problems)
