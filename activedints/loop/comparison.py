"""Studies of this workspace, as the command line wrote them: the sentence, the curves, the differences."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activedints.store.database import Store

Row = dict[str, Any]
FOLDER = "studies"
MEAN = "mean over labels"


@dataclass(frozen=True)
class StudyView:
    """One study: its sentences against foreground-aware random first, curve rows of the mean class Dice."""

    name: str
    sentences: tuple[str, ...]
    curves: tuple[Row, ...]
    """arm, cycle, volumes, voxels, minutes, dice, low, high, n."""
    differences: tuple[Row, ...]
    unit: str
    report: Path


def studies(store: Store) -> list[StudyView]:
    """Finished studies, the newest first; a folder without a readable summary is left out."""
    found = []
    folder = store.folder / FOLDER
    paths = sorted(folder.glob("*/summary.json"), key=lambda path: -path.stat().st_mtime) if folder.is_dir() else []
    for path in paths:
        summary = _read(path)
        if summary is not None:
            found.append(_view(path.parent, summary))
    return found


def _read(path: Path) -> Row | None:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    needed = {"sentences", "bands", "differences", "unit"}
    return summary if isinstance(summary, dict) and needed <= set(summary) else None


def _view(folder: Path, summary: Row) -> StudyView:
    told = sorted(summary["sentences"], key=lambda words: "foreground-aware" not in words)
    return StudyView(
        name=folder.name,
        sentences=tuple(told),
        curves=tuple(row for row in summary["bands"] if row["label"] == MEAN),
        differences=tuple(summary["differences"]),
        unit=summary["unit"],
        report=folder / "report.html",
    )
