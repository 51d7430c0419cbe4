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


def _opened(name: str, folder: Path) -> Benchmark:
    if name == "digits":
        return read_benchmark(EMBEDDED)
    if name == "nasbench201" and (folder / "nasbench201.parquet").is_file():
        return nasbench201(folder)
    if name == "nasbench201" and (folder / "nb201_valid_nets.csv").is_file():
        return nasbench201_downloaded(folder)
    if name == "nasbench101" and (folder / "nasbench101_subset.parquet").is_file():
        return nasbench101(folder)
    if name == "nasbench201":
        raise NotFound(f"NAS-Bench-201 is not in {folder}; `activedints data get nasbench201` fetches it (5 MB).")
    if name == "nasbench101":
        raise NotFound(f"NAS-Bench-101 is not in {folder}; put nasbench101_subset.parquet there.")
    table = Path(name)
    if table.suffix not in (".csv", ".parquet"):
        raise NotFound(f"There is no benchmark '{name}'; choose one of {', '.join(NAMES)} or the path of a table.")
    return read_benchmark(table)
