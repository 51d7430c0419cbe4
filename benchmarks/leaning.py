"""What the advisor's leaning changes on the simulated cohort: ``activedints bench leaning`` (no training).

The cohort's training cases are imported into a workspace, the advisor reads their slices as the Data-set advisor page
does, and its leaning is held against the DiNTS architectures that were trained alone on the same cases (``bench
dints-rank --table 1``): do those that it prefers reach a better Dice on the holdout? And: where does a search start
with it and without?
"""

import tempfile
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from activedints.core.architecture import OPERATIONS, Architecture
from activedints.core.decode import decode
from activedints.core.leaning import leaning_alphas
from activedints.learn.candidates import counted_costs
from activedints.learn.cost import edge_costs
from activedints.learn.topology import Topology
from activedints.loop import advising
from activedints.loop.importing import ImportRequest, import_cases
from activedints.nas.rank.agreement import spearman
from activedints.nas.rank.dints_table import TABLE, DintsTable, read_dints_table
from activedints.store.database import Store
from activedints.worker.advising import advise
from activedints.worker.pool_slices import QUESTIONS
from benchmarks.arms import RUNS, remembered
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep
from benchmarks.search import HOLDOUT, TRAINING, cohort

SEEDS, SAMPLED = range(3), 200
Row = dict[str, Any]


def advised() -> list[Row]:
    """Leanings for the cohort's own slices: each question that the page offers, three draws of slices."""
    cohort()
    with tempfile.TemporaryDirectory() as folder:
        store, holdout = Store.open(Path(folder)), [f"sim_{k:04d}" for k in range(TRAINING, TRAINING + HOLDOUT)]
        import_cases(store, ImportRequest(RUNS / "cohort-train", labels="all", holdout=",".join(holdout)))
        found = []
        for what in QUESTIONS:
            for seed in SEEDS:
                said = advise(store, {"source": "scans", "what": what, "seed": seed}, lambda news: None)
                found.append(advising.leaning_of(said) | {"question": what, "seed": seed})
        store.engine.dispose()
    return found


def shares(lean: Row) -> np.ndarray:
    """(operation,) chances of operations on an edge at the start of a search that leans."""
    logits = leaning_alphas(1, 1, lean).operations[0, 0]
    weights: np.ndarray = np.exp(logits - logits.max())
    return weights / weights.sum()


def preference(architecture: Architecture, lean: Row) -> float:
    """Mean over active edges of the logarithm of their operation's chance, in nats: how well a network agrees."""
    active, operations = np.array(architecture.arch_code_a, bool), np.array(architecture.arch_code_c)
    return float(np.log(shares(lean))[operations[active]].mean())


def ahead(dice: np.ndarray, liked: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Mean Dice of the quarter with the highest ``liked`` less that of the rest; 95 % interval: both resampled."""
    order = np.argsort(-liked, kind="stable")
    quarter, rest = np.split(dice[order], [max(1, len(dice) // 4)])
    rng = np.random.default_rng(0)
    draws = [rng.choice(quarter, len(quarter)).mean() - rng.choice(rest, len(rest)).mean() for _ in range(10_000)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(quarter.mean() - rest.mean()), (float(low), float(high))


def agreed(liked: np.ndarray, dice: np.ndarray) -> tuple[float, float]:
    """95 % interval of the Spearman of both, architectures resampled."""
    rng, found = np.random.default_rng(0), []
    while len(found) < 2_000:
        rows = rng.integers(len(dice), size=len(dice))
        if len(set(rows.tolist())) > 2:
            found.append(spearman(liked[rows], dice[rows]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def measured(table: DintsTable, lean: Row) -> list[Row]:
    """Whether architectures that the leaning prefers are better, beside the same for larger ones."""
    dice, n = table.dice.mean(1), len(table.architectures)
    liked = np.array([preference(one, lean) for one in table.architectures])
    size = counted_costs(table.architectures, table.patch)["parameters"]
    gain, sure = ahead(dice, liked)
    better = {"smaller_is_better": False, "n": n}
    return [
        figure(
            "leaning_preferred_quarter_minus_rest",
            gain,
            ahead(dice, size)[0],
            "Dice; beside it: largest quarter",
            interval=sure,
            **better,
        ),
        figure(
            "leaning_preference_with_dice",
            spearman(liked, dice),
            spearman(size, dice),
            "Spearman; beside it: parameters",
            interval=agreed(liked, dice),
            **better,
        ),
    ]


def start(table: DintsTable, lean: Row) -> list[Row]:
    """The start of a search with the leaning and without: chances of operations, what is decoded, what is sampled."""
    like = table.architectures[0]
    costs, found = edge_costs(like.depths, like.channel_mul, 4, 4, table.patch), {}
    for name, told in (("with", lean), ("without", {})):
        alphas = leaning_alphas(like.blocks, like.depths, told)
        topology, rng = Topology(like.blocks, like.depths, costs.megabytes, alphas), np.random.default_rng(0)
        paths = [topology.sample(rng) for _ in range(SAMPLED)]
        chances, decoded = shares(told), decode(alphas)
        here = np.array(decoded.operations)[np.array(decoded.edges, bool)]
        found[name] = {
            "share_of_skips": float(chances[OPERATIONS.index("skip")]),
            "share_of_full_kernels": float(chances[OPERATIONS.index("conv 3x3x3")]),
            "decoded_convolutions": float((here != OPERATIONS.index("skip")).mean()),
            "sampled_gflops": fmean(costs.of(one.edges, one.operations)[0] for one in paths),
            "sampled_megabytes": fmean(costs.of(one.edges, one.operations)[1] for one in paths),
        }
    units = {"sampled_gflops": "GFLOPs", "sampled_megabytes": "MB"}
    return [
        figure(f"start_{k}", v, found["without"][k], f"{units.get(k, 'share')}; beside it: without")
        for k, v in found["with"].items()
    ]


def run(table: str = str(TABLE)) -> Row:
    """The JSON object of ``activedints bench leaning``; ``--table`` another file of measured architectures."""
    began, known = time.process_time(), read_dints_table(Path(table))
    rows = remembered("leaning-advice", advised)
    lean = {key: fmean(row[key] for row in rows) for key in ("skip", "full", "sigma")}
    advice = [
        figure(
            f"leaning_{key}",
            value,
            None,
            "sigma" if key == "sigma" else "logit",
            n=len(rows),
            interval=bootstrap([row[key] for row in rows]),
        )
        for key, value in lean.items()
    ]
    every = advice + measured(known, lean) + start(known, lean)
    points = [
        {"architecture": one.name, "preference": preference(one, lean), "dice": float(dice)}
        for one, dice in zip(known.architectures, known.dice.mean(1))
    ]
    gain, sure = every[3]["ours"], every[3]["interval"]
    sentence = (
        f"The quarter of {len(points)} networks that agrees best with the leaning is {abs(gain):.3f} Dice "
        f"{'better' if gain > 0 else 'worse'} than the rest ({sure[0]:.3f} to {sure[1]:.3f})."
    )
    answer = result("leaning", every, (time.process_time() - began) / 60, known.cohort)
    return keep(answer, "activedints bench leaning", {"points": points, "sentence": sentence})


if __name__ == "__main__":
    printed(run())
