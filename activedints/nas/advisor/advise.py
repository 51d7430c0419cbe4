"""Advice for a data set: nearest known sets, generated cells with their predicted accuracy, beside the baselines.

``advice`` gives plain rows for a screen:

- ``classes``, ``images`` (of the set), ``seconds``; ``valid``, ``unique``: shares of the generated cells, and
  ``raw_valid``, ``raw_unique`` of as many plain samples of the same decoder
- ``nearest``: rows ``{set, title, family, distance, best}``, nearest first; ``best``: its three best cells
- ``cells``: rows ``{rank, cell, tokens, edges, predicted, deviation, mean_elsewhere, parameters, depth, width}``: the
best predicted of the generated ones; per cent of test images, as the predictor expects them, and the deviation over
  members and draws of images; ``mean_elsewhere``: mean rank (100 best) over known sets of the nearest measured cell
- ``all``: lists ``predicted``, ``parameters`` of every generated cell
- ``leaning``: what the best tenth has more of than all generated cells, see ``leaning``
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.nas.advisor import generator as generating
from activedints.nas.advisor.model import Advisor, embedding
from activedints.nas.advisor.predictor import predict
from activedints.nas.advisor.set_views import IMAGES
from activedints.nas.algorithms import cell_shape
from activedints.nas.measured import image_sets, space
from activedints.nas.measured.image_sets import ImageSet
from activedints.nas.measured.table import MeasuredTable
from activedints.nas.rank.cells import Cells, write_edges
from activedints.nas.rank.costs import edge_costs
from activedints.nas.rank.nasbench import OPERATIONS_201

Row = dict[str, Any]
Array = npt.NDArray[np.float64]
GENERATED, SHOWN, DRAWS = 500, 12, 4
NEAREST = 5


def supports_of(images: ImageSet, seed: int, draws: int = DRAWS) -> list[npt.NDArray[np.float32]]:
    """Random draws of images a class, from the training part alone."""
    rng = np.random.default_rng((seed, 71))
    return [images.support(IMAGES, rng) for _ in range(draws)]


def ranked(
    advisor: Advisor, supports: Sequence[npt.NDArray[np.float32]], tokens: npt.NDArray[np.integer]
) -> tuple[Array, Array, Array]:
    """Relative prediction (cell,), and in %: prediction and its deviation over members and draws."""
    said, levels = predict(advisor.predictors, advisor.scaling, supports, tokens)
    level, spread = levels.mean(0)
    points = np.clip(level + spread * said, 0, 100)
    return said.mean(0), points.mean(0), points.std(0)


def elsewhere(table: MeasuredTable) -> Array:
    """(cell,) mean over data sets of the share of measured cells that a cell beats, in %."""
    ranks = table.validation.argsort(1).argsort(1)
    return 100 * ranks.mean(0) / max(len(table.cells) - 1, 1)


def parameters(tokens: npt.NDArray[np.integer]) -> Array:
    """(cell,) weights of the measured network's cells, in thousands."""
    found, _ = edge_costs(Cells(OPERATIONS_201, space.edges_of(tokens)), width=8, side=8, stages=2, repeats=1)
    return np.asarray(found, float) / 1e3


def known_embeddings(advisor: Advisor, names: Sequence[str]) -> Array:
    """(set, feature) of known data sets."""
    return np.stack([embedding(advisor, supports_of(image_sets.image_set(name), 1, 2)) for name in names])


def nearest(own: Array, others: Array, table: MeasuredTable, names: Sequence[str], skip: str = "") -> list[Row]:
    """Known sets by distance in the predictors' set vectors, scaled by the median distance between known ones."""
    apart = np.linalg.norm(others - own, axis=1)
    between = np.linalg.norm(others[:, None] - others[None], axis=2)
    scale = float(np.median(between[between > 0])) if len(others) > 1 else 1.0
    rows = []
    for place in np.argsort(apart, kind="stable"):
        name = names[place]
        if name != skip:
            best = np.argsort(-table.validation[table.place(name)])[:3]
            said = {"set": name, "title": image_sets.title_of(name), "family": image_sets.family_of(name)}
            rows.append(said | {"distance": float(apart[place] / scale), "best": [table.cells[row] for row in best]})
    return rows


def leaning(tokens: npt.NDArray[np.int8], best: npt.NDArray[np.intp]) -> Row:
    """Shape preferences: shares of operations on edges, width and depth, of the ``best`` rows and of all."""
    shapes = cell_shape.measures(space.edges_of(tokens))
    shares = np.stack([(tokens == code).mean(1) for code in range(space.TOKENS)], 1)
    names = ["none", *(operation.name for operation in OPERATIONS_201)]
    return {
        "operations": [
            {"operation": name, "best": float(shares[best, code].mean()), "all": float(shares[:, code].mean())}
            for code, name in enumerate(names)
        ],
        "shape": [
            {"what": what, "best": float(shapes[best, k].mean()), "all": float(shapes[:, k].mean())}
            for k, what in enumerate(("width", "depth"))
        ],
        "n": len(best),
    }


def advice(
    advisor: Advisor,
    table: MeasuredTable,
    images: ImageSet,
    known: Array,
    number: int = GENERATED,
    seed: int = 0,
) -> Row:
    """Everything above for one data set; ``known`` embeddings of ``advisor.known``."""
    if number < 10:
        raise InvalidSettings(f"Advice needs ten generated cells or more to rank; {number} were asked for.")
    began, supports = time.process_time(), supports_of(images, seed)
    made = generating.generate(advisor.generator, advisor.scaling, supports[0], number, seed)
    _, points, deviation = ranked(advisor, supports, made.tokens)
    order = np.argsort(-points, kind="stable")
    costs, usual = parameters(made.tokens), elsewhere(table)
    edges = space.edges_of(made.tokens)
    texts, shapes = write_edges(Cells(OPERATIONS_201, edges)), cell_shape.measures(edges)
    rows = [
        {
            "rank": place + 1,
            "cell": texts[row],
            "tokens": made.tokens[row].tolist(),
            "edges": drawn(edges[row]),
            "predicted": float(points[row]),
            "deviation": float(deviation[row]),
            "mean_elsewhere": float(usual[table.row_of(made.tokens[row])]),
            "parameters": float(costs[row]),
            "width": float(shapes[row, 0]),
            "depth": float(shapes[row, 1]),
        }
        for place, row in enumerate(order[:SHOWN])
    ]
    own = embedding(advisor, supports)
    return {
        "classes": images.classes,
        "images": len(images.train),
        "valid": made.valid,
        "unique": made.unique,
        "raw_valid": made.raw_valid,
        "raw_unique": made.raw_unique,
        "number": len(made.tokens),
        "nearest": nearest(own, known, table, advisor.known, images.name)[:NEAREST],
        "cells": rows,
        "all": {"predicted": points[order].tolist(), "parameters": costs[order].tolist()},
        "leaning": leaning(made.tokens, order[: max(5, len(order) // 10)]),
        "seconds": time.process_time() - began,
    }


def drawn(edges: npt.NDArray[np.int8]) -> list[list]:
    """``[from, to, operation]`` of the edges that do something."""
    return [[int(i), int(j), OPERATIONS_201[edges[i, j] - 1].name] for i, j in zip(*np.nonzero(edges))]
