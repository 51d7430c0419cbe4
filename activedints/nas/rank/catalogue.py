"""Benchmarks by name, and where a fresh machine finds them."""

from functools import lru_cache
from pathlib import Path

from activedints.core.errors import NotFound
from activedints.nas.rank.benchmark import Benchmark, read_benchmark
from activedints.nas.rank.nasbench import nasbench101, nasbench201, nasbench201_downloaded

EMBEDDED = Path(__file__).resolve().parents[3] / "data" / "digits_benchmark.csv"
NAMES = ("digits", "nasbench201", "nasbench101")
POOLS = ("all", "live")


@lru_cache(maxsize=4)
def open_benchmark(name: str, folder: Path, pool: str = "all") -> Benchmark:
    """A benchmark by its name, or a user's own by the path of its table (``benchmark.read_benchmark``).

    ``digits`` is embedded; the others are read from ``folder`` (the complete Parquet tables, or the CSV files that
    `activedints data get nasbench201` puts there). ``pool``: ``all`` architectures, or the ``live`` ones without
    dead branches. Raises NotFound with the way to get what is missing.
    """
    if pool not in POOLS:
        raise NotFound(f"There is no pool '{pool}'; choose one of {', '.join(POOLS)}.")
    benchmark = _opened(name, folder)
    return benchmark.live() if pool == "live" else benchmark


FILES = {
    "nasbench201": ("nasbench201.parquet", "nb201_valid_nets.csv"),
    "nasbench101": ("nasbench101_subset.parquet",),
}


def missing(name: str, folder: Path) -> str | None:
    """The sentence that says how to get a benchmark of NAMES; None where its files are. Reads no file."""
    if name == "digits" or any((folder / file).is_file() for file in FILES[name]):
        return None
    if name == "nasbench201":
        return f"NAS-Bench-201 is not in {folder}; `activedints data get nasbench201` fetches it (5 MB)."
    return f"NAS-Bench-101 is not in {folder}; put {FILES[name][0]} there."


def _opened(name: str, folder: Path) -> Benchmark:
    if name == "digits":
        return read_benchmark(EMBEDDED)
    if name in FILES and (lack := missing(name, folder)):
        raise NotFound(lack)
    if name == "nasbench201" and (folder / "nasbench201.parquet").is_file():
        return nasbench201(folder)
    if name == "nasbench201":
        return nasbench201_downloaded(folder)
    if name == "nasbench101":
        return nasbench101(folder)
    table = Path(name)
    if table.suffix not in (".csv", ".parquet"):
        raise NotFound(f"There is no benchmark '{name}'; choose one of {', '.join(NAMES)} or the path of a table.")
    return read_benchmark(table)
