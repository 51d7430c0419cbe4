"""The first bytes of a NIfTI file: everything that can be refused before one voxel is allocated."""

import gzip
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import nibabel as nib
import numpy as np

from activedints.core.errors import InvalidFile, InvalidGeometry
from activedints.core.volume import check_affine, same_grid
from activedints.formats.grid import Grid
from activedints.formats.names import shown, whole

MOST_BYTES = 2 * 1024**3
"""Largest volume taken, counted as at least 4 bytes a voxel: a header cannot make us allocate more."""
FEWEST_VOXELS = 4
"""Along any axis."""
GZIP_RATIO = 1040
"""DEFLATE cannot pack better than 1032 : 1, so a smaller file is certainly cut short."""


@dataclass(frozen=True)
class Header:
    """A checked header: the ``grid`` in file order, ``channels`` stacked last, and how the voxels are stored."""

    path: Path
    nifti: nib.Nifti1Header
    grid: Grid
    channels: int
    dtype: np.dtype
    offset: int
    slope: float
    intercept: float
    warnings: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """As stored: (x, y, z), or (x, y, z, channel)."""
        return tuple(int(n) for n in self.nifti["dim"][1 : 1 + int(self.nifti["dim"][0])])

    @property
    def voxel_bytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    @property
    def scaled(self) -> bool:
        return (self.slope, self.intercept) != (1.0, 0.0)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular, non-empty file for reading; InvalidFile for anything else (a pipe is never opened)."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = "folder" if stat.S_ISDIR(status.st_mode) else "pipe or device"
            raise InvalidFile(f"{whole(path)} must be a regular file; it is a {kind}: name a file.")
        if status.st_size == 0:
            raise InvalidFile(f"{shown(path)} must hold an image; it has 0 bytes: copy it again from its source.")
        return open(path, "rb")
    except FileNotFoundError:
        raise InvalidFile(f"{whole(path)} does not exist: correct its name or copy the file there.") from None
    except (OSError, ValueError) as fault:
        raise InvalidFile(f"{shown(path)} cannot be read ({fault}): check its permissions and copy it again.") from None


def open_nifti(path: Path) -> BinaryIO:
    """A stream of the uncompressed bytes; gzip is told by its magic bytes, not by the file's name."""
    file = open_regular(path)
    if file.read(2) == b"\x1f\x8b":
        file.close()
        return gzip.open(path, "rb")
    file.seek(0)
    return file


def truncated(path: Path, expected: int, found: int) -> InvalidFile:
    if found >= expected:  # the voxels are there, the gzip trailer with their checksum is not
        return InvalidFile(f"{shown(path)} is cut short: its last bytes, a checksum, are missing; copy it again.")
    return InvalidFile(
        f"{shown(path)} is cut short: its header promises {expected} bytes and it holds {found}; copy it again."
    )


@np.errstate(all="ignore")  # nonsense in a header is told by its value below, not by a warning on the way
def read_header(path: Path) -> Header:
    """Read and check the header; InvalidFile or InvalidGeometry says what is wrong with it."""
    try:
        with open_nifti(path) as file:
            block = file.read(540)
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise InvalidFile(f"{shown(path)} is a damaged gzip file ({fault}): copy it again.") from None
    header = _parse(path, block)
    shape = _shape(path, header)
    dtype = _dtype(path, header)
    offset = header["vox_offset"]
    if not np.isfinite(offset) or not len(header.binaryblock) <= int(offset) <= 2**24:
        raise InvalidFile(f"{shown(path)} must keep its voxels near its header; vox_offset is {offset}: re-save it.")
    slope, intercept = _scaling(path, header)
    affine, warnings = _affine(path, header, shape)
    grid = Grid((shape[0], shape[1], shape[2]), affine)
    if np.isnan(grid.orientation).any():
        raise InvalidGeometry(f"The affine of {shown(path)} must be invertible; two of its axes coincide: repair it.")
    channels = shape[3] if len(shape) == 4 else 1
    found = Header(path, header, grid, channels, dtype, int(offset), slope, intercept, warnings)
    _check_size(found)
    return found


