"""Public benchmark files for a workspace: what can be had, what is there, and fetching it."""

from pathlib import Path
from typing import Any

from activedints.core.job import Report
from activedints.nas.download import DOWNLOADS, fetch


def listed(folder: Path) -> list[dict[str, Any]]:
    """One row a data set: name, megabytes, licence, source, and whether all of it lies in ``folder``."""
    return [
        {
            "name": one.name,
            "megabytes": round(sum(file.size for file in one.files) / 1e6, 1),
            "licence": one.licence,
            "source": one.source,
            "present": all(_whole(folder / file.name, file.size) for file in one.files),
        }
        for one in DOWNLOADS.values()
    ]


def get(name: str, folder: Path, source: str, report: Report) -> list[Path]:
    """Fetch a data set into ``folder``; see ``nas.download.fetch``."""
    return fetch(name, folder, source, report)


def _whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
