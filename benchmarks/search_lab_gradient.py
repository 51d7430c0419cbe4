"""Parts of ``activedints bench search-lab`` that train: DARTS, learning by passing tests, cells of different shape."""

from functools import partial
from typing import Any

import numpy as np
import torch

from activedints.nas.algorithms import cell_shape, darts, lpt
from activedints.nas.measured import image_sets, space
from activedints.nas.measured.networks import Networks, Order, Schedule, accuracies, train
from activedints.nas.measured.table import MeasuredTable
from activedints.nas.rank.agreement import spearman
from benchmarks.figures import bootstrap, figure

SEEDS = 2
Figures = list[dict[str, Any]]
Part = tuple[Figures, dict[str, Any] | None]


def one_a_family() -> list[str]:
    return [next(r.name for r in image_sets.CATALOGUE if r.family == family) for family in image_sets.FAMILIES]


def of_darts(measured: MeasuredTable) -> Part:
    """Entropy of the shares, and the found cells trained beside the table's median cell."""
    names, falls, gains, ranks = one_a_family(), [], [], []
    for name in names:
        images, place = image_sets.image_set(name), measured.place(name)
        found = [darts.search(images, seed=seed) for seed in range(SEEDS)]
        falls += [one.entropies[0] - one.entropies[-1] for one in found]
        orders = [Order(space.edges_of(one.tokens[None])[0], images, seed) for seed, one in enumerate(found)]
        tests = accuracies(train(orders), [images.test] * SEEDS)
        gains.append(float(np.mean(tests) - np.median(measured.runs["test"][place, :, 0])))
        ranks.append(float(100 * np.mean([(measured.test[place] < test).mean() for test in tests])))
    return [
        figure(
            "darts_fall_of_entropy",
            float(np.mean(falls)),
            None,
            "nats",
            n=len(falls),
            interval=bootstrap(falls),
            limit=0.0,
            smaller_is_better=False,
        ),
        figure(
            "darts_cell_minus_median_cell",
            float(np.mean(gains)),
            None,
            "points",
            n=len(names),
            interval=bootstrap(gains),
            limit=0.0,
            smaller_is_better=False,
        ),
        figure("darts_percentile", float(np.mean(ranks)), 50.0, "percentile", n=len(names), interval=bootstrap(ranks)),
    ], None


def of_lpt(measured: MeasuredTable) -> Part:
    """How hard the tests are, round by round, and the learner against DARTS at the same steps."""
    names, hard = one_a_family(), []
    for name in names:
        story = lpt.run(image_sets.image_set(name))
        hard.append([one.difficulty for one in story.rounds])
    rounds = np.array(hard)
    rising = (rounds[:, -1] - rounds[:, 0]).tolist()
    figures = [
        figure(
            f"lpt_difficulty_round_{k + 1}",
            float(rounds[:, k].mean()),
            1.0,
            "times the bank's loss",
            n=len(rounds),
            interval=bootstrap(rounds[:, k].tolist()),
            limit=1.0,
            smaller_is_better=False,
        )
        for k in range(rounds.shape[1])
    ]
    return [
        *figures,
        figure(
            "lpt_difficulty_rises_by",
            float(np.mean(rising)),
            None,
            "times",
            n=len(rising),
            interval=bootstrap(rising),
            limit=0.0,
            smaller_is_better=False,
        ),
    ], None


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
            networks = train(orders, Schedule(), partial(kept_loss, losses, images))
            tests = accuracies(networks, [images.test] * len(codes))
            for cell, (width, depth), loss, test in zip(VARIANTS, shapes, losses[2], tests):
                said = {"cell": cell, "set": name, "seed": seed, "width": float(width), "depth": float(depth)}
                rows.append(said | {"loss": float(loss), "test": float(test)})
    agreed = [
        spearman(
            *(
                np.array([row[key] for row in rows if row["seed"] == seed and row["set"] == name])
                for key in ("depth", "loss")
            )
        )
        for name in ("digits", "shapes", "gap")
        for seed in range(3)
    ]
    figures = [
        figure(
            "published_cells_with_the_papers_shape",
            sum(equal),
            5,
            "cells",
            n=len(equal),
            limit=5,
            smaller_is_better=False,
        ),
        figure(
            "depth_with_early_loss",
            float(np.mean(agreed)),
            0.0,
            "Spearman",
            n=len(agreed),
            interval=bootstrap(agreed),
            limit=0.0,
            smaller_is_better=False,
        ),
    ]
    sentence = (
        f"Four connections of the same operations on three data sets, three seeds: Spearman of depth with early "
        f"training loss {np.mean(agreed):.2f} on average."
    )
    return figures, {"shapes": rows, "sentence": sentence}


def kept_loss(losses: dict[int, np.ndarray], images: image_sets.ImageSet, epoch: int, networks: Networks) -> None:
    losses[epoch] = loss_of(networks, images)


@torch.no_grad()
def loss_of(networks: Networks, images: image_sets.ImageSet) -> np.ndarray:
    """(network,) mean cross-entropy on the training images, in nats, normalised by their own statistics: running ones
    lag after a few steps."""
    networks.train()
    pixels = torch.from_numpy(images.train.images)[:, None, None].expand(-1, networks.count, -1, -1, -1)
    labels = torch.from_numpy(images.train.labels)
    return np.array([float(torch.nn.functional.cross_entropy(one, labels)) for one in networks(pixels)])
