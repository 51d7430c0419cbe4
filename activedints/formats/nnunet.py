"""nnU-Net's raw format, in and out (Isensee et al., Nature Methods 2021): one 3-D file per channel, numbered.

``DatasetNNN_Name/imagesTr/CASE_0000.nii.gz``, ``labelsTr/CASE.nii.gz``, ``imagesTs``; dataset.json names channels by
number and labels by name. Its ignore label is the highest label; ours is 255, so label maps that use it are rewritten.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from activedints.core.errors import InvalidFile, InvalidLabels, UnsafePath
from activedints.core.job import Report, silent
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE
from activedints.formats.case import CaseSource, Listing
from activedints.formats.export import (
    ExportCase,
    all_simulated,
    empty_folder,
    one_channel_list,
    read_stored,
    write_json,
    write_ras,
)
from activedints.formats.msd import read_channels, read_json
from activedints.formats.names import inside, shown, whole
from activedints.formats.nifti import read_labelmap

NUMBERED = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})\.nii(\.gz)?$")


def is_nnunet(facts: dict[str, Any]) -> bool:
    """Whether a dataset.json is nnU-Net's: it names a file ending and lists no cases."""
    return "file_ending" in facts and not facts.get("training")


def only_dataset(path: Path) -> Path:
    """``path``, or the one data set ``Dataset...`` inside it, as in an export or in nnU-Net's folder of raw data."""
    if not path.is_dir() or (path / "dataset.json").is_file():
        return path
    found = sorted(place for place in path.glob("Dataset*") if (place / "dataset.json").is_file())
    if len(found) > 1:
        names = ", ".join(shown(place.name) for place in found[:3])
        raise InvalidFile(f"{whole(path)} must be one data set; it holds {len(found)} ({names}): name one of them.")
    return found[0] if found else path


def list_cases(path: Path) -> Listing:
    """Candidates of a raw data set: every case number of imagesTr and imagesTs, with its label where there is one."""
    file = path if path.name == "dataset.json" else path / "dataset.json"
    facts = read_json(file)
    if facts.get("file_ending", ".nii.gz") not in (".nii.gz", ".nii"):
        raise InvalidFile(
            f"{shown(file)} must use NIfTI files; its file_ending is {str(facts['file_ending'])[:20]}: convert them."
        )
    channels = read_channels(facts, file)
    labels, ignore = _labels(facts, file)
    cases: list[CaseSource] = []
    problems: dict[str, str] = {}
    for part in ("Tr", "Ts"):
        for name, files in _numbered(file.parent / f"images{part}").items():
            missing = [f"{i:04d}" for i in range(len(channels)) if i not in files]
            surplus = [f"{i:04d}" for i in files if i >= len(channels)]
            if missing or surplus:
                problems[shown(name)] = (
                    f"Case {shown(name)} must have one file for each of the {len(channels)} channels; "
                    f"{'missing' if missing else 'surplus'} {', '.join(missing or surplus)}: complete images{part}."
                )
                continue
            try:
                images = tuple(_kept(file.parent, files[i]) for i in range(len(channels)))
                label = next((p for p in _label_files(file.parent, part, name) if p.exists()), None)
                kept = _kept(file.parent, label) if label else None
                cases.append(CaseSource(name, images, channels, kept, ignore=ignore))
            except UnsafePath as fault:
                problems[shown(name)] = str(fault)
    return Listing(tuple(cases), labels, channels, problems, facts.get("simulated") is True)


def _numbered(folder: Path) -> dict[str, dict[int, Path]]:
    """case -> channel number -> file, of the files in ``folder`` that are named so."""
    found: dict[str, dict[int, Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (match := NUMBERED.match(path.name)) and not path.name.startswith("."):
            found.setdefault(match["case"], {})[int(match["channel"])] = path
    return found


def _kept(root: Path, path: Path) -> Path:
    """``path``, found below ``root``, unless a link leads out of it."""
    return inside(root, path.relative_to(root), path.parent.name)


def _label_files(root: Path, part: str, name: str) -> list[Path]:
    return [root / f"labels{part}" / f"{name}{ending}" for ending in (".nii.gz", ".nii")]


def _labels(facts: dict[str, Any], file: Path) -> tuple[LabelSet | None, int | None]:
    """Label set and the value of the ignore label. A region (``"whole": [1, 2]``) names no single value."""
    named = facts.get("labels") or {}
    values: dict[int, str] = {0: "background"}
    ignore = None
    try:
        for name, value in named.items():
            if name == "ignore":
                ignore = int(value)
            elif isinstance(value, list):
                for part in value:
                    values.setdefault(int(part), f"label {int(part)}")
            else:
                values[int(value)] = str(name)
    except (AttributeError, TypeError, ValueError):
        raise InvalidLabels(
            f"{shown(file)} must map label names to numbers or lists of numbers; it has {str(named)[:80]}: correct it."
        ) from None
    values.pop(IGNORE, None)
    ordered = sorted(values)
    if len(ordered) < 2:
        return None, ignore
    return LabelSet(tuple(ordered), tuple(values[v] for v in ordered)), ignore


def export_nnunet(
    cases: Sequence[ExportCase], labels: LabelSet, out: Path, report: Report = silent, number: int = 1
) -> list[Path]:
    """``out/DatasetNNN_NAME``, NAME that of ``out`` in safe letters: annotated cases in imagesTr, others in imagesTs.

    Label values become 0, 1, 2, ... in the order of the label set, as nnU-Net demands, and voxels that nobody
    annotated the next number, named "ignore".
    """
    channels = one_channel_list(cases)
    name = re.sub(r"[^A-Za-z0-9]+", "_", out.resolve().name).strip("_")[:100] or "export"
    folder = empty_folder(out, cases) / f"Dataset{number:03d}_{name}"
    for part in ("imagesTr", "labelsTr", "imagesTs"):
        (folder / part).mkdir(parents=True)
    written: list[Path] = []
    partly = False
    for position, case in enumerate(cases, start=1):
        like = case.images[0]
        stored = read_stored(case.images, like)
        for index in range(len(channels)):
            part = "imagesTr" if case.annotation else "imagesTs"
            written.append(folder / part / f"{case.name}_{index:04d}.nii.gz")
            write_ras(written[-1], stored[..., index], like)
        if case.annotation:
            classes = labels.index_of(read_labelmap(case.annotation, like).array)
            partly |= bool((classes == IGNORE).any())
            classes[classes == IGNORE] = labels.classes
            written.append(folder / "labelsTr" / f"{case.name}.nii.gz")
            write_ras(written[-1], classes, like)
        report(position, len(cases), f"exported {case.name}")
    names = {name: index for index, name in enumerate(labels.names)}
    facts = {
        "channel_names": {str(index): channel for index, channel in enumerate(channels)},
        "labels": names | ({"ignore": labels.classes} if partly else {}),
        "simulated": all_simulated(cases),
        "numTraining": sum(case.annotation is not None for case in cases),
        "file_ending": ".nii.gz",
        "name": out.name,
    }
    written.append(write_json(folder / "dataset.json", facts))
    return written
