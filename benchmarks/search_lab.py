"""Search algorithms on the measured table: ``activedints bench search-lab`` (all parts), ``--part mdenas`` (one).

Parts: table (random search, evolution), mdenas, transfer, darts, lpt, cell-shape. Ten seeds on every data set where the
table answers; searches by gradient on one data set of each family.
"""

import time
from typing import Any

import numpy as np
import torch

from activedints.nas.algorithms import cell_shape, darts, lab, lpt, mdenas, random_search, transfer, walk
from activedints.nas.algorithms.evolution import Evolution
from activedints.nas.few_shot.functional import keep_heap
from activedints.nas.measured import image_sets, space, table
from activedints.nas.measured.networks import Networks, Order, Schedule, accuracies, train
from activedints.nas.measured.table import MeasuredTable
from activedints.nas.rank.agreement import agreement, spearman
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep

SEEDS = range(10)
BUDGET = 30
Figures = list[dict[str, Any]]
Part = tuple[Figures, dict[str, Any] | None]


def one_a_family() -> list[str]:
    return [next(r.name for r in image_sets.CATALOGUE if r.family == family) for family in image_sets.FAMILIES]


def of_table(measured: MeasuredTable) -> Part:
    """Regret of random search and evolution after BUDGET trainings, and early accuracies as a guide."""
    found = {}
    for name, search in (("random", random_search.search), ("evolution", Evolution())):
        found[name] = [
            float(np.mean([walk.run(search, measured, place, BUDGET, seed).regret()[-1] for seed in SEEDS]))
            for place in range(len(measured.names))
        ]
    gain = [r - e for r, e in zip(found["random"], found["evolution"])]
    figures = [
        figure("regret_random_search", float(np.mean(found["random"])), None, "points", n=len(gain), interval=bootstrap(found["random"])),
        figure("regret_evolution", float(np.mean(found["evolution"])), float(np.mean(found["random"])), "points", n=len(gain), interval=bootstrap(found["evolution"])),
    ]
    for early in ("validation_1", "validation_3"):
        taus = [
            agreement(row, test).kendall for row, test in zip(measured.runs[early][:, :, 0], measured.runs["test"][:, :, 0])
        ]
        told = [tau for tau in taus if tau is not None]
        epochs = early.removeprefix("validation_")
        figures.append(figure(f"kendall_epoch_{epochs}_with_final_test", float(np.mean(told)), None, "Kendall", n=len(told), interval=bootstrap(told)))
    return figures, None


def of_mdenas(measured: MeasuredTable) -> Part:
    """Whether probabilities stay probabilities, and the percentile of the found cell, against a random cell's 50."""
    worst, found = 0.0, []
    for place in range(len(measured.names)):
        for seed in SEEDS:
            one = walk.run(mdenas.Mdenas(), measured, place, len(measured.cells), seed)
            worst = max(worst, *(float(np.abs(p.sum(1) - 1).max()) for p in one.story))
            found.append(walk.percentile(one, measured.row_of(mdenas.found(one.story[-1]))))
    by_set = np.array(found).reshape(len(measured.names), -1).mean(1).tolist()
    return [
        figure("mdenas_sum_of_probabilities_off_by", worst, None, "largest", n=len(found), limit=1e-9),
        figure("mdenas_percentile_of_the_found_cell", float(np.mean(by_set)), 50.0, "percentile", n=len(by_set), interval=bootstrap(by_set), limit=75.0, smaller_is_better=False),
    ], None


def of_transfer(measured: MeasuredTable) -> Part:
    """Evaluations to a cell of the best tenth, family held out: transferred over scratch."""
    most, found = len(measured.cells), {"scratch": [], "transferred": [], "random": []}
    for place, family in enumerate(measured.families):
        known = lab.controller(measured, family)
        kinds = {"scratch": transfer.Transfer(), "transferred": transfer.Transfer(known), "random": random_search.search}
        for kind, search in kinds.items():
            walks = [walk.run(search, measured, place, min(most, 40), seed) for seed in SEEDS]
            found[kind].append([walk.evaluations_to_top(one) for one in walks])
    middle = {kind: float(np.median(values)) for kind, values in found.items()}
    ratios = [float(np.median(a) / np.median(b)) for a, b in zip(found["transferred"], found["scratch"])]
    pooled = middle["transferred"] / middle["scratch"]
    n = len(measured.names) * len(SEEDS)
    return [
        figure("transfer_evaluations_over_scratch", pooled, 1.0, "ratio of medians", n=n, interval=bootstrap(ratios), limit=0.6),
        figure("transferred_evaluations_to_best_tenth", middle["transferred"], middle["scratch"], "median; beside it: scratch", n=n),
        figure("random_evaluations_to_best_tenth", middle["random"], None, "median", n=n),
    ], None


