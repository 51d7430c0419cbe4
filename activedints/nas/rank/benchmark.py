"""Benchmarks: architectures whose networks somebody trained, in one tidy form.

A Benchmark holds the cells (graphs and operations), one row of measurements an architecture, and a declaration of
every column: what it is (``validation`` or ``test`` accuracy, ``cost``, ``latency``, ``energy``, ``time``, ``proxy``,
``feature``, ``noise``), on which data set, after how many epochs, in which unit and on which scale.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyarrow import ArrowException

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.nas.rank.cells import Cells, Operation, live_edges, read_edges, read_vertices

KINDS = ("validation", "test", "cost", "latency", "energy", "time", "proxy", "feature", "noise")


@dataclass(frozen=True)
class Column:
    """One measured column. Values outside ``low`` .. ``high`` are refused; missing values are allowed but in accuracies
    that a Ranking uses."""

    name: str
    what: str
    unit: str
    dataset: str = ""
    epochs: int = 0
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Benchmark:
    """``architectures`` one text each, ``cells`` the same as graphs, ``table`` one number column for each column."""

    name: str
    licence: str
    architectures: tuple[str, ...]
    cells: Cells
    table: pd.DataFrame
    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return len(self.architectures)

    def values(self, name: str) -> npt.NDArray[np.float64]:
        """(architecture,) one column; NotFound for a name that the table does not have."""
        if name not in self.table.columns:
            raise NotFound(f"{self.name} has no column '{name}'; it has {', '.join(self.table.columns)}.")
        return self.table[name].to_numpy(np.float64)

    def declared(self, *kinds: str, dataset: str | None = None) -> list[Column]:
        """Columns of the given kinds, those of one data set only if it is named."""
        return [c for c in self.columns if c.what in kinds and dataset in (None, c.dataset)]

    @property
    def datasets(self) -> list[str]:
        """Data sets that have accuracies, in the table's order."""
        return list(dict.fromkeys(c.dataset for c in self.declared("validation", "test")))

    def params(self) -> npt.NDArray[np.float64]:
        """(architecture,) trainable parameters, in the table's unit; NotFound where no cost column is named params."""
        found = [c.name for c in self.declared("cost") if "params" in c.name]
        if not found:
            raise NotFound(
                f"{self.name} has no cost column with 'params' in its name, which the six meta-features need."
            )
        return self.values(found[0])

    def where(self, rows: npt.NDArray[np.integer], name: str) -> "Benchmark":
        """The same benchmark restricted to some architectures, under a name that says so."""
        chosen = tuple(self.architectures[row] for row in rows)
        table = self.table.iloc[rows].reset_index(drop=True)
        return Benchmark(name, self.licence, chosen, self.cells[rows], table, self.columns)

    def live(self) -> "Benchmark":
        """Only architectures without dead branches: every edge lies on a way from input to output.

        The 9,445 of NAS-Bench-201's 15,625 that the zero-cost literature ranks.
        """
        rows = np.flatnonzero((live_edges(self.cells.edges) == self.cells.edges).all((1, 2)))
        return self.where(rows, f"{self.name}, {len(rows):,} without dead branches")

    def tidy(self) -> pd.DataFrame:
        """Accuracies in long form: architecture, dataset, what, epochs, value."""
        parts = [
            pd.DataFrame(
                {
                    "architecture": self.architectures,
                    "dataset": c.dataset,
                    "what": c.what,
                    "epochs": c.epochs,
                    "value": self.values(c.name),
                }
            ).dropna(subset="value")
            for c in self.declared("validation", "test")
        ]
        return pd.concat(parts, ignore_index=True)


def checked(benchmark: Benchmark) -> Benchmark:
    """The benchmark itself, if it keeps the rules of every table; else InvalidFile with the first rule it breaks."""
    name, table = benchmark.name, benchmark.table
    missing = [column.name for column in benchmark.columns if column.name not in table.columns]
    if missing:
        raise InvalidFile(f"{name} lacks the declared column '{missing[0]}'; add it or take it out of the declaration.")
    seen = pd.Series(benchmark.architectures)
    if seen.duplicated().any():
        first = seen[seen.duplicated()].index[0]
        raise InvalidFile(
            f"{name} lists architecture '{seen[first]}' twice (again in row {first + 1}): keep one row an architecture."
        )
    for column in benchmark.columns:
        if column.what not in KINDS:
            raise InvalidFile(
                f"{name} declares '{column.name}' as '{column.what}'; it must be one of {', '.join(KINDS)}."
            )
        values = pd.to_numeric(table[column.name], errors="coerce").to_numpy(np.float64)
        if np.isnan(values).sum() > table[column.name].isna().sum() or np.isinf(values).any():
            raise InvalidFile(
                f"{name} has a value in column '{column.name}' that is no finite number; correct the row."
            )
        outside = np.flatnonzero((values < column.low) | (values > column.high))
        if len(outside):
            raise InvalidFile(
                f"{name} has {values[outside[0]]:g} in row {outside[0] + 1} of '{column.name}', outside the scale "
                f"{column.low:g} to {column.high:g} that the table declares; correct the row or the declaration."
            )
    return benchmark


