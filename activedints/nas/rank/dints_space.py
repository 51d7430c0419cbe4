"""Our own DiNTS space as one that can be ranked: "of the 500 candidates within my memory budget, train these 3".

An Architecture becomes a cell whose vertices are the input, the resolutions between the layers (before the first and
after the last one too) and the output; an active edge of a layer carries its operation. Besides the graph's
features, each architecture is described by how much works at each resolution and how often resolutions change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from activedints.core.architecture import OPERATIONS, Architecture, edge_ends
from activedints.core.errors import InvalidSettings
from activedints.nas.rank.agreement import spearman
from activedints.nas.rank.benchmark import Benchmark, Column, checked
from activedints.nas.rank.cells import Cells, Operation
from activedints.nas.rank.ranking import describe, standardised
from activedints.nas.rank.regressors import Prediction, regressor

FEATURES = ("topology", "ways", "order", "shape", "cost", "own")
DATASET = "cohort"

Values = npt.NDArray[np.float64]


def cells_of(architectures: Sequence[Architecture]) -> Cells:
    """One graph of ``(blocks + 1) * depths + 2`` vertices each; InvalidSettings unless all are of one size."""
    sizes = {(one.blocks, one.depths) for one in architectures}
    if len(sizes) != 1:
        raise InvalidSettings(
            f"These architectures are of the sizes {sorted(sizes)} (blocks, depths); rank architectures of one size."
        )
    blocks, depths = sizes.pop()
    operations = tuple(
        Operation(name, "skip" if name == "skip" else "conv", 0 if name == "skip" else 3) for name in OPERATIONS
    )
    last = (blocks + 1) * depths + 1
    edges = np.zeros((len(architectures), last + 1, last + 1), np.int8)
    for row, one in enumerate(architectures):
        for layer, (active, codes) in enumerate(zip(one.arch_code_a, one.arch_code_c)):
            for edge in np.flatnonzero(active):
                start, end = edge_ends(int(edge))
                edges[row, 1 + layer * depths + start, 1 + (layer + 1) * depths + end] = 1 + codes[edge]
        for depth in range(depths):
            edges[row, 0, 1 + depth] = (len(OPERATIONS) + 1) * one.node_a[0][depth]
            edges[row, 1 + blocks * depths + depth, last] = (len(OPERATIONS) + 1) * one.node_a[-1][depth]
    return Cells(operations, edges)


def scale_features(architectures: Sequence[Architecture]) -> dict[str, Values]:
    """(architecture,) convolutions that end at each resolution, and active edges that go down, stay and go up."""
    depths = architectures[0].depths
    ends = np.array([edge_ends(edge) for edge in range(3 * depths - 2)])
    active = np.array([one.arch_code_a for one in architectures]) > 0
    convolves = active & (np.array([one.arch_code_c for one in architectures]) > 0)
    found = {f"convolutions at resolution {d}": convolves[:, :, ends[:, 1] == d].sum((1, 2)) for d in range(depths)}
    step = ends[:, 1] - ends[:, 0]
    for name, change in (("down", 1), ("on", 0), ("up", -1)):
        found[f"edges that go {name}"] = active[:, :, step == change].sum((1, 2))
    return {name: values.astype(np.float64) for name, values in found.items()}


def dints_benchmark(architectures: Sequence[Architecture], dice: Values, costs: Mapping[str, Values]) -> Benchmark:
    """``dice`` (architecture, seed) measured, NaN where not trained; ``costs`` (architecture,) columns in millions.

    The validation column ``dice`` is the mean over the seeds; the single ones are kept as noise columns.
    """
    own = scale_features(architectures)
    seeds = {f"dice_seed{seed}": dice[:, seed] for seed in range(dice.shape[1])}
    columns = (
        Column("dice", "validation", "Dice", DATASET, 0, 0, 1),
        *(Column(name, "noise", "Dice", DATASET, 0, 0, 1) for name in seeds),
        *(Column(name, "cost", "million", low=0) for name in costs),
        *(Column(name, "feature", "edges") for name in own),
    )
    table = pd.DataFrame({"dice": dice.mean(1), **seeds, **costs, **own})
    names = tuple(f"{one.name} {hash_of(one)}" for one in architectures)
    return checked(
        Benchmark("DiNTS architectures", "measured by this project", names, cells_of(architectures), table, columns)
    )


def hash_of(architecture: Architecture) -> str:
    """The architecture's codes as text, layer by layer: equal for equal networks, whatever their names."""
    layers = zip(architecture.arch_code_a, architecture.arch_code_c)
    return "-".join("".join(str(c) if a else "." for a, c in zip(*layer)) for layer in layers)


@dataclass(frozen=True)
class LeaveOneOut:
    """Spearman of measured Dice with that predicted from all others; ``ceiling``: between the training runs.

    Leaving one out pushes the figure down where nothing can be learnt: a constant prediction, the mean of the others,
    is lowest for the best and has a Spearman of -1.
    """

    spearman: float
    ceiling: float | None
    predicted: Values
    n: int

    @property
    def better_than_chance(self) -> bool:
        """Above what 97.5 % of unrelated rankings reach."""
        return self.spearman > 1.96 / (self.n - 1) ** 0.5


def leave_one_out(
    benchmark: Benchmark, by: str = "gaussian process", groups: tuple[str, ...] = FEATURES
) -> LeaveOneOut:
    """How well the measured architectures of ``benchmark`` predict one another; needs at least five."""
    x, blocks, rows = _prepared(benchmark, groups)
    dice = benchmark.values("dice")
    if len(rows) < 5:
        raise InvalidSettings(
            f"Only {len(rows)} architectures are measured; train at least 5 before judging a ranking."
        )
    guessed = np.zeros(len(rows))
    for place, row in enumerate(rows):
        others = np.delete(rows, place)
        guessed[place] = regressor(by, blocks).fit(x[others], dice[others]).predict(x[[row]]).mean[0]
    runs = [benchmark.values(c.name)[rows] for c in benchmark.declared("noise")]
    pairs = [spearman(a, b) for i, a in enumerate(runs) for b in runs[:i]]
    return LeaveOneOut(spearman(guessed, dice[rows]), float(np.mean(pairs)) if pairs else None, guessed, len(rows))


def rank_candidates(
    benchmark: Benchmark, by: str = "gaussian process", groups: tuple[str, ...] = FEATURES
) -> Prediction:
    """Predicted Dice of every architecture of ``benchmark``, measured or not, from those that are measured."""
    x, blocks, rows = _prepared(benchmark, groups)
    if len(rows) < 2 or np.ptp(benchmark.values("dice")[rows]) == 0:
        raise InvalidSettings(f"{len(rows)} measured architectures give no direction; train at least two that differ.")
    return regressor(by, blocks).fit(x[rows], benchmark.values("dice")[rows]).predict(x)


def _prepared(benchmark: Benchmark, groups: tuple[str, ...]) -> tuple[Values, list, npt.NDArray[np.intp]]:
    features = describe(benchmark, DATASET, groups)
    return standardised(features), features.blocks(), np.flatnonzero(~np.isnan(benchmark.values("dice")))
