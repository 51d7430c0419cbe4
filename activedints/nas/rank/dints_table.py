"""The measured DiNTS architectures that ship with the project: ``data/dints_benchmark.json``.

``{"cohort", "core_seconds", "patch", "architectures": [{..., "dice": [one a seed], "megabytes"}]}``, written by
``activedints bench dints-rank --table 1``; trained alone for equal core-seconds on the simulated cohort.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.architecture import Architecture
from activedints.core.errors import InvalidFile, NotFound

TABLE = Path(__file__).resolve().parents[3] / "data" / "dints_benchmark.json"


@dataclass(frozen=True)
class DintsTable:
    """``dice`` (architecture, seed): mean foreground Dice on the holdout of ``cohort`` after ``core_seconds``;
    ``megabytes`` (architecture,): counted activations for one ``patch`` (x, y, z)."""

    cohort: str
    core_seconds: float
    patch: tuple[int, int, int]
    architectures: tuple[Architecture, ...]
    dice: npt.NDArray[np.float64]
    megabytes: npt.NDArray[np.float64]


def read_dints_table(path: Path | None = None) -> DintsTable:
    """NotFound while it was not measured, InvalidFile for anything that is no such table."""
    path = path or TABLE
    if not path.is_file():
        raise NotFound(
            "No DiNTS architecture was measured yet: `activedints bench dints-rank --table 1` trains them (hours)."
        )
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        rows = said["architectures"]
        dice = np.array([row.pop("dice") for row in rows], np.float64)
        megabytes = np.array([row.pop("megabytes") for row in rows], np.float64)
        architectures = tuple(Architecture.from_json(json.dumps(row)) for row in rows)
        table = DintsTable(
            said["cohort"], float(said["core_seconds"]), tuple(said["patch"]), architectures, dice, megabytes
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise InvalidFile(f"{path.name} is no table of DiNTS architectures ({fault}); measure it again.") from None
    if dice.ndim != 2 or not len(dice):
        raise InvalidFile(f"{path.name} has not the same number of seeds for every architecture; measure it again.")
    return table


def write_dints_table(table: DintsTable, path: Path) -> None:
    """The inverse of ``read_dints_table``."""
    measured = zip(table.architectures, table.dice.tolist(), table.megabytes.tolist())
    rows = [json.loads(one.to_json()) | {"dice": dice, "megabytes": size} for one, dice, size in measured]
    said = {"cohort": table.cohort, "core_seconds": table.core_seconds, "patch": list(table.patch)}
    path.write_text(json.dumps(said | {"architectures": rows}, indent=1) + "\n", encoding="utf-8")
