"""What ``doctor PATH`` says: one plain sentence per unusable file, from the same checks that an import makes."""

import os
import tempfile
from pathlib import Path

from activedints.core.errors import ActiveDintsError
from activedints.core.job import Report, silent
from activedints.formats.convert import Conversion
from activedints.formats.folders import is_nifti
from activedints.formats.header import read_header
from activedints.formats.names import safe_name, shown, stem, whole
from activedints.formats.source import read_dataset
from activedints.formats.voxels import check_image

Finding = tuple[str, str]
"""(file or case, sentence)."""


def inspect(path: Path, report: Report = silent) -> list[Finding]:
    """Check a data set, a folder or one file and change nothing; an empty list means that all of it can be used.

    A folder with dataset.json is read as an import would read it; in any other folder every NIfTI file below is opened.
    """
    path = Path(path)
    try:
        if path.name == "dataset.json" or (path / "dataset.json").exists():
            with tempfile.TemporaryDirectory() as scratch:
                found = read_dataset(path, report=report, conversion=Conversion(Path(scratch)))
            return list(found.problems.items())
        if not path.is_dir():
            read_file(path)
            return []
    except ActiveDintsError as fault:
        return [(whole(path), str(fault))]
    files = nifti_files(path)
    findings: list[Finding] = []
    for number, file in enumerate(files, start=1):
        try:
            read_file(file)
        except ActiveDintsError as fault:
            findings.append((shown(file), str(fault)))
        report(number, len(files), f"checked {shown(file)}")
    if not files:
        findings.append((whole(path), f"{whole(path)} holds no NIfTI file: name the folder that does."))
    return findings


def nifti_files(folder: Path) -> list[Path]:
    """Every ``.nii`` and ``.nii.gz`` below ``folder``, sorted; hidden files and linked folders left out."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [Path(place, f) for f in sorted(files) if is_nifti(Path(f)) and not f.startswith(".")]
    return found


def read_file(path: Path) -> None:
    """Open one image or label map, and read it to its end; ActiveDintsError says why it cannot be used."""
    header = read_header(path)
    safe_name(stem(path))
    check_image(header, tuple(str(index) for index in range(header.channels)))
