"""Names and paths that come from outside: what may become a case name, and what lies inside a folder."""

import os
import re
import unicodedata
from pathlib import Path, PureWindowsPath

from activedints.core.errors import InvalidChannels, UnsafePath

LONGEST = 120
"""A case name plus a suffix such as ``_entropy.nii.gz`` has to fit the 255 bytes of a file name."""

WINDOWS_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def shown(path: Path | str) -> str:
    """A path as a sentence may quote it: its last two parts, nothing unprintable, never long.

    >>> shown("/data/imagesTr/a.nii.gz"), shown("/no"), shown(".")
    ('imagesTr/a.nii.gz', '/no', '.')
    """
    return _printable(str(Path(*Path(path).parts[-2:])), 100)


def whole(path: Path | str) -> str:
    """A path that a person typed, as a sentence may quote it back: all of it, nothing unprintable, never endless.

    >>> whole("/data/brats/imagesTr/a.nii.gz")
    '/data/brats/imagesTr/a.nii.gz'
    """
    return _printable(str(path), 300)


def _printable(text: str, longest: int) -> str:
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return printable if len(printable) <= longest else printable[: longest - 40] + "..." + printable[-30:]


def safe_name(name: str, what: str = "case name") -> str:
    """The name itself if it can be a file name on every system and be read in one way; else UnsafePath.

    Letters and digits of left-to-right scripts, and ``. _ - +`` and spaces inside; at most 120 characters;
    no Windows device (``CON``), no trailing dot.
    """
    quoted = shown(name.replace("/", "\N{DIVISION SLASH}")) if name else "''"
    cure = "rename it with letters, digits, '_' and '-'"
    if not 0 < len(name) <= LONGEST or len(name.encode("utf-8", "replace")) > 2 * LONGEST:
        raise UnsafePath(f"The {what} {quoted} must have 1 to {LONGEST} characters; it has {len(name)}: {cure}.")
    strange = {c for c in name if not (c.isalnum() or c in "._-+ ")}
    strange |= {c for c in name if unicodedata.bidirectional(c) in ("R", "AL") or unicodedata.category(c)[0] == "C"}
    if strange or not (name[0].isalnum() or name[0] == "_") or name[-1] in ". " or ".." in name:
        found = ", ".join(ascii(c) for c in sorted(strange)) or "a dot or space at its edge, or '..'"
        raise UnsafePath(f"The {what} {quoted} must be safe as a file name; it holds {found}: {cure}.")
    if name.split(".")[0].strip().casefold() in WINDOWS_DEVICES:
        raise UnsafePath(f"The {what} {quoted} must not be a device of Windows: {cure}.")
    return name


def inside(root: Path, path: str | Path, source: str) -> Path:
    """``root / path`` with links resolved; UnsafePath unless it lies inside ``root`` (resolved too).

    ``source`` says in the sentence who named the path, for example ``dataset.json``.
    """
    text = str(path)
    cure = "put the file inside the folder and name it relative to it"
    if "\0" in text or PureWindowsPath(text).drive or text.startswith("\\"):
        raise UnsafePath(f"{source} names {shown(text)}, which is no path inside {shown(root)}: {cure}.")
    base = os.path.realpath(root)
    real = os.path.realpath(os.path.join(base, text))
    if os.path.commonpath([base, real]) != base:
        raise UnsafePath(f"{source} names {shown(text)}, which leaves the folder {shown(root)}: {cure}.")
    return Path(real)


def stem(path: Path | str) -> str:
    """File name without ``.nii`` or ``.nii.gz``.

    >>> stem("imagesTr/BraTS2021_00006.nii.gz")
    'BraTS2021_00006'
    """
    return re.sub(r"\.nii(\.gz)?$", "", Path(path).name, flags=re.IGNORECASE)


def check_channel_names(channels: tuple[str, ...], source: str) -> None:
    """InvalidChannels unless every channel has its own short printable name."""
    bad = [name for name in channels if not name or len(name) > 60 or not name.isprintable()]
    twice = sorted({name for name in channels if channels.count(name) > 1})
    if not channels or bad or twice:
        raise InvalidChannels(
            f"{source} must give each channel its own printable name; it has {[n[:60] for n in bad or twice]}"
            f"{'' if bad else ' twice'}: rename them."
        )


def subject_key(name: str) -> str:
    """The patient behind a case name, to notice one patient in two data sets.

    >>> subject_key("BraTS2021_00006_1mm"), subject_key("sub-07_ses-02_T1w"), subject_key("BraTS-GLI-00006-001")
    ('brats2021_00006', 'sub-07', 'brats-gli-00006')
    """
    key = unicodedata.normalize("NFC", name).casefold()
    for pattern in (r"(?:^|.*?[_/])(sub-[^_/]+)", r"(brats-[a-z]+-\d+)-\d+"):
        if found := re.match(pattern, key):
            return found[1]
    return re.sub(r"[ _-]?\d+(\.\d+)?mm$", "", key)
