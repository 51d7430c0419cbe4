"""Volumes as the browser wants them: RAS+, int16 or uint8, gzipped, made once per file content.

The browser knows nothing of orientation: every volume that it gets is turned to the nearest RAS+ axes here, and the
mask that comes back is turned to the file's own order here, both with nibabel's orientation arithmetic.
"""

import gzip
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform

from activedints.core.errors import InvalidFile, InvalidGeometry
from activedints.core.volume import IGNORE, Affine, Box, check_affine, same_grid

FORM = 3
"""Counts up when the files' form changes, so that an old cache is not read."""

LEVELS = 600
"""Steps between the 0.1th and 99.9th percentile of a channel: finer ones are noise, which does not compress."""

WINDOW = (1.0, 99.5)
"""Percentiles of the brain between which grey levels are spread."""

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Grid:
    """A source file's grid, and the way to the browser's RAS+ grid and back.

    ``shape`` and ``affine`` are the file's own. ``ras_shape`` and ``ras_affine`` describe the same voxels with the
    axes permuted and flipped to the nearest Right, Anterior, Superior; an oblique file stays oblique.
    """

    shape: Shape
    affine: Affine

    @property
    def turn(self) -> npt.NDArray[np.floating]:
        return io_orientation(self.affine)

    @property
    def ras_shape(self) -> Shape:
        x, y, z = (self.shape[int(np.flatnonzero(self.turn[:, 0] == axis)[0])] for axis in range(3))
        return x, y, z

    @property
    def ras_affine(self) -> Affine:
        return self.affine @ inv_ornt_aff(self.turn, self.shape)

    @property
    def ras(self) -> "Grid":
        return Grid(self.ras_shape, self.ras_affine)

    def to_ras(self, array: npt.NDArray) -> npt.NDArray:
        """(x, y, z) in the file's order -> the same voxels in RAS+ order."""
        return apply_orientation(array, self.turn)

    def to_file(self, array: npt.NDArray) -> npt.NDArray:
        """The inverse of ``to_ras``."""
        return apply_orientation(array, ornt_transform(axcodes2ornt("RAS"), self.turn))

    def ras_box(self, box: Box) -> Box:
        """A half-open voxel box of the file's grid, on the RAS+ grid."""
        lo, hi = [0, 0, 0], [0, 0, 0]
        for axis, (target, flip) in enumerate(self.turn):
            start, stop = box[0][axis], box[1][axis]
            if flip < 0:
                start, stop = self.shape[axis] - stop, self.shape[axis] - start
            lo[int(target)], hi[int(target)] = int(start), int(stop)
        return (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2])

    def file_box(self, box: Box) -> Box:
        """The inverse of ``ras_box``."""
        lo, hi = [0, 0, 0], [0, 0, 0]
        for axis, (target, flip) in enumerate(self.turn):
            start, stop = box[0][int(target)], box[1][int(target)]
            if flip < 0:
                start, stop = self.shape[axis] - stop, self.shape[axis] - start
            lo[axis], hi[axis] = int(start), int(stop)
        return (lo[0], lo[1], lo[2]), (hi[0], hi[1], hi[2])


def read_grid(path: Path) -> Grid:
    """The grid of a 3-D NIfTI file, from its header alone; InvalidFile or InvalidGeometry otherwise."""
    if not path.exists():
        raise InvalidFile(f"{path.name} is not there any more; run 'activedints doctor' on this workspace.")
    stat = path.stat()
    return _read_grid(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=512)
def _read_grid(path: Path, modified: int, size: int) -> Grid:
    image = _open(path)
    if len(image.shape) != 3:
        raise InvalidFile(f"{path.name} has shape {image.shape}; the viewer takes one 3-D file per channel.")
    check_affine(image.affine, f"affine of {path.name}")
    x, y, z = image.shape
    return Grid((x, y, z), image.affine)


def common_grid(paths: list[Path], labels: Sequence[Path] = ()) -> Grid:
    """The one grid that all files share; InvalidGeometry names the first file that differs.

    Label maps may order their axes as they like, for they are only shown, and that in RAS+: workspaces of an earlier
    release hold some as they came.
    """
    first = read_grid(paths[0])
    pairs = [(path, read_grid(path), first) for path in paths[1:]]
    pairs += [(path, read_grid(path).ras, first.ras) for path in labels]
    for path, grid, wanted in pairs:
        if grid.shape != wanted.shape or not same_grid(grid.affine, wanted.affine):
            raise InvalidGeometry(
                f"{path.name} lies on another grid than {paths[0].name} (shape {grid.shape} against {wanted.shape}, "
                "or another affine); resample it to the case's grid before it is shown."
            )
    return first


def channel_file(path: Path, cache: Path, brain: Path | None = None) -> Path:
    """An image for the browser: int16 in steps of a LEVELS-th of its range (uint8 as it is), RAS+, gzipped.

    Its header's ``cal_min`` and ``cal_max`` hold WINDOW, the automatic window: percentiles inside the mask ``brain``,
    which must lie on the image's grid, in any orientation; without one, of all that is not zero.
    """
    kind = "channel" if brain is None else f"channel-{_digest_of(brain)[:8]}"
    return _prepared(path, cache, kind, partial(_quantised, brain=brain))


