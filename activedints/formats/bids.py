"""Brain Imaging Data Structure: raw subjects in, label maps out as derivatives (Gorgolewski et al. 2016, BIDS 1.10).

``sub-01/[ses-02/]anat/sub-01_ses-02_ce-gadolinium_T1w.nii.gz`` is channel ``ce-gadolinium_T1w`` of case
``sub-01_ses-02``. Without patterns, the channels are those that every case has.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from activedints.core.errors import DuplicateCase, InvalidChannels, InvalidFile, UnsafePath
from activedints.core.job import Report, silent
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE
from activedints.formats import folders
from activedints.formats.case import CaseSource, Listing
from activedints.formats.export import ExportCase, copy_image, copy_label, empty_folder, write_json
from activedints.formats.header import open_regular
from activedints.formats.names import inside, shown, stem, whole

VERSION = "1.10.0"
NO_SCAN = ("dseg", "probseg", "mask", "map")
"""Suffixes of derivatives: labels and maps, never a channel."""
NOT_A_CONTRAST = ("sub", "ses", "run", "acq", "rec")
"""Entities that tell apart repetitions of one contrast, so that they are not part of a channel's name."""


def is_bids(path: Path) -> bool:
    return (path / "dataset_description.json").is_file()


def list_cases(path: Path, channel_globs: dict[str, str] | None = None) -> Listing:
    """One candidate per ``anat`` folder of a subject (and session); ``channel_globs`` are matched inside it."""
    places = sorted([*path.glob("sub-*/anat"), *path.glob("sub-*/ses-*/anat")])
    if not places:
        raise InvalidFile(f"{whole(path)} must hold sub-*/anat folders; it holds none: name the root of the data set.")
    labels = _label_names(path)
    if channel_globs:
        by_name = {_case_name(place): place for place in places}
        found = folders.by_pattern(path, by_name, channel_globs, labels)
        return replace(found, cases=tuple(_with_derivatives(path, by_name[case.name], case) for case in found.cases))
    problems: dict[str, str] = {}
    scans: dict[Path, dict[str, Path]] = {}
    for place in places:
        try:
            scans[place] = _channels(path, place)
        except (InvalidChannels, UnsafePath) as fault:
            problems[_case_name(place)] = str(fault)
    shared = sorted(set.intersection(*(set(found) for found in scans.values()))) if scans else []
    if scans and not shared:
        raise _nothing_shared(path, sorted({channel for found in scans.values() for channel in found}))
    cases = []
    for place, found in scans.items():
        left = sorted(set(found) - set(shared))
        note = (f"{_case_name(place)} also has {', '.join(left)}, which not every case has; left out.",) if left else ()
        images = tuple(found[channel] for channel in shared)
        case = CaseSource(_case_name(place), images, tuple(shared), warnings=note)
        cases.append(_with_derivatives(path, place, case))
    return Listing(tuple(cases), labels, tuple(shared), problems)


def _nothing_shared(path: Path, seen: list[str]) -> InvalidChannels:
    if not seen:  # as in an export, which holds what was drawn and not what it was drawn on
        return InvalidChannels(
            f"The sub-*/anat folders of {whole(path)} must hold images; they hold none besides label maps and maps: "
            "name the data set with the images."
        )
    return InvalidChannels(
        f"The cases of {whole(path)} must share a channel; they have {', '.join(seen[:8])}, none of them in every "
        "case: write a pattern for each channel (FLAIR=*FLAIR*)."
    )


def _case_name(place: Path) -> str:
    return "_".join(part for part in place.parts[-3:-1] if part.startswith(("sub-", "ses-")))


def _channels(root: Path, place: Path) -> dict[str, Path]:
    """channel -> file; InvalidChannels if two files are one contrast (runs): a pattern has to choose."""
    found: dict[str, Path] = {}
    for file in folders.visible(place):
        if not folders.is_nifti(file):
            continue
        *entities, suffix = stem(file).split("_")
        if suffix in NO_SCAN:
            continue
        channel = "_".join([e for e in entities if e.split("-")[0] not in NOT_A_CONTRAST] + [suffix])
        if channel in found:
            raise InvalidChannels(
                f"Case {_case_name(place)} must have one file of {shown(channel)}; it has {shown(found[channel].name)} "
                f"and {shown(file.name)}: choose one by a pattern for each channel (FLAIR=*FLAIR*)."
            )
        found[channel] = inside(root, file.relative_to(root), shown(root))
    return found


