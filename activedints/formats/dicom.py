"""One DICOM series folder -> one volume. Runs in a child process (``convert.py``): foreign parsers may crash or hang.

Geometry comes from PixelSpacing, ImageOrientationPatient and ImagePositionPatient (DICOM PS3.3 C.7.6.2), voxels
from SimpleITK (GDCM), which decompresses and applies the rescale slope. No tag, UID or preamble leaves this module.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pydicom
import SimpleITK as sitk

from activedints.core.errors import InvalidFile, InvalidGeometry
from activedints.formats.header import MOST_BYTES, open_regular
from activedints.formats.names import inside, shown

MOST_FILES = 20_000
DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR, which is never read: it names files by itself."""
TAGS = {
    "Rows": "(0028,0010)",
    "Columns": "(0028,0011)",
    "PixelSpacing": "(0028,0030)",
    "ImageOrientationPatient": "(0020,0037)",
    "ImagePositionPatient": "(0020,0032)",
}
IDENTITY = ("PatientName", "PatientID", "OtherPatientIDs", "AccessionNumber", "PatientIdentityRemoved")
OTHERS = ("SeriesInstanceUID", "NumberOfFrames", "SamplesPerPixel", "Modality")


@dataclass(frozen=True)
class Series:
    """A series read: ``array`` (x, y, z), ``affine`` voxel -> RAS mm, and what may be said about it."""

    array: npt.NDArray
    affine: npt.NDArray[np.float64]
    note: str
    identity: frozenset[str]
    """Words of the patient's name and numbers, so that they can be kept out of case names; empty if removed."""


def is_series(path: Path) -> bool:
    """Whether ``path`` is a folder in which some regular file begins as DICOM does."""
    return path.is_dir() and any(is_dicom(p) for p in sorted(path.iterdir())[:50] if p.is_file())


def is_dicom(path: Path) -> bool:
    """Told by the magic bytes behind the 128-byte preamble, whatever the preamble holds."""
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_series(folder: Path) -> Series:
    """Read the one series in ``folder``; InvalidFile or InvalidGeometry names the tag that is wrong."""
    slices = _one_series(folder, _read_tags(folder))
    first = slices[0][1]
    affine, order = _geometry(folder, [tags for _, tags in slices])
    files = [str(slices[i][0]) for i in order]
    size = int(first.Rows) * int(first.Columns) * len(files) * 4
    if size > MOST_BYTES:
        raise InvalidFile(
            f"{shown(folder)} must need at most {MOST_BYTES >> 20} MiB; it declares {size >> 20}: crop it."
        )
    reader = sitk.ImageSeriesReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileNames(files)
    try:
        array = sitk.GetArrayFromImage(reader.Execute()).transpose(2, 1, 0)
    except RuntimeError as fault:
        reason = str(fault).strip().splitlines()[-1][:200]
        raise InvalidFile(f"The voxels of {shown(folder)} cannot be read ({reason}): export it uncompressed.") from None
    kept = array.astype(np.float32) if array.dtype.itemsize > 4 else array
    note = (
        f"made from a DICOM series of {len(files)} slices ({first.get('Modality', 'unknown')}); its tags were dropped"
    )
    return Series(kept, affine, note, _identity(first))