def _parse(path: Path, block: bytes) -> nib.Nifti1Header:
    for kind in (nib.Nifti1Header, nib.Nifti2Header):
        size = kind.template_dtype.itemsize
        if len(block) >= size and block[:4] in (size.to_bytes(4, "little"), size.to_bytes(4, "big")):
            header = kind(block[:size], endianness="<" if block[0] else ">", check=False)
            if bytes(header["magic"].item())[:3] in (b"n+1", b"n+2"):
                return header
    raise InvalidFile(
        f"{shown(path)} must be a single-file NIfTI (.nii or .nii.gz); it starts with {block[:8]!r}: convert it."
    )


def _shape(path: Path, header: nib.Nifti1Header) -> tuple[int, ...]:
    dimensions = int(header["dim"][0])
    sizes = tuple(int(n) for n in header["dim"][1 : 1 + max(0, min(dimensions, 7))])
    if dimensions not in (3, 4):
        raise InvalidFile(
            f"{shown(path)} must be 3-D, or 4-D with the channels last; it is {dimensions}-D {sizes}: "
            "split it into one file per channel."
        )
    if min(sizes[:3]) < FEWEST_VOXELS or min(sizes) < 1:
        raise InvalidGeometry(
            f"{shown(path)} must have at least {FEWEST_VOXELS} voxels along each axis; it has {sizes[:3]}: "
            "export the whole volume."
        )
    return sizes


def _dtype(path: Path, header: nib.Nifti1Header) -> np.dtype:
    try:
        dtype = header.get_data_dtype()
    except (KeyError, nib.spatialimages.HeaderDataError):
        dtype = np.dtype(np.void)
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise InvalidFile(
            f"{shown(path)} must hold real numbers; its datatype code is {int(header['datatype'])} ({dtype}): "
            "re-save it as int16 or float32."
        )
    return dtype


def _scaling(path: Path, header: nib.Nifti1Header) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if np.isnan(slope) or slope == 0:
        return 1.0, 0.0  # the standard: such a slope means "not scaled"
    if not np.isfinite(slope) or not np.isfinite(intercept):
        raise InvalidFile(f"{shown(path)} must have a finite intensity scale; it has {slope}, {intercept}: re-save it.")
    return slope, intercept


def _affine(path: Path, header: nib.Nifti1Header, shape: tuple[int, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    name = shown(path)
    sizes = [float(v) for v in header["pixdim"][1:4]]
    if not np.isfinite(sizes).all() or min(sizes) <= 0:
        raise InvalidGeometry(
            f"The voxel size of {name} must be finite and positive; pixdim is {sizes} mm: repair the header."
        )
    placed = {}
    if header["sform_code"] > 0:
        placed["sform"] = np.asarray(header.get_sform(), dtype=float)
    if header["qform_code"] > 0:
        try:
            placed["qform"] = np.asarray(header.get_qform(), dtype=float)
        except (ValueError, nib.spatialimages.HeaderDataError):
            if not placed:
                raise InvalidGeometry(f"The qform of {name} must be a rotation and it is none: repair it.") from None
    if not placed:
        note = f"{name} does not say how it lies in space (qform and sform codes are 0): check left and right."
        return np.asarray(header.get_base_affine(), dtype=float), (note,)
    affine = next(iter(placed.values()))
    if not np.isfinite(affine).all():
        worst = affine[~np.isfinite(affine)][0]
        raise InvalidGeometry(f"The affine of {name} must be finite; it holds {worst}: repair the header.")
    check_affine(affine, f"affine of {name}")
    notes = []
    if len(placed) == 2 and not same_grid(*placed.values(), tolerance=0.01):
        notes.append(f"{name}: its qform and sform disagree; the sform is used.")
    if not np.allclose(np.sqrt((affine[:3, :3] ** 2).sum(axis=0)), sizes, rtol=0.01):
        notes.append(f"{name}: its affine and its voxel sizes {sizes} mm disagree; the affine is used.")
    return affine, tuple(notes)


def _check_size(header: Header) -> None:
    path, size = header.path, os.stat(header.path).st_size
    voxels = int(np.prod(header.shape, dtype=object))
    if max(header.voxel_bytes, 4 * voxels) > MOST_BYTES:
        raise InvalidFile(
            f"{shown(path)} must need at most {MOST_BYTES // 2**20} MiB; its header declares {header.shape} "
            f"{header.dtype}, {max(header.voxel_bytes, 4 * voxels) // 2**20} MiB: crop or resample it."
        )
    with open_regular(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
    expected = header.offset + header.voxel_bytes
    if not packed and size < expected:
        raise truncated(path, expected, size)
    if packed and size * GZIP_RATIO < expected:
        raise truncated(path, expected, size)
