"""What a screen or a command may ask of the ranking: the values of every control, as plain rows."""

from pathlib import Path
from typing import Any

from activedints.core.errors import NotFound
from activedints.nas.rank.catalogue import NAMES, POOLS, open_benchmark
from activedints.nas.rank.design import DESIGNS
from activedints.nas.rank.features import GROUPS, TRAINING_FREE
from activedints.nas.rank.propose import STRATEGIES
from activedints.nas.rank.ranking import TRAIN_SIZES
from activedints.nas.rank.regressors import DEFAULT, REGRESSORS

Row = dict[str, Any]


def choices(folder: Path, benchmark: str = "digits") -> Row:
    """Lists of names for every control, and two lists of rows.

    ``benchmarks``: ``{name, missing}``, ``missing`` the sentence that says how to get it, or null; ``chosen``: rows of
    ``described`` for the pools of ``benchmark``. Raises NotFound for a benchmark that is not there.
    """
    return {
        "benchmarks": [{"name": name, "missing": _missing(name, folder)} for name in NAMES],
        "regressors": list(REGRESSORS),
        "default": DEFAULT,
        "designs": list(DESIGNS),
        "groups": list(GROUPS),
        "training_free": list(TRAINING_FREE),
        "train_sizes": list(TRAIN_SIZES),
        "strategies": list(STRATEGIES),
        "chosen": [described(benchmark, folder, pool) for pool in POOLS],
    }


def described(name: str, folder: Path, pool: str) -> Row:
    """``{pool, name, architectures, licence, datasets, costs, proxies}`` of one pool: names of its cost columns, and
    the data sets for which every architecture of the pool has zero-cost proxies."""
    benchmark = open_benchmark(name, folder, pool)
    complete = [
        dataset
        for dataset in benchmark.datasets
        if (columns := benchmark.declared("proxy", dataset=dataset))
        and not benchmark.table[[c.name for c in columns]].isna().any(axis=None)
    ]
    return {
        "pool": pool,
        "name": benchmark.name,
        "architectures": len(benchmark),
        "licence": benchmark.licence,
        "datasets": benchmark.datasets,
        "costs": [c.name for c in benchmark.declared("cost", "latency", "energy", "time")],
        "proxies": complete,
    }


def _missing(name: str, folder: Path) -> str | None:
    try:
        open_benchmark(name, folder)
    except NotFound as fault:
        return str(fault)
    return None
