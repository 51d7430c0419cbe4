"""What a screen or a command may ask of the ranking: the values of every control, as plain rows."""

from pathlib import Path
from typing import Any

from activedints.core.ranking import DEFAULT, TRAINING_FREE
from activedints.nas.rank.benchmark import Benchmark
from activedints.nas.rank.catalogue import NAMES, POOLS, missing, open_benchmark
from activedints.nas.rank.design import DESIGNS
from activedints.nas.rank.features import GROUPS
from activedints.nas.rank.propose import STRATEGIES
from activedints.nas.rank.ranking import TRAIN_SIZES
from activedints.nas.rank.regressors import REGRESSORS

Row = dict[str, Any]

SIZES = (10, 20, 30, 43, 60, 86, 129, 172, 250, 344, 500, 860)
"""Train sizes that a slider offers, as far as at most half of the pool is trained."""


def choices(folder: Path, benchmark: str = "digits") -> Row:
    """Lists of names for every control, and two lists of rows.

    ``benchmarks``: ``{name, missing}``, ``missing`` the sentence that says how to get it, or null; ``chosen``: rows of
    ``described`` for the pools of ``benchmark``. Raises NotFound for a benchmark that is not there.
    """
    return {
        "benchmarks": [{"name": name, "missing": missing(name, folder)} for name in NAMES],
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
    """``{pool, name, architectures, licence, datasets, costs, proxies, groups, sizes}`` of one pool.

    ``costs``: names of its cost columns; ``proxies``: the data sets for which every architecture has zero-cost proxies;
    ``groups``: data set -> groups of meta-features that can be computed; ``sizes``: train sizes that suit the pool.
    """
    benchmark = open_benchmark(name, folder, pool)
    complete = [dataset for dataset in benchmark.datasets if _has_proxies(benchmark, dataset)]
    lacking = set() if benchmark.declared("feature") else {"own"}
    return {
        "pool": pool,
        "name": benchmark.name,
        "architectures": len(benchmark),
        "licence": benchmark.licence,
        "datasets": benchmark.datasets,
        "costs": [c.name for c in benchmark.declared("cost", "latency", "energy", "time")],
        "proxies": complete,
        "groups": {
            dataset: [g for g in GROUPS if g not in lacking | (set() if dataset in complete else {"proxies"})]
            for dataset in benchmark.datasets
        },
        "sizes": [size for size in SIZES if 2 * size <= len(benchmark)],
    }


def _has_proxies(benchmark: Benchmark, dataset: str) -> bool:
    columns = [column.name for column in benchmark.declared("proxy", dataset=dataset)]
    return bool(columns) and not benchmark.table[columns].isna().any(axis=None)
