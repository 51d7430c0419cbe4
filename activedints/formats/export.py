"""What was made, out of the workspace: label maps on their source grids, plain or as an MSD data set.

Every format takes the same ExportCase rows and an empty folder, and names in ``dataset.json`` or ``cases.json`` what
each file is. Images are written anew from their voxels, so that no header text of theirs travels along.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.core.settings import LabelSet
from activedints.formats.header import read_header
from activedints.formats.names import safe_name, whole
from activedints.formats.nifti import ras_order, read_labelmap, write_labelmap, write_map
from activedints.formats.voxels import check_same_grid, read_raw, scale


@dataclass(frozen=True)
class ExportCase:
    """One case to export. ``annotation`` and ``prediction`` are label files on the grid of ``images``.

    ``maps`` are further files on that grid by name (``{"entropy": path}``); ``facts`` go into the case's JSON
    (reader, version, time, checkpoint): plain JSON values.
    """

    name: str
    images: tuple[Path, ...]
    channels: tuple[str, ...]
    annotation: Path | None = None
    prediction: Path | None = None
    maps: dict[str, Path] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def export_nifti(cases: Sequence[ExportCase], labels: LabelSet, out: Path, report: Report = silent) -> list[Path]:
    """``out/NAME/NAME_annotation.nii.gz``, ``_prediction``, ``_MAP``, and ``out/cases.json``; the paths written."""
    folder = empty_folder(out, cases)
    written: list[Path] = []
    rows = []
    for number, case in enumerate(cases, start=1):
        place = folder / case.name
        place.mkdir()
        row: dict[str, Any] = {"name": case.name, "channels": list(case.channels), **case.facts}
        for what, source in (("annotation", case.annotation), ("prediction", case.prediction)):
            if source:
                row[what] = f"{case.name}/{case.name}_{what}.nii.gz"
                copy_label(folder / row[what], source, case.images[0])
                written.append(folder / row[what])
        for what, source in case.maps.items():
            row[safe_name(what, "name of a map")] = f"{case.name}/{case.name}_{what}.nii.gz"
            copy_image(folder / row[what], (source,), case.images[0])
            written.append(folder / row[what])
        rows.append(row)
        report(number, len(cases), f"exported {case.name}")
    written.append(write_json(folder / "cases.json", {"labels": label_names(labels), "cases": rows}))
    return written


def export_msd(cases: Sequence[ExportCase], labels: LabelSet, out: Path, report: Report = silent) -> list[Path]:
    """An MSD data set: cases with an annotation under ``training``, the others under ``test`` (label: none).

    Voxels that nobody annotated keep the value 255. ``read_dataset(out)`` reads it back.
    """
    channels = one_channel_list(cases)
    folder = empty_folder(out, cases)
    for part in ("imagesTr", "labelsTr", "imagesTs"):
        (folder / part).mkdir()
    written: list[Path] = []
    training, test = [], []
    for number, case in enumerate(cases, start=1):
        image = f"{'imagesTr' if case.annotation else 'imagesTs'}/{case.name}.nii.gz"
        written.append(copy_image(folder / image, case.images, case.images[0]))
        if case.annotation:
            label = f"labelsTr/{case.name}.nii.gz"
            written.append(copy_label(folder / label, case.annotation, case.images[0]))
            training.append({"image": f"./{image}", "label": f"./{label}"})
        else:
            test.append(f"./{image}")
        report(number, len(cases), f"exported {case.name}")
    facts = {
        "name": out.name,
        "tensorImageSize": "4D" if len(channels) > 1 else "3D",
        "modality": {str(index): channel for index, channel in enumerate(channels)},
        "labels": label_names(labels),
        "simulated": all_simulated(cases),
        "numTraining": len(training),
        "numTest": len(test),
        "training": training,
        "test": test,
    }
    written.append(write_json(folder / "dataset.json", facts))
    return written


def empty_folder(out: Path, cases: Sequence[ExportCase]) -> Path:
    """Make ``out``; InvalidSettings if something lies in it or nothing is to be exported, UnsafePath for a bad name."""
    if not cases:
        raise InvalidSettings("An export needs at least one case; none was chosen: choose cases.")
    for case in cases:
        safe_name(case.name)
    check_empty(out)
    out.mkdir(parents=True, exist_ok=True)
    return out


def check_empty(out: Path) -> None:
    """InvalidSettings for anything that is there and no empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidSettings(f"An export needs an empty folder; {whole(out)} is not one: name a new folder.")


def one_channel_list(cases: Sequence[ExportCase]) -> tuple[str, ...]:
    """The channels that all cases share; InvalidSettings if they differ, because the format has one list for all."""
    lists = list(dict.fromkeys(case.channels for case in cases))
    if len(lists) > 1:
        raise InvalidSettings(
            f"This format has one list of channels for all cases; there are {lists[:3]}: export each kind by itself."
        )
    return lists[0] if lists else ()


def all_simulated(cases: Sequence[ExportCase]) -> bool:
    """Whether a program made every case: what ``dataset.json`` then says, and an import believes."""
    return all(case.facts.get("simulated") is True for case in cases)


def label_names(labels: LabelSet) -> dict[str, str]:
    """As MSD's dataset.json writes them: value -> name."""
    return {str(value): name for value, name in zip(labels.values, labels.names)}


def copy_label(path: Path, source: Path, like: Path) -> Path:
    """Write the label file ``source`` anew as uint8; InvalidGeometry unless it lies on the grid of ``like``."""
    write_labelmap(path, read_labelmap(source, like), like)
    return path


def copy_image(path: Path, sources: Sequence[Path], like: Path) -> Path:
    """Write one file with the channels of ``sources`` stacked last, on the grid of ``like``."""
    stacked = read_stored(sources, like)
    write_ras(path, stacked if stacked.shape[-1] > 1 else stacked[..., 0], like)
    return path


def read_stored(sources: Sequence[Path], like: Path) -> npt.NDArray:
    """The channels of ``sources`` (x, y, z, channel), RAS+ order of ``like``, on whose grid they must lie.

    Stored numbers are kept as they are where no file scales them and all have one type; else float32.
    """
    reference = read_header(like)
    headers = [read_header(source) for source in sources]
    for header in headers:
        check_same_grid(header, reference)
    plain = len({header.dtype.newbyteorder("=") for header in headers}) == 1 and not any(h.scaled for h in headers)
    parts = []
    for header in headers:
        raw = read_raw(header)
        stored = (raw if plain else scale(header, raw)).reshape(*header.grid.shape, -1)
        parts.append(ras_order(header.grid, reference.grid).to_ras(stored))
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def write_ras(path: Path, array: npt.NDArray, like: Path) -> None:
    """Write an array (x, y, z, ...) that is in the RAS+ order of ``like``, in its own type."""
    write_map(path, array, read_header(like).grid.ras.affine, like, array.dtype)


def write_json(path: Path, facts: dict[str, Any]) -> Path:
    """Readable JSON, written beside and renamed, so that a reader never meets half of it."""
    temporary = path.with_name(f".writing-{path.name}")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    return path