def of_darts(measured: MeasuredTable) -> Part:
    """Entropy of the shares, and the found cells trained beside the table's median cell."""
    names, falls, gains, ranks = one_a_family(), [], [], []
    for name in names:
        images, place = image_sets.image_set(name), measured.place(name)
        found = [darts.search(images, seed=seed) for seed in range(3)]
        falls += [one.entropies[0] - one.entropies[-1] for one in found]
        orders = [Order(space.edges_of(one.tokens[None])[0], images, seed) for seed, one in enumerate(found)]
        tests = accuracies(train(orders), [images.test] * 3)
        gains.append(float(np.mean(tests) - np.median(measured.runs["test"][place, :, 0])))
        ranks.append(float(100 * np.mean([(measured.test[place] < test).mean() for test in tests])))
    return [
        figure("darts_fall_of_entropy", float(np.mean(falls)), None, "nats", n=len(falls), interval=bootstrap(falls), limit=0.0, smaller_is_better=False),
        figure("darts_cell_minus_median_cell", float(np.mean(gains)), None, "points", n=len(names), interval=bootstrap(gains), limit=0.0, smaller_is_better=False),
        figure("darts_percentile", float(np.mean(ranks)), 50.0, "percentile", n=len(names), interval=bootstrap(ranks)),
    ], None


def of_lpt(measured: MeasuredTable) -> Part:
    """How hard the tests are, round by round, and the learner against DARTS at the same steps."""
    names, hard = one_a_family(), []
    for name in names:
        for seed in range(3):
            story = lpt.run(image_sets.image_set(name), seed=seed)
            hard.append([one.difficulty for one in story.rounds])
    rounds = np.array(hard)
    rising = (rounds[:, -1] - rounds[:, 0]).tolist()
    figures = [
        figure(f"lpt_difficulty_round_{k + 1}", float(rounds[:, k].mean()), 1.0, "times the bank's loss", n=len(rounds), interval=bootstrap(rounds[:, k].tolist()), limit=1.0, smaller_is_better=False)
        for k in range(rounds.shape[1])
    ]
    return [*figures, figure("lpt_difficulty_rises_by", float(np.mean(rising)), None, "times", n=len(rising), interval=bootstrap(rising), limit=0.0, smaller_is_better=False)], None


VARIANTS = {
    "side by side": (3, 3, 0, 3, 0, 1),
    "one chain": (3, 0, 3, 1, 0, 3),
    "chain with a way round": (3, 0, 3, 0, 1, 3),
    "half and half": (3, 3, 0, 1, 3, 0),
}
"""Cells of three 3 x 3 convolutions and one skip, connected differently: tokens of the six edges."""


def of_shape(measured: MeasuredTable) -> Part:
    """Published cells, and four connections of the same operations: early loss over depth, three seeds."""
    equal = [str(cell_shape.shape(inputs)) == said for inputs, said in cell_shape.PUBLISHED.values()]
    codes = space.edges_of(np.array(list(VARIANTS.values())))
    shapes, rows = cell_shape.measures(codes), []
    for name in ("digits", "shapes", "gap"):
        images = image_sets.image_set(name)
        for seed in range(3):
            losses: dict[int, np.ndarray] = {}
            orders = [Order(one, images, seed) for one in codes]
            networks = train(orders, Schedule(), lambda epoch, nets: losses.setdefault(epoch, loss_of(nets, images)))
            tests = accuracies(networks, [images.test] * len(codes))
            for cell, (width, depth), loss, test in zip(VARIANTS, shapes, losses[2], tests):
                said = {"cell": cell, "set": name, "seed": seed, "width": float(width), "depth": float(depth)}
                rows.append(said | {"loss": float(loss), "test": float(test)})
    agreed = [
        spearman(*(np.array([row[key] for row in rows if row["seed"] == seed and row["set"] == name]) for key in ("depth", "loss")))
        for name in ("digits", "shapes", "gap")
        for seed in range(3)
    ]
    figures = [
        figure("published_cells_with_the_papers_shape", sum(equal), 5, "cells", n=len(equal), limit=5, smaller_is_better=False),
        figure("depth_with_early_loss", float(np.mean(agreed)), 0.0, "Spearman", n=len(agreed), interval=bootstrap(agreed), limit=0.0, smaller_is_better=False),
    ]
    sentence = (
        f"Four connections of the same operations on three data sets, three seeds: Spearman of depth with early training "
        f"loss {np.mean(agreed):.2f} on average."
    )
    return figures, {"shapes": rows, "sentence": sentence}


@torch.no_grad()
def loss_of(networks: Networks, images: image_sets.ImageSet) -> np.ndarray:
    """(network,) mean cross-entropy on the training images, in nats."""
    networks.eval()
    pixels = torch.from_numpy(images.train.images)[:, None, None].expand(-1, networks.count, -1, -1, -1)
    labels = torch.from_numpy(images.train.labels)
    return np.array([float(torch.nn.functional.cross_entropy(one, labels)) for one in networks(pixels)])


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