def heat_file(path: Path, cache: Path) -> Path:
    """An uncertainty map in 0..1 as uint8 with slope 1/255, RAS+, gzipped."""
    return _prepared(path, cache, "heat", _fraction)


def label_file(path: Path, cache: Path) -> Path:
    """A label map as uint8, IGNORE shown as background, RAS+, gzipped."""
    return _prepared(path, cache, "label", _labels)


@lru_cache(maxsize=512)
def voxel_sha(path: Path) -> str:
    """SHA-256 of a prepared label file's voxels in the order of the file: what the browser must export at once."""
    return hashlib.sha256(gzip.decompress(path.read_bytes())[352:]).hexdigest()


def private_cache() -> Path:
    """The folder used when a page names none: the user's own, closed to everybody else."""
    folder = Path(tempfile.gettempdir()) / f"activedints-viewer-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise InvalidFile(f"{folder} must belong to you alone (mode 700); remove it and open the page again.")
    return folder


@dataclass(frozen=True)
class _Stored:
    """Integers as they are stored, what one step is worth, and the window in values (0, 0: none)."""

    array: npt.NDArray
    slope: float = 1.0
    window: tuple[float, float] = (0.0, 0.0)


def _quantised(image: nib.Nifti1Image, brain: Path | None) -> _Stored:
    stored = np.asanyarray(image.dataobj)
    values = np.nan_to_num(stored.astype(np.float32), posinf=0, neginf=0)
    shown = _window(values, Grid(image.shape, image.affine), brain)
    if stored.dtype == np.uint8:
        return _Stored(stored, window=shown)
    seen = values[values != 0]
    low, high = np.percentile(seen, (0.1, 99.9)) if seen.size else (0.0, 1.0)
    whole = np.issubdtype(stored.dtype, np.integer)
    slope = float(high - low) / LEVELS
    if (whole and slope <= 1) or slope == 0:
        slope = 1.0
    slope = max(slope, float(np.abs(values).max()) / 32000)
    return _Stored(np.round(values / slope).astype(np.int16), slope, shown)


def _window(values: npt.NDArray, grid: Grid, brain: Path | None) -> tuple[float, float]:
    """The window of ``values`` (x, y, z), which lie on ``grid``; (0, 0) where there is nothing to see."""
    inside = values != 0
    if brain is not None:
        mask = read_grid(brain).to_ras(np.asanyarray(_open(brain).dataobj)) > 0
        if mask.shape != grid.ras_shape:
            raise InvalidGeometry(
                f"The brain mask {brain.name} has {mask.shape} voxels, its image {grid.ras_shape}: import it again."
            )
        inside = grid.to_file(mask)
    seen = values[inside]
    low, high = np.percentile(seen, WINDOW).tolist() if seen.size else (0.0, 0.0)
    return low, high


def _fraction(image: nib.Nifti1Image) -> _Stored:
    values = np.nan_to_num(image.get_fdata(dtype=np.float32))
    return _Stored(np.round(np.clip(values, 0, 1) * 255).astype(np.uint8), 1 / 255)


def _labels(image: nib.Nifti1Image) -> _Stored:
    values = np.asanyarray(image.dataobj)
    labels = values.astype(np.uint8)
    if not np.array_equal(labels, values):
        raise InvalidFile("This starting label map holds values that are not whole numbers from 0 to 255.")
    return _Stored(np.where(labels == IGNORE, 0, labels).astype(np.uint8))


def _prepared(path: Path, cache: Path, kind: str, convert: Callable[[nib.Nifti1Image], _Stored]) -> Path:
    target = cache / f"{_digest_of(path)}-{kind}-{FORM}.nii.gz"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        grid = read_grid(path)
        stored = convert(_open(path))
        _write(target, replace(stored, array=grid.to_ras(stored.array)), grid.ras_affine)
    return target


def _digest_of(path: Path) -> str:
    stat = path.stat()
    return _digest(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=512)
def _digest(path: Path, modified: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _open(path: Path) -> nib.Nifti1Image:
    try:
        return nib.load(path)
    except Exception as fault:  # nibabel raises many kinds; all mean that the file cannot be shown
        raise InvalidFile(f"{path.name} cannot be read as NIfTI ({fault}); export it again.") from fault


def _write(target: Path, stored: _Stored, affine: Affine) -> None:
    array = stored.array
    header = nib.Nifti1Header()
    header.set_data_dtype(array.dtype)
    header.set_data_shape(array.shape)
    header.set_sform(affine, 1)
    header.set_qform(affine, 1)
    header.set_slope_inter(stored.slope, 0.0)
    header["cal_min"], header["cal_max"] = stored.window
    header["vox_offset"] = 352
    raw = header.binaryblock + bytes(4) + array.astype(array.dtype.newbyteorder("<")).tobytes(order="F")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    with os.fdopen(handle, "wb") as file:
        file.write(gzip.compress(raw, compresslevel=4, mtime=0))
    os.replace(name, target)
