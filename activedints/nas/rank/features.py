"""Meta-features: numbers that describe an architecture before anything is trained.

Groups, which may be combined freely:

- ``six``: the interpretable meta-features of MbML-NAS (Pereira et al., Information Sciences 649, 2023, 119642).
- ``topology``: counts, path lengths and degrees restricted to every subset of the operations
  (GRAF: Kadlecova et al., "Surprisingly strong performance prediction with neural graph features", ICML 2024).
- ``ways``: what the ways from input to output carry: most and fewest operations met, ways by their mixture.
- ``order``: what follows what, how deep each operation sits, what joins where; exact sequences in small cells.
- ``shape``: width and depth of the cell (Shu et al., "Understanding architectures learnt by cell-based NAS", 2020).
- ``cost``: log of trainable parameters and of multiply-adds, as far as the table has them.
- ``own``: what the table itself declares to be a feature of its space.
- ``proxies``: zero-cost proxies, columns of the table, as normal scores of their ranks over the whole space.

All but ``six`` look at the live part of the cell only: an operation on no way from input to output changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.nas.rank import walks
from activedints.nas.rank.cells import Cells, live_edges
from activedints.nas.rank.normal_scores import normal_scores

GROUPS = ("six", "topology", "ways", "order", "shape", "cost", "own", "proxies")
CHUNK = 4096

Column = npt.NDArray[np.float32]
Costs = Mapping[str, npt.NDArray[np.floating]]


@dataclass(frozen=True)
class MetaFeature:
    """One named number; ``meaning`` is a sentence for somebody who builds clinics' software, not networks."""

    name: str
    group: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Features:
    """``values`` (architecture, feature) float32 and what each column is."""

    values: npt.NDArray[np.float32]
    columns: tuple[MetaFeature, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def blocks(self) -> list[npt.NDArray[np.intp]]:
        """Column numbers of each group, in the order in which the groups appear."""
        groups = [column.group for column in self.columns]
        return [np.flatnonzero([g == group for g in groups]) for group in dict.fromkeys(groups)]


Described = Iterator[tuple[MetaFeature, npt.NDArray]]


def meta_features(
    cells: Cells,
    groups: tuple[str, ...],
    params: npt.NDArray,
    costs: Costs,
    proxies: Costs,
    own: Costs = MappingProxyType({}),
) -> Features:
    """Features of every cell. ``params`` (cell,) trainable parameters (for ``six``; unit as the table's); ``costs``:
    positive columns of the group ``cost``; ``proxies``, ``own``: columns of these groups.

    Columns that are the same for all architectures say nothing and are left out, except among the six.
    Raises InvalidSettings for an unknown group, a column of the table that is called like another feature, or when
    nothing is left.
    """
    unknown = [group for group in groups if group not in GROUPS]
    if unknown or not groups:
        raise InvalidSettings(f"Unknown feature groups {unknown or '(none given)'}; choose among {', '.join(GROUPS)}.")
    parts = [_graph_part(cells[np.arange(start, min(start + CHUNK, len(cells)))], groups) for start in _starts(cells)]
    columns = list(parts[0]) if parts else []
    blocks = [np.concatenate([part[column] for part in parts]) for column in columns]
    for column, values in _table_part(groups, params, costs, proxies, own):
        columns.append(column)
        blocks.append(values.astype(np.float32))
    _refuse_namesakes(columns)
    order = sorted(range(len(columns)), key=lambda i: GROUPS.index(columns[i].group))
    kept = [i for i in order if columns[i].group == "six" or np.ptp(blocks[i]) > 0]
    if not kept:
        raise InvalidSettings(f"The groups {', '.join(groups)} hold no feature that differs between architectures.")
    return Features(np.column_stack([blocks[i] for i in kept]), tuple(columns[i] for i in kept))


def _refuse_namesakes(columns: list[MetaFeature]) -> None:
    """A feature is found by its name, so no two may share one."""
    names = [column.name for column in columns]
    twice = [column for column in columns if names.count(column.name) > 1]
    if twice:
        raise InvalidSettings(
            f"The features of {' and '.join(one.group for one in twice)} hold '{twice[0].name}' more than once: "
            "give the table's column another name."
        )


def _starts(cells: Cells) -> range:
    return range(0, len(cells), CHUNK)


def _graph_part(cells: Cells, groups: tuple[str, ...]) -> dict[MetaFeature, Column]:
    found: dict[MetaFeature, Column] = {}
    if "six" in groups:
        found |= dict(_six(cells))
    if set(groups) & set(FAMILIES):
        graph = np.ascontiguousarray(live_edges(cells.edges).transpose(1, 2, 0))
        for group in FAMILIES:
            if group in groups:
                found |= dict(FAMILIES[group](graph, cells))
    return found


def _table_part(groups: tuple[str, ...], params: npt.NDArray, costs: Costs, proxies: Costs, own: Costs) -> Described:
    if "six" in groups:
        yield MetaFeature("params", "six", "weights", "Number of weights that training adjusts."), params
    if "cost" in groups:
        for name, values in costs.items():
            meaning = f"Order of magnitude of {name}: what the network costs to store or to run."
            yield MetaFeature(f"log {name}", "cost", "log", meaning), np.log(np.maximum(values, 1e-9))
    if "own" in groups:
        for name, values in own.items():
            yield MetaFeature(name, "own", "as given", f"{name}, as the table gives it."), values
    if "proxies" in groups:
        for name, values in proxies.items():
            meaning = f"{name}: a score of the untrained network on one batch of images, as its rank in the space."
            yield MetaFeature(name, "proxies", "normal score", meaning), normal_scores(values)


def _six(cells: Cells) -> Described:
    """Number of convolutions, smallest, largest and most frequent kernel (0 without any; the smaller one of a tie),
    number of poolings: exactly as published, dead operations included. The sixth, params, comes from the table."""
    placed = cells.edges if cells.vertices is None else cells.vertices[:, None]
    count = {code: (placed == code).sum((1, 2)) for code in cells.codes()}
    convs = cells.codes("conv")
    kernels = sorted({cells.operations[code - 1].kernel for code in convs})
    by_kernel = np.array([sum(count[c] for c in convs if cells.operations[c - 1].kernel == k) for k in kernels])
    sizes = np.array(kernels)[:, None]
    met = by_kernel > 0
    none = ~met.any(0)
    smallest = np.where(none, 0, np.where(met, sizes, 99).min(0))
    largest = np.where(met, sizes, 0).max(0)
    mode = np.where(none, 0, sizes[by_kernel.argmax(0), 0])
    pools = sum((count[code] for code in cells.codes("pool")), np.zeros(len(cells), int))
    yield MetaFeature("conv_count", "six", "operations", "How many convolutions the cell holds."), by_kernel.sum(0)
    yield MetaFeature("conv_kernel_min", "six", "voxels", "Side of the smallest convolution kernel."), smallest
    yield MetaFeature("conv_kernel_max", "six", "voxels", "Side of the largest convolution kernel."), largest
    yield MetaFeature("conv_kernel_mode", "six", "voxels", "Side of the most frequent convolution kernel."), mode
    yield MetaFeature("pool_count", "six", "operations", "How many pooling steps the cell holds."), pools


def _subsets(cells: Cells) -> Iterator[tuple[tuple[int, ...], str]]:
    for size in range(1, len(cells.operations) + 1):
        for codes in combinations(cells.codes(), size):
            yield codes, "/".join(cells.operations[code - 1].name for code in codes)


def _counted(graph: walks.Graph, cells: Cells, code: int) -> npt.NDArray:
    """(cell,) how often an operation works in the live part, on edges or on vertices as the space places it."""
    hits = graph == code
    return (hits if cells.vertices is None else hits.any(0, keepdims=True)).sum((0, 1))


def _topology(graph: walks.Graph, cells: Cells) -> Described:
    size, through = len(graph), len(cells.operations) + 1
    one = np.ones((size, size, 1), np.float32)
    for code, operation in enumerate(cells.operations, 1):
        text = f"How often {operation.name} works in the live part of the cell."
        yield MetaFeature(f"count {operation.name}", "topology", "operations", text), _counted(graph, cells, code)
    yield (
        MetaFeature("edges", "topology", "edges", "Connections in the live part of the cell."),
        (graph > 0).sum((0, 1)),
    )
    for codes, name in _subsets(cells):
        allowed = np.isin(graph, (*codes, through))
        least, most = walks.shortest(allowed, one), walks.longest(allowed, one)
        own = np.isin(graph, codes)
        for what, values, text in (
            ("shortest", np.where(np.isinf(least), size, least), "Steps of the shortest way made only of"),
            ("longest", np.where(np.isinf(most), 0, most), "Steps of the longest way made only of"),
            ("into output", allowed[:, -1].sum(0), "Connections into the output that are"),
            ("out of input", own[0].sum(0), "Connections out of the input that are"),
            ("mean degree", own.sum((0, 1)) / size, "Connections for each vertex that are"),
            ("largest in-degree", own.sum(0).max(0), "Most connections into one vertex that are"),
            ("largest out-degree", own.sum(1).max(0), "Most connections out of one vertex that are"),
        ):
            yield MetaFeature(f"{what} {name}", "topology", "edges", f"{text} {name}."), values


def _ways(graph: walks.Graph, cells: Cells) -> Described:
    present = graph > 0
    for codes, name in _subsets(cells):
        weight = np.isin(graph, codes).astype(np.float32)
        most, fewest = walks.longest(present, weight), walks.shortest(present, weight)
        text = f"operations of {name} met on one way from input to output."
        yield MetaFeature(f"most {name}", "ways", "operations", "Most " + text), np.maximum(most, -1)
        yield MetaFeature(f"fewest {name}", "ways", "operations", "Fewest " + text), np.where(fewest < 1e9, fewest, -1)
    ways = walks.count(present)
    yield MetaFeature("ways", "ways", "paths", "Ways from input to output (log of 1 + their number)."), np.log1p(ways)
    for code, operation in enumerate(cells.operations, 1):
        name = operation.name
        without, load = walks.count(present & (graph != code)), walks.carried(present, graph == code)
        text = f"Ways from input to output that avoid {name} (log of 1 + their number)."
        yield MetaFeature(f"ways without {name}", "ways", "paths", text), np.log1p(without)
        text = f"How often {name} is met over all ways together (log of 1 + the number)."
        yield MetaFeature(f"met {name}", "ways", "operations", text), np.log1p(load)
    working = cells.codes("conv", "pool")
    if len(graph) ** len(working) <= 512:
        names = [cells.operations[code - 1].name for code in working]
        for number, values in enumerate(walks.mixtures(graph, working).T):
            held = [number // len(graph) ** k % len(graph) for k in range(len(working))]
            label = " + ".join(f"{n} {name}" for n, name in zip(held, names) if n) or "nothing but skips"
            text = f"Ways that hold {label}, in any order (square root of their number)."
            yield MetaFeature(f"ways of {label}", "ways", "paths", text), np.sqrt(values)


def _order(graph: walks.Graph, cells: Cells) -> Described:
    present = graph > 0
    depth = np.maximum(walks.to_vertex(present, np.ones((len(graph), len(graph), 1), np.float32)), 0)
    hits = {code: (graph == code).astype(np.float32) for code in cells.codes()}
    name = {code: cells.operations[code - 1].name for code in cells.codes()}
    for code, hit in hits.items():
        text = f"Sum of the depths at which {name[code]} starts."
        yield MetaFeature(f"depth of {name[code]}", "order", "edges", text), np.einsum("ijb,ib->b", hit, depth)
        for after, other in hits.items():
            text = f"How often {name[after]} directly follows {name[code]}."
            follows = np.einsum("jb,jb->b", hit.sum(0), other.sum(1))
            yield MetaFeature(f"{name[code]} then {name[after]}", "order", "pairs", text), follows
    for codes, label in ((cells.codes("conv"), "convolutions"), (cells.codes("conv", "pool"), "working operations")):
        entering = np.isin(graph, codes).sum(0)
        text = f"Vertices that {label} enter."
        yield MetaFeature(f"vertices fed by {label}", "order", "vertices", text), (entering > 0).sum(0)
        less = walks.count(present) - walks.count(present & ~np.isin(graph, codes))
        text = f"Ways that meet {label} (log of 1 + their number)."
        yield MetaFeature(f"ways with {label}", "order", "paths", text), np.log1p(np.maximum(less, 0))
    if len(graph) <= 4:
        for codes, values in walks.sequences(graph, cells.codes("conv", "pool")).items():
            label = ", ".join(name[code] for code in codes) or "nothing but skips"
            text = f"Ways that do exactly {label}, in this order."
            yield MetaFeature(f"sequence {label}", "order", "paths", text), values


def _shape(graph: walks.Graph, cells: Cells) -> Described:
    present = graph > 0
    entering = present.sum(0)
    share = np.where(present[0], 1 / np.maximum(entering, 1), 0)[1:-1].sum(0)
    text = "Width: inner vertices fed by the cell's input, each by the share of its inputs that the input makes up."
    yield MetaFeature("width", "shape", "vertices", text), share
    long = walks.longest(present, np.ones((len(graph), len(graph), 1), np.float32))
    yield (
        MetaFeature("depth", "shape", "edges", "Depth: steps of the longest way through the cell."),
        np.maximum(long, 0),
    )
    joined = present[1:-1, -1].sum(0)
    yield MetaFeature("joined", "shape", "vertices", "Inner vertices that lead straight into the output."), joined
    used = present.any(1)[1:-1].sum(0)
    yield MetaFeature("vertices", "shape", "vertices", "Inner vertices in the live part of the cell."), used


FAMILIES: dict[str, Callable[[walks.Graph, Cells], Described]] = {
    "topology": _topology,
    "ways": _ways,
    "order": _order,
    "shape": _shape,
}