def read_benchmark(table: Path) -> Benchmark:
    """A user's own table: ``NAME.csv`` or ``NAME.parquet`` beside its declaration ``NAME.json``.

    The declaration: ``{"name", "licence", "placed": "edges" | "vertices", "operations": [{"name", "kind", "kernel"}],
    "columns": [{"name", "what", "unit", "dataset", "epochs", "low", "high"}]}``. With operations on edges the table
    has a column ``architecture`` in the notation of ``cells.read_edges``; on vertices ``adjacency`` and
    ``operations`` as in ``cells.read_vertices``. Raises InvalidFile or NotFound, one sentence each.
    """
    declaration = table.with_suffix(".json")
    for file in (table, declaration):
        if not file.is_file():
            raise NotFound(f"There is no file {file.name} in {file.parent}; a benchmark is a table and its .json.")
    try:
        said = json.loads(declaration.read_text())
        operations = tuple(Operation(**one) for one in said["operations"])
        columns = tuple(Column(**one) for one in said["columns"])
        name, licence, placed = said["name"], said["licence"], said["placed"]
    except (ValueError, TypeError, KeyError) as fault:
        raise InvalidFile(
            f"{declaration.name} is no declaration of a benchmark ({fault}); see docs/ranking.md."
        ) from None
    frame = read_table(table, ["architecture"] if placed == "edges" else ["adjacency", "operations"])
    if placed == "edges":
        texts = frame["architecture"].tolist()
        cells = read_edges(texts, operations)
    else:
        adjacency, letters = frame["adjacency"].tolist(), frame["operations"].fillna("").tolist()
        cells, texts = read_vertices(adjacency, letters, operations), [f"{a}:{o}" for a, o in zip(adjacency, letters)]
    return checked(Benchmark(name, licence, tuple(texts), cells, frame, columns))


def write_benchmark(benchmark: Benchmark, table: Path) -> None:
    """The inverse of ``read_benchmark`` for cells with operations on edges: a CSV and its declaration."""
    if benchmark.cells.vertices is not None:
        raise InvalidSettings(f"{benchmark.name} has its operations on vertices; only tables of edges are written.")
    frame = benchmark.table[[column.name for column in benchmark.columns]]
    frame.insert(0, "architecture", benchmark.architectures)
    frame.to_csv(table, index=False, lineterminator="\n")
    finite = [{k: v for k, v in asdict(c).items() if v not in (-np.inf, np.inf)} for c in benchmark.columns]
    said = {
        "name": benchmark.name,
        "licence": benchmark.licence,
        "placed": "edges",
        "operations": [asdict(one) for one in benchmark.cells.operations],
        "columns": finite,
    }
    table.with_suffix(".json").write_text(json.dumps(said, indent=1) + "\n")


def read_table(path: Path, needed: list[str]) -> pd.DataFrame:
    """A CSV or Parquet file with at least the ``needed`` columns; texts stay texts. InvalidFile, NotFound otherwise."""
    if not path.is_file():
        raise NotFound(f"There is no table {path.name} in {path.parent}; `activedints data list` says what can be had.")
    texts = dict.fromkeys(("architecture", "adjacency", "operations"), str)
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=texts)
    except (ArrowException, ValueError, OSError) as fault:
        reason = str(fault).splitlines()[0]
        raise InvalidFile(f"{path.name} is no readable table ({reason}); get the file again.") from None
    missing = [name for name in needed if name not in frame.columns]
    if missing or frame.empty:
        lack = f"the column '{missing[0]}'" if missing else "rows"
        raise InvalidFile(f"{path.name} lacks {lack}; a benchmark table needs rows and {', '.join(needed)}.")
    return frame
