"""NIfTI in and out: RAS+ inside, the source file's own grid on disk, restored exactly.

Written files carry geometry and voxels only: no description, no extension, no name of a patient.
"""

import gzip
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidGeometry
from activedints.core.volume import Affine, LabelMap, Volume
from activedints.formats.case import CaseSource
from activedints.formats.grid import Grid
from activedints.formats.header import Header, read_header
from activedints.formats.names import shown
from activedints.formats.voxels import check_same_grid, read_label_raw, read_raw, scale

PLACEMENT = (
    *("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d"),
    *("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z"),
)


def read_volume(source: CaseSource) -> Volume:
    """Load a case: RAS+, (channel, x, y, z) float32 and C-contiguous, intensities scaled as the files say."""
    headers = [read_header(path) for path in source.images]
    grid = headers[0].grid
    array = np.empty((len(source.channels), *grid.ras.shape), np.float32)
    channel = 0
    for header in headers:
        check_same_grid(header, headers[0])
        raw = read_raw(header)
        ras = ras_order(header.grid, grid).to_ras(raw.reshape(*raw.shape[:3], -1))
        for index in range(header.channels):
            array[channel] = scale(header, ras[..., index])
            channel += 1
    return Volume(array, grid.ras.affine, source.channels)


def read_labelmap(path: Path, like: Path | None = None) -> LabelMap:
    """Load a label map in RAS+; with ``like``, InvalidGeometry unless it lies on that file's grid."""
    header = read_header(path)
    reference = header if like is None else read_header(like)
    check_same_grid(header, reference)
    ras = ras_order(header.grid, reference.grid).to_ras(read_label_raw(header))
    return LabelMap(np.ascontiguousarray(ras), reference.grid.ras.affine)


def read_label_like(path: Path, like: Path) -> npt.NDArray[np.uint8]:
    """The label values (x, y, z) of ``path`` in the voxel order of the file ``like``, on whose grid it must lie."""
    return np.ascontiguousarray(read_header(like).grid.from_ras(read_labelmap(path, like).array))


def read_map(path: Path) -> npt.NDArray[np.float32]:
    """Load a map (x, y, z) in RAS+, scaled as the file says."""
    header = read_header(path)
    return np.ascontiguousarray(
        header.grid.to_ras(scale(header, read_raw(header).reshape(header.grid.shape, order="F")))
    )


def ras_order(grid: Grid, reference: Grid) -> Grid:
    """The grid whose orientation leads to the reference's RAS order: rounding may tip an axis at 45 degrees."""
    return reference if grid.same(reference) else grid


def write_labelmap(path: Path, label: LabelMap, like: Path) -> None:
    """Write a RAS+ label map as uint8 on the grid of the file ``like``: its order of axes, affine and codes."""
    write_map(path, label.array, label.affine, like, np.uint8)


def write_map(
    path: Path,
    array: npt.NDArray,
    affine: Affine,
    like: Path,
    dtype: npt.DTypeLike = np.float32,
    slope: float = 1.0,
) -> None:
    """Write a RAS+ map (x, y, z) or (x, y, z, class) on the grid of ``like``; readers multiply it by ``slope``."""
    header = read_header(like)
    given = Grid(array.shape[:3], np.asarray(affine, dtype=float))  # type: ignore[arg-type]
    if not given.same(header.grid.ras):
        raise InvalidGeometry(
            f"A map written to {shown(path)} must lie on the grid of {shown(like)} ({header.grid.ras}); it has "
            f"{given}: make it from that file."
        )
    _write(path, header.grid.from_ras(array), header, np.dtype(dtype), slope)


def write_heat_map(path: Path, share: npt.NDArray[np.floating], affine: Affine, like: Path) -> None:
    """Write a RAS+ map of values in [0, 1] in one byte a voxel (slope 1/255) on the grid of ``like``."""
    levels = np.rint(np.clip(share, 0.0, 1.0) * 255).astype(np.uint8)
    write_map(path, levels, affine, like, np.uint8, slope=1 / 255)


def write_annotation(path: Path, voxels: npt.NDArray[np.uint8], like: Path) -> None:
    """Write label values (x, y, z) that are already in the voxel order of the file ``like``."""
    header = read_header(like)
    if voxels.shape != header.grid.shape or voxels.dtype != np.uint8:
        raise InvalidGeometry(
            f"An annotation of {shown(like)} must be uint8 of shape {header.grid.shape}; it is {voxels.dtype} of "
            f"shape {voxels.shape}: reload the case and send it again."
        )
    _write(path, voxels, header, np.dtype(np.uint8))


def _write(path: Path, voxels: npt.NDArray, like: Header, dtype: np.dtype, slope: float = 1.0) -> None:
    """File-order voxels to ``path`` (.nii or .nii.gz): a temporary file beside it, synced, then renamed over it."""
    header = type(like.nifti)()
    header.set_data_dtype(dtype)
    header.set_data_shape(voxels.shape)
    header["pixdim"][:4] = like.nifti["pixdim"][:4]
    header["xyzt_units"] = int(like.nifti["xyzt_units"]) & 7  # the unit of space only
    for field in PLACEMENT:
        header[field] = like.nifti[field]
    header["scl_slope"], header["scl_inter"] = slope, 0.0
    header["vox_offset"] = len(header.binaryblock) + 4
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            # a fixed time and no name in the gzip header: the same voxels give the same bytes
            packed = gzip.GzipFile("", "wb", 4, file, mtime=0) if path.name.endswith(".gz") else file
            packed.write(header.binaryblock + b"\0\0\0\0")
            packed.write(np.asarray(voxels, dtype).tobytes(order="F"))
            if packed is not file:
                packed.close()
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_grid(path: Path) -> Grid:
    """The grid of a NIfTI file in its own order, from its header alone."""
    return read_header(path).grid