def _with_derivatives(root: Path, place: Path, case: CaseSource) -> CaseSource:
    label, brain = _derived(root, place, "dseg"), _derived(root, place, "desc-brain_mask")
    return replace(case, label=case.label or label, brain=case.brain or brain)


def _derived(root: Path, place: Path, ending: str) -> Path | None:
    """The one derivative of a case whose name ends so; None if there is none, or more than one to choose from."""
    pattern = f"derivatives/*/{place.relative_to(root).as_posix()}/*_{ending}.nii.gz"
    found = [p for p in sorted(root.glob(pattern)) if not p.name.startswith(".")]
    return inside(root, found[0].relative_to(root), shown(root)) if len(found) == 1 else None


def _label_names(root: Path) -> LabelSet | None:
    """From the first ``dseg.tsv`` (columns index, name) of the derivatives."""
    for file in sorted(root.glob("derivatives/*/*dseg.tsv")):
        with open_regular(inside(root, file.relative_to(root), shown(root))) as stream:
            rows = list(csv.DictReader(io.StringIO(stream.read(2**20).decode("utf-8", "replace")), delimiter="\t"))
        try:
            values = {int(row["index"]): str(row["name"]) for row in rows}
        except (KeyError, TypeError, ValueError):
            raise InvalidFile(f"{shown(file)} must have the columns index and name: correct it.") from None
        values.pop(IGNORE, None)
        values.setdefault(0, "background")
        ordered = sorted(values)
        return LabelSet(tuple(ordered), tuple(values[v] for v in ordered)) if len(ordered) > 1 else None
    return None


def export_bids(
    cases: Sequence[ExportCase], labels: LabelSet, out: Path, report: Report = silent, version: str = "0"
) -> list[Path]:
    """A derivative data set: ``sub-X[/ses-Y]/anat/..._desc-annotated_dseg.nii.gz``, ``_desc-predicted_dseg``, maps.

    Case names become subjects (letters and digits only; ``participants.tsv`` says which); ``dseg.tsv`` names the
    labels, with 255 for voxels that nobody annotated. DuplicateCase if two names become one subject.
    """
    folder = empty_folder(out, cases)
    places = _places(cases)
    written: list[Path] = []
    for number, (case, place) in enumerate(zip(cases, places), start=1):
        (folder / place).mkdir(parents=True)
        start = folder / place / "_".join(place.parts[:-1])
        like = case.images[0]
        for what, source in (("annotated", case.annotation), ("predicted", case.prediction)):
            if source:
                written.append(copy_label(Path(f"{start}_desc-{what}_dseg.nii.gz"), source, like))
                facts = {"Manual": what == "annotated", "SpatialReference": "orig", **case.facts}
                written.append(write_json(Path(f"{start}_desc-{what}_dseg.json"), facts))
        for name, source in case.maps.items():
            written.append(copy_image(Path(f"{start}_desc-{_alphanumeric(name)}_map.nii.gz"), (source,), like))
        report(number, len(cases), f"exported {case.name}")
    values = [*zip(labels.values, labels.names), (IGNORE, "not annotated")]
    written.append(_write_table(folder / "dseg.tsv", ("index", "name"), values))
    people = dict.fromkeys((place.parts[0], case.name) for case, place in zip(cases, places))
    written.append(_write_table(folder / "participants.tsv", ("participant_id", "case"), list(people)))
    made_by = [{"Name": "Active-DiNTS", "Version": version}]
    description = {"Name": out.name, "BIDSVersion": VERSION, "DatasetType": "derivative", "GeneratedBy": made_by}
    written.append(write_json(folder / "dataset_description.json", description))
    return written


def _alphanumeric(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text) or "x"


def _places(cases: Sequence[ExportCase]) -> list[Path]:
    """Folder of each case: a name that is BIDS already keeps its subject and session."""
    taken: dict[Path, str] = {}
    for case in cases:
        known = re.fullmatch(r"(sub-[A-Za-z0-9]+)(?:_(ses-[A-Za-z0-9]+))?", case.name)
        parts = [p for p in known.groups() if p] if known else [f"sub-{_alphanumeric(case.name)}"]
        place = Path(*parts, "anat")
        if place in taken:
            raise DuplicateCase(
                f"Cases {taken[place]} and {case.name} would both become {place.parts[0]} in BIDS, which takes letters "
                "and digits only: rename one of them."
            )
        taken[place] = case.name
    return list(taken)


def _write_table(path: Path, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Path:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerows([columns, *rows])
    return path
