"""Search algorithms on the measured table: ``activedints bench search-lab`` (all parts), ``--part mdenas`` (one).

Parts: table (random search, evolution), mdenas, transfer, darts, lpt, cell-shape. Ten seeds on every data set where the
table answers; searches by gradient on one data set of each family.
"""

import time
from functools import partial
from typing import Any

import numpy as np
import torch

from activedints.nas.algorithms import lab, mdenas, random_search, transfer, walk
from activedints.nas.algorithms.evolution import Evolution
from activedints.nas.few_shot.functional import keep_heap
from activedints.nas.measured import image_sets, table
from activedints.nas.measured.table import MeasuredTable
from activedints.nas.rank.agreement import agreement
from benchmarks.arms import remembered
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep
from benchmarks.search_lab_gradient import Part, of_darts, of_lpt, of_shape

SEEDS = range(10)
BUDGET = 30


def of_table(measured: MeasuredTable) -> Part:
    """Regret of random search and evolution after BUDGET trainings (half of the cells at most); early accuracies."""
    found, budget = {}, min(BUDGET, len(measured.cells) // 2)
    for name, search in (("random", random_search.search), ("evolution", Evolution())):
        found[name] = [
            float(np.mean([walk.run(search, measured, place, budget, seed).regret()[-1] for seed in SEEDS]))
            for place in range(len(measured.names))
        ]
    gain = [r - e for r, e in zip(found["random"], found["evolution"])]
    figures = [
        figure(
            "regret_random_search",
            float(np.mean(found["random"])),
            None,
            "points",
            n=len(gain),
            interval=bootstrap(found["random"]),
        ),
        figure(
            "regret_evolution",
            float(np.mean(found["evolution"])),
            float(np.mean(found["random"])),
            "points",
            n=len(gain),
            interval=bootstrap(found["evolution"]),
        ),
    ]
    for early in ("validation_1", "validation_3"):
        taus = [
            agreement(row, test).kendall
            for row, test in zip(measured.runs[early][:, :, 0], measured.runs["test"][:, :, 0])
        ]
        told = [tau for tau in taus if tau is not None]
        epochs = early.removeprefix("validation_")
        figures.append(
            figure(
                f"kendall_epoch_{epochs}_with_final_test",
                float(np.mean(told)),
                None,
                "Kendall",
                n=len(told),
                interval=bootstrap(told),
            )
        )
    return figures, None


def percentiles(measured: MeasuredTable, search: mdenas.Mdenas) -> tuple[list[float], float]:
    """Percentile of the found cell, a data set (mean of seeds), and by how much probabilities ever miss a sum of 1."""
    worst, found = 0.0, []
    for place in range(len(measured.names)):
        for seed in SEEDS:
            one = walk.run(search, measured, place, len(measured.cells), seed)
            worst = max(worst, *(float(np.abs(p.sum(1) - 1).max()) for p in one.story))
            found.append(walk.percentile(one, measured.row_of(mdenas.found(one.story[-1]))))
    return np.array(found).reshape(len(measured.names), -1).mean(1).tolist(), worst


def of_mdenas(measured: MeasuredTable) -> Part:
    """Whether probabilities stay probabilities, and the percentile of the found cell against a random cell's 50: on the
    families that had no part in choosing between the mean and the last accuracy."""
    ours, worst = percentiles(measured, mdenas.Mdenas())
    usual, other = percentiles(measured, mdenas.Mdenas(averaged=False))
    reported = [family in image_sets.FAMILIES[1::2] for family in measured.families]
    kinds = [
        ("mdenas_percentile_of_the_found_cell", ours, reported, 75.0),
        ("mdenas_percentile_on_the_families_that_chose", ours, [not one for one in reported], None),
        ("mdenas_percentile_as_published", usual, reported, None),
    ]
    figures = []
    for what, values, kept, bar in kinds:
        some = [value for value, there in zip(values, kept) if there]
        figures.append(
            figure(
                what,
                float(np.mean(some)),
                50.0,
                "percentile",
                n=len(some),
                interval=bootstrap(some),
                limit=bar,
                smaller_is_better=False,
            )
        )
    sums = max(worst, other)
    n = 2 * len(ours) * len(SEEDS)
    return [figure("mdenas_sum_of_probabilities_off_by", sums, None, "largest", n=n, limit=1e-9), *figures], None


def transfer_on(measured: MeasuredTable, place: int) -> dict[str, list[int]]:
    """Evaluations to a cell of the best tenth on one data set, a seed each; the family was not learned from. No walk
    goes on after that cell."""
    known = lab.controller(measured, measured.families[place])
    kinds = {"scratch": transfer.Transfer(), "transferred": transfer.Transfer(known), "random": random_search.search}
    most, enough = min(len(measured.cells), 40), walk.top(measured, place)
    return {
        kind: [walk.evaluations_to_top(walk.run(search, measured, place, most, seed, enough)) for seed in SEEDS]
        for kind, search in kinds.items()
    }


def of_transfer(measured: MeasuredTable) -> Part:
    """Evaluations to a cell of the best tenth, family held out: transferred over scratch. Resumable set by set."""
    runs = int(np.isfinite(measured.runs["test"]).sum())
    every = [
        remembered(f"transfer-{runs}-{name.replace(' ', '-')}", partial(transfer_on, measured, place))
        for place, name in enumerate(measured.names)
    ]
    found = {kind: np.array([one[kind] for one in every]) for kind in ("scratch", "transferred", "random")}
    ratio = lambda rows: float(np.median(found["transferred"][rows]) / np.median(found["scratch"][rows]))  # noqa: E731
    rng, number = np.random.default_rng(0), len(every)
    draws = [ratio(rng.integers(number, size=number)) for _ in range(2_000)]
    middle, n = {kind: float(np.median(values)) for kind, values in found.items()}, number * len(SEEDS)
    single = (np.median(found["transferred"], 1) / np.median(found["scratch"], 1)).tolist()
    low, high = np.percentile(draws, [2.5, 97.5])
    return [
        figure(
            "transfer_evaluations_over_scratch",
            ratio(np.arange(number)),
            1.0,
            "ratio of medians",
            n=n,
            interval=(float(low), float(high)),
            limit=0.6,
        ),
        figure(
            "transfer_over_scratch_set_by_set",
            float(np.mean(single)),
            1.0,
            "mean of the sets' ratios of medians",
            n=number,
            interval=bootstrap(single),
        ),
        figure(
            "transferred_evaluations_to_best_tenth",
            middle["transferred"],
            middle["scratch"],
            "median; beside it: scratch",
            n=n,
        ),
        figure("random_evaluations_to_best_tenth", middle["random"], None, "median", n=n),
    ], None


PARTS = {
    "table": of_table,
    "mdenas": of_mdenas,
    "transfer": of_transfer,
    "darts": of_darts,
    "lpt": of_lpt,
    "cell-shape": of_shape,
}


def run(part: str = "all") -> dict[str, Any]:
    """The JSON object of ``activedints bench search-lab``."""
    torch.set_num_threads(1)
    keep_heap()
    measured, every, spent = table.read(), [], 0.0
    for name in PARTS if part == "all" else (part,):
        began = time.process_time()
        figures, details = PARTS[name](measured)
        minutes = (time.process_time() - began) / 60
        kept = "search-lab" if name == "table" else name
        keep(result(kept, figures, minutes), f"activedints bench search-lab --part {name}", details)
        every, spent = every + figures, spent + minutes
    return result("search-lab", every, spent)


if __name__ == "__main__":
    import sys

    words = dict(zip((w.removeprefix("--") for w in sys.argv[1::2]), sys.argv[2::2]))
    printed(run(words.get("part", "all")))
