"""Find the cases of a data set and check every file, before anything is written: what an import decides on."""

import unicodedata
from dataclasses import replace
from pathlib import Path

from activedints.core.errors import (
    ActiveDintsError,
    DuplicateCase,
    InvalidChannels,
    InvalidFile,
    InvalidSettings,
)
from activedints.core.job import Report, silent
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE
from activedints.formats import bids, folders, msd, nnunet
from activedints.formats.case import CaseSource, Dataset, Listing
from activedints.formats.convert import Conversion, convert
from activedints.formats.header import read_header
from activedints.formats.names import safe_name, shown, stem, whole
from activedints.formats.voxels import check_image, check_label, check_same_grid

FORMATS = ("auto", "msd", "nifti", "nnunet", "bids")


def read_dataset(
    path: Path,
    format: str = "auto",
    channel_globs: dict[str, str] | None = None,
    report: Report = silent,
    conversion: Conversion | None = None,
) -> Dataset:
    """Find and check every case under ``path``; one file at a time is in memory.

    Nothing is written but what ``conversion`` asks for, into its scratch folder: DICOM folders as NIfTI, channels on
    other grids resampled to its reference.

    ``format`` is one of FORMATS (``msd`` and ``nnunet`` take a folder with dataset.json, or that file, and name their
    own channels); ``channel_globs`` maps a channel to the pattern of its file inside each case folder
    (``{"FLAIR": "*flair*"}``). A case that cannot be used lands in ``problems``; ActiveDintsError is raised only if
    the data set as a whole cannot be read.
    """
    if format not in FORMATS:
        raise InvalidSettings(f"The format must be one of {', '.join(FORMATS)}; it is {format!r}: choose one of them.")
    path = Path(path)
    if not path.exists():
        raise InvalidFile(f"{whole(path)} does not exist: name the folder of the data set.")
    if format in ("auto", "nnunet") and not channel_globs:
        path = nnunet.only_dataset(path)
    chosen = _guess(path, channel_globs) if format == "auto" else format
    if chosen in ("msd", "nnunet"):
        listing = msd.list_cases(path) if chosen == "msd" else nnunet.list_cases(path)
    else:
        listing = (bids if chosen == "bids" else folders).list_cases(path, channel_globs)
    if not listing.cases and not listing.problems:
        raise InvalidFile(
            f"{whole(path)} must hold cases; no case was found: name a folder with dataset.json or 4-D NIfTI files, or "
            "write a pattern for each channel (FLAIR=*flair*)."
        )
    return check_listing(listing, report, conversion)


def _guess(path: Path, channel_globs: dict[str, str] | None) -> str:
    file = path if path.name == "dataset.json" else path / "dataset.json"
    if file.is_file() and not channel_globs:
        return "nnunet" if nnunet.is_nnunet(msd.read_json(file)) else "msd"
    return "bids" if bids.is_bids(path) else "nifti"


def read_image(
    image: Path,
    channels: dict[str, str] | None = None,
    default_channels: tuple[str, ...] = (),
    conversion: Conversion | None = None,
) -> CaseSource:
    """One image from outside, checked: a 4-D file, or one 3-D file per channel (``{"FLAIR": "scans/f.nii.gz"}``).

    A channel's file is looked for as it is written and then as a pattern inside ``image``, if that is a folder. The
    channels of a single file are called ``default_channels``; InvalidChannels if they are not as many.
    """
    image = Path(image)
    if channels is None:
        if image.is_dir():
            raise InvalidFile(f"{whole(image)} must be a file; it is a folder: name its files with --channel.")
        case = CaseSource(stem(image), (image,), default_channels or (stem(image),))
    else:
        files = tuple(folders.channel_file(image, name, pattern) for name, pattern in channels.items())
        case = CaseSource(stem(image.resolve()), files, tuple(channels))
    return check_case(convert(case, conversion), None)[0]


def check_listing(listing: Listing, report: Report = silent, conversion: Conversion | None = None) -> Dataset:
    """Open and check every candidate of a listing, one at a time."""
    usable: list[CaseSource] = []
    problems = dict(listing.problems)
    values: set[int] = set()
    seen: dict[str, str] = {}
    for index, case in enumerate(listing.cases):
        key = shown(case.name) if case.name not in problems else f"{shown(case.name)} ({index + 1})"
        try:
            checked, found = check_case(convert(case, conversion), listing.labels)
            same = unicodedata.normalize("NFC", checked.name).casefold()
            if same in seen:
                raise DuplicateCase(
                    f"Two cases are named {seen[same]} (case number {index + 1}, {shown(case.images[0])}, is the "
                    "second): rename one of them."
                )
            seen[same] = checked.name
            usable.append(checked)
            values |= found
        except ActiveDintsError as fault:
            problems[key] = str(fault)
        report(index + 1, len(listing.cases), f"checked {key}")
    if not usable and not problems:
        raise InvalidFile("No case was found: name a folder with dataset.json or 4-D NIfTI files.")
    labels = listing.labels or found_labels(values)
    return Dataset(tuple(usable), labels, listing.channels, problems, listing.simulated)


def found_labels(values: set[int]) -> LabelSet | None:
    """A label set from the values that occur, where no file names them; None without any foreground."""
    present = sorted(values - {0, IGNORE})
    return LabelSet((0, *present), ("background", *(f"label {v}" for v in present))) if present else None


def check_case(case: CaseSource, labels: LabelSet | None) -> tuple[CaseSource, set[int]]:
    """Check name, images, label and brain mask of one candidate: the case with what was found, its label values."""
    safe_name(case.name)
    headers = [read_header(image) for image in case.images]
    stacked = sum(header.channels for header in headers)
    if stacked != len(case.channels):
        raise InvalidChannels(
            f"{shown(case.images[0])} must hold the {len(case.channels)} channels {', '.join(case.channels)}; it has "
            f"{stacked}: add the missing channels, in this order, or correct the list of channels."
        )
    absent: list[str] = []
    warnings = list(case.warnings)
    rest = case.channels
    for header in headers:
        check_same_grid(header, headers[0])
        mine, rest = rest[: header.channels], rest[header.channels :]
        facts = check_image(header, mine)
        absent += facts.absent
        warnings += facts.warnings
    if len(absent) == len(case.channels):
        raise InvalidFile(f"Case {case.name} must show something; all its channels are zero: export it again.")
    values = set(check_label(case.label, headers[0], labels)) if case.label else set()
    if case.brain:
        check_label(case.brain, headers[0], None)
    return replace(case, absent=tuple(absent), warnings=tuple(warnings)), values


__all__ = ["CaseSource", "Dataset", "Listing", "check_case", "check_listing", "read_dataset"]