def write_series(series: Series, out: Path) -> None:
    """Write it as NIfTI with geometry and voxels only."""
    image = nib.Nifti1Image(series.array, series.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(series.affine, 1)
    image.set_qform(series.affine, 1)
    nib.save(image, out)


def fingerprint(series: Series) -> str:
    """Eight hex digits from the voxels alone: a name that is stable and says nothing about the patient."""
    return hashlib.blake2b(np.ascontiguousarray(series.array).tobytes(), digest_size=4).hexdigest()


def identifies(name: str, identity: frozenset[str]) -> bool:
    """Whether a case name holds a word of the patient's identity.

    >>> identifies("Doe_Jane_2024", frozenset({"doe", "jane"})), identifies("case7", frozenset({"doe"}))
    (True, False)
    """
    return any(word in _plain(name) for word in identity)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _identity(tags: Any) -> frozenset[str]:
    if str(tags.get("PatientIdentityRemoved", "")).upper() == "YES":
        return frozenset()
    words = {str(tags.get(tag, "")) for tag in IDENTITY[:-1]}
    parts = {_plain(part) for word in words for part in re.split(r"[\s^=,\\]+", word)}
    return frozenset(part for part in parts if len(part) >= 3)


def _read_tags(folder: Path) -> list[tuple[Path, Any]]:
    entries = sorted(folder.iterdir())
    if len(entries) > MOST_FILES:
        raise InvalidFile(f"{shown(folder)} must hold at most {MOST_FILES} files; it holds {len(entries)}: split it.")
    found = []
    for entry in entries:
        if entry.name.startswith(".") or entry.is_dir():
            continue
        open_regular(inside(folder, entry.name, shown(folder))).close()
        if not is_dicom(entry):
            continue
        try:
            tags = pydicom.dcmread(entry, stop_before_pixels=True, specific_tags=[*TAGS, *IDENTITY, *OTHERS])
            if tags.file_meta.get("MediaStorageSOPClassUID") != DIRECTORY_CLASS:
                found.append((entry, tags))
        except Exception as fault:  # pydicom lets through whatever its parts raise
            raise InvalidFile(f"{shown(entry)} is damaged DICOM ({fault}): export the series again.") from None
    return found


def _one_series(folder: Path, found: list[tuple[Path, Any]]) -> list[tuple[Path, Any]]:
    if not found:
        raise InvalidFile(f"{shown(folder)} must hold DICOM images; it holds none: name the folder that does.")
    series = {str(tags.get("SeriesInstanceUID", "")) for _, tags in found}
    if len(series) != 1:
        raise InvalidFile(
            f"{shown(folder)} must hold one DICOM series; it holds {len(series)}: put each in a folder of its own."
        )
    for path, tags in found:
        if int(tags.get("NumberOfFrames") or 1) > 1:
            raise InvalidFile(f"{shown(path)} is a multi-frame DICOM file: convert it with dcm2niix first.")
        if int(tags.get("SamplesPerPixel") or 1) != 1:
            raise InvalidFile(f"{shown(path)} must be a greyscale image; it is in colour: export the original series.")
    return found


def _numbers(folder: Path, tags: Any, tag: str, count: int) -> npt.NDArray[np.float64]:
    try:
        values = np.array(tags[tag].value, dtype=float).reshape(-1)
    except (KeyError, TypeError, ValueError):
        values = np.array([])
    if values.size != count or not np.isfinite(values).all():
        raise InvalidGeometry(
            f"Every slice of {shown(folder)} needs {tag} {TAGS[tag]} as {count} finite numbers; one has "
            f"{values.tolist() or 'none'}: export the series again."
        )
    return values


def _geometry(folder: Path, slices: list[Any]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Affine (voxel -> RAS mm) and the order of the slices along their normal."""
    for tag, count in (("Rows", 1), ("Columns", 1), ("PixelSpacing", 2), ("ImageOrientationPatient", 6)):
        rows = np.array([_numbers(folder, tags, tag, count) for tags in slices])
        if np.abs(rows - rows[0]).max() > 1e-3:
            raise InvalidGeometry(
                f"All slices of {shown(folder)} must share {tag} {TAGS[tag]}; it varies from {rows.min(0).tolist()} to "
                f"{rows.max(0).tolist()}: put each series in a folder of its own."
            )
    between_rows, between_columns = _numbers(folder, slices[0], "PixelSpacing", 2)
    if min(between_rows, between_columns) <= 0:
        raise InvalidGeometry(
            f"PixelSpacing (0028,0030) of {shown(folder)} must be positive; it is "
            f"{[float(between_rows), float(between_columns)]}: export the series again."
        )
    across, down = _numbers(folder, slices[0], "ImageOrientationPatient", 6).reshape(2, 3)
    if abs(np.linalg.norm(across) - 1) > 1e-2 or abs(np.linalg.norm(down) - 1) > 1e-2 or abs(across @ down) > 1e-2:
        raise InvalidGeometry(
            f"ImageOrientationPatient (0020,0037) of {shown(folder)} must be two unit vectors at right angles; it is "
            f"{[*across.tolist(), *down.tolist()]}: export the series again."
        )
    positions = np.array([_numbers(folder, tags, "ImagePositionPatient", 3) for tags in slices])
    depth = positions @ np.cross(across, down)
    order = np.argsort(depth, kind="stable").tolist()
    steps = np.diff(depth[order])
    if len(order) < 2 or steps.min() < 1e-3:
        raise InvalidGeometry(
            f"{shown(folder)} must have one slice per position and more than one slice; it has {len(order)} slices at "
            f"{len(np.unique(depth.round(3)))} positions: export one contrast and one time point per folder."
        )
    if steps.max() - steps.min() > max(0.05, 0.02 * np.median(steps)):
        raise InvalidGeometry(
            f"The slices of {shown(folder)} must be evenly spaced; their distances go from {steps.min():.3g} to "
            f"{steps.max():.3g} mm, so that one may be missing: export the complete series."
        )
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = across * between_columns, down * between_rows
    affine[:3, 2] = (positions[order[-1]] - positions[order[0]]) / (len(order) - 1)
    affine[:3, 3] = positions[order[0]]
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine, order  # DICOM counts towards Left and Posterior
