"""Omniglot (Lake et al. 2015, MIT): 964 background and 659 evaluation characters, 20 drawings each, at 28 x 28.

Read from ``omniglot28.npz`` or from the two official archives ``images_background.zip`` and ``images_evaluation.zip``
(one PNG of 105 x 105 a drawing, ``images_background/ALPHABET/characterNN/*.png``).
"""

import io
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from activedints.core.errors import InvalidFile, NotFound, UnsafePath
from activedints.nas.few_shot.episodes import SIZE, ImageClasses

PARTS = ("images_background", "images_evaluation")
LARGEST = 1 << 20
"""Bytes of one drawing at most: the official ones have under 1 kB, a larger one is made to fill memory."""


def read(source: Path) -> tuple[ImageClasses, ImageClasses]:
    """Background (to learn from) and evaluation classes, from an ``.npz`` or a folder with the two official zips.

    NotFound, InvalidFile or UnsafePath say in one sentence what is wrong.
    """
    if source.is_dir() and not (source / f"{PARTS[0]}.zip").exists():
        source = source / "omniglot28.npz"
    if source.is_dir():
        background, evaluation = (read_zip(source / f"{part}.zip") for part in PARTS)
        return background, evaluation
    return read_npz(source)


def read_npz(path: Path) -> tuple[ImageClasses, ImageClasses]:
    """``x`` (class, 20, 28, 28) uint8 and ``classes`` 'images_background/ALPHABET/characterNN'."""
    if not path.is_file():
        raise NotFound(f"Omniglot is not at {path.name}: run `activedints data get omniglot`.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, names = arrays["x"], arrays["classes"]
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as fault:
        raise InvalidFile(
            f"{path.name} is not Omniglot as npz with 'x' and 'classes' ({fault}); get it again."
        ) from None
    first = np.char.startswith(names, PARTS[0])
    background, evaluation = (ImageClasses(images[at][:, :, None], tuple(names[at].tolist())) for at in (first, ~first))
    return background, evaluation


def read_zip(path: Path) -> ImageClasses:
    """One official archive. Nothing is written to disk: every member is read in memory after its name was checked."""
    if not path.is_file():
        raise NotFound(f"Omniglot's archive {path.name} is missing: run `activedints data get omniglot`.")
    classes: dict[str, list[npt.NDArray[np.uint8]]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.infolist(), key=lambda m: m.filename):
                folder = safe_folder(member.filename, path.name)
                if member.filename.endswith(".png") and not folder.startswith("__MACOSX"):
                    classes.setdefault(folder, []).append(read_drawing(archive, member))
    except zipfile.BadZipFile:
        raise InvalidFile(f"{path.name} is no zip archive or is cut short: download it again.") from None
    counts = {len(drawings) for drawings in classes.values()}
    if len(counts) != 1:
        raise InvalidFile(f"{path.name} must hold equally many drawings a character; it has {sorted(counts)}.")
    return ImageClasses(np.stack([np.stack(v)[:, None] for v in classes.values()]), tuple(classes))


def safe_folder(name: str, archive: str) -> str:
    """The folder of an archive member; UnsafePath for one that would leave the archive.

    >>> safe_folder("images_background/Greek/character01/0001_01.png", "a.zip")
    'images_background/Greek/character01'
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name:
        raise UnsafePath(f"{archive} holds {name!r}, which would leave its folder: do not use this archive.")
    return str(path.parent)


def read_drawing(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[np.uint8]:
    """A black-on-white PNG -> (28, 28) uint8, ink 255."""
    if member.file_size > LARGEST:
        raise InvalidFile(f"{member.filename} has {member.file_size} bytes; a drawing has at most {LARGEST}.")
    try:
        with Image.open(io.BytesIO(archive.read(member)), formats=["PNG"]) as image:
            small = image.convert("L").resize((SIZE, SIZE), Image.Resampling.BOX)
    except (UnidentifiedImageError, OSError, ValueError) as fault:
        raise InvalidFile(f"{member.filename} cannot be read as PNG ({fault}): download the archive again.") from None
    return 255 - np.asarray(small, np.uint8)
