"""The measured table: validation and test accuracy of cells on data sets, as ``data/measured_table.csv`` ships it.

One row a run: cell, data set, seed, validation accuracy after 1 and 3 epochs and at the end, test accuracy at the end,
all in per cent. Validation chooses, test is reported, everywhere that this table is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from activedints.core.errors import InvalidFile, NotFound
from activedints.nas.measured import image_sets, space
from activedints.nas.rank.benchmark import read_table
from activedints.nas.rank.cells import read_edges
from activedints.nas.rank.nasbench import OPERATIONS_201

SHIPPED = Path(__file__).resolve().parents[3] / "data" / "measured_table.csv"
COLUMNS = ("cell", "set", "seed", "validation_1", "validation_3", "validation", "test")
COMPARED = 6
"""Cells with three seeds below which seeds are not compared."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MeasuredTable:
    """``tokens`` (cell, 6); ``names`` of the data sets; ``runs`` by column (set, cell, seed), NaN where not measured.

    Only cells that were measured on every data set with seed 0 are here.
    """

    cells: tuple[str, ...]
    tokens: npt.NDArray[np.int8]
    names: tuple[str, ...]
    runs: dict[str, Array]

    @cached_property
    def families(self) -> tuple[str, ...]:
        """(set,) what the pictures of each data set show."""
        return tuple(image_sets.family_of(name) for name in self.names)

    @cached_property
    def validation(self) -> Array:
        """(set, cell) of seed 0: what somebody who trains once sees."""
        return self.runs["validation"][:, :, 0]

    @cached_property
    def test(self) -> Array:
        """(set, cell) mean over the seeds that there are."""
        return np.nanmean(self.runs["test"], 2)

    @cached_property
    def thrice(self) -> npt.NDArray[np.bool_]:
        """(set,) whether COMPARED cells or more (or all) were trained with three seeds."""
        return self.repeated.sum(1) >= min(COMPARED, len(self.cells))

    @cached_property
    def repeated(self) -> npt.NDArray[np.bool_]:
        """(set, cell) whether a cell was trained with three seeds."""
        runs = self.runs["test"]
        return ~np.isnan(runs).any(2) if runs.shape[2] >= 3 else np.zeros(runs.shape[:2], bool)

    def place(self, name: str) -> int:
        """Row of a data set; NotFound for another name."""
        if name not in self.names:
            raise NotFound(f"There is no data set '{name}' in the table; it has {', '.join(self.names)}.")
        return self.names.index(name)

    def only(self, sets: npt.NDArray[np.bool_]) -> "MeasuredTable":
        """The table of some data sets."""
        names = tuple(name for name, kept in zip(self.names, sets) if kept)
        return MeasuredTable(self.cells, self.tokens, names, {k: v[sets] for k, v in self.runs.items()})

    def without(self, family: str) -> "MeasuredTable":
        """The table without the data sets of a family: what may be learned from when that family is new. NotFound for
        a family that it does not have."""
        if family not in self.families:
            known = ", ".join(dict.fromkeys(self.families))
            raise NotFound(f"There is no family '{family}' in the table to leave out; it has {known}.")
        return self.only(np.array([one != family for one in self.families]))

    @cached_property
    def nearest(self) -> npt.NDArray[np.intp]:
        """(5, 5, 5, 5, 5, 5) the measured cell that differs from these tokens on the fewest edges that do something;
        the first of several; -1 for cells that let nothing through."""
        every = np.stack(np.unravel_index(np.arange(space.TOKENS**6), (space.TOKENS,) * 6), 1).astype(np.int8)
        apart = (space.essential(every)[:, None] != self.tokens[None]).sum(2)
        return np.where(space.live(every), apart.argmin(1), -1).reshape((space.TOKENS,) * 6)

    def row_of(self, tokens: npt.NDArray[np.integer]) -> int:
        """The measured cell that stands for these six tokens."""
        return int(self.nearest[tuple(int(token) for token in tokens)])


def assembled(frame: pd.DataFrame) -> MeasuredTable:
    """The table of all complete cells in rows of COLUMNS. InvalidFile where a row belongs to another space or set."""
    for column in COLUMNS[2:]:
        if not np.isfinite(pd.to_numeric(frame[column], errors="coerce")).all():
            raise InvalidFile(f"The table's column '{column}' has a value that is no number; correct the row.")
    if (frame["seed"] < 0).any() or (frame["seed"] % 1 != 0).any():
        raise InvalidFile("The table's column 'seed' holds something else than 0, 1, 2 ...; correct the row.")
    unknown = sorted(set(frame["set"]) - set(image_sets.NAMES))
    if unknown:
        raise InvalidFile(f"The table measures the unknown data set '{unknown[0]}'; it may hold those of this version.")
    names = tuple(name for name in image_sets.NAMES if name in set(frame["set"]))
    first = frame[frame["seed"] == 0]
    counts = first.groupby("cell", sort=False)["set"].nunique()
    cells = tuple(counts.index[counts == len(names)])
    if not cells:
        raise InvalidFile("The table has no cell that was measured on every data set; measure one more.")
    read = read_edges(cells, OPERATIONS_201)
    if read.edges.shape[1] != 4:
        raise InvalidFile(
            f"The table is of another space: its cells have {read.edges.shape[1]} vertices, NAS-Bench-201's have 4."
        )
    shape = (len(names), len(cells), int(frame["seed"].max()) + 1)
    index = (frame["set"].map(names.index), frame["cell"].map({c: i for i, c in enumerate(cells)}), frame["seed"])
    kept = index[1].notna()
    runs = {}
    for column in COLUMNS[3:]:
        values = np.full(shape, np.nan)
        values[tuple(part[kept].astype(int) for part in index)] = frame[column][kept]
        if ((values < 0) | (values > 100)).any():
            raise InvalidFile(f"The table's column '{column}' leaves the scale 0 to 100 %; correct the row.")
        runs[column] = values
    return MeasuredTable(cells, space.tokens_of(read.edges), names, runs)


@cache
def read(path: Path = SHIPPED) -> MeasuredTable:
    """A table from a CSV file. NotFound, InvalidFile say in one sentence what is wrong."""
    return assembled(read_table(path, list(COLUMNS)))


def seed_agreement(table: MeasuredTable) -> dict[str, float]:
    """For every data set with three seeds, the mean Spearman between single runs over the cells that have them."""
    from activedints.nas.rank.agreement import spearman

    found = {}
    for name, runs, there, enough in zip(table.names, table.runs["test"], table.repeated, table.thrice):
        if enough:
            kept, pairs = runs[there], [(0, 1), (0, 2), (1, 2)]
            found[name] = float(np.mean([spearman(kept[:, a], kept[:, b]) for a, b in pairs]))
    return found


def write(runs: Sequence[dict], path: Path = SHIPPED) -> MeasuredTable:
    """Write the rows of finished runs, cells and sets in the order given; returns the table of the complete cells."""
    frame = pd.DataFrame(runs)[list(COLUMNS)]
    frame.to_csv(path, index=False, lineterminator="\n", float_format="%.2f")
    return assembled(frame)
