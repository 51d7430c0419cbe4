"""What the warm child answers to the Data-set advisor and the Search algorithms page.

``nas`` is imported by the first question. Everything that is asked twice is kept: the shipped model, embeddings of
known data sets, trained controllers.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.errors import InvalidSettings, NotFound
from activedints.store.database import Store

Facts = dict[str, Any]
Tell = Callable[[Facts], None]
MOST_GENERATED = 2000


def answer_page(store: Store, warm: object, question: Facts, tell: Tell) -> Facts:
    """The answer to one question of either page: ``ask`` says which."""
    from activedints.worker.few_shot import one_thread

    asked = question.pop("ask")
    if asked not in ASKED:
        raise NotFound(f"The advisor does not know the question '{asked}'; it knows {', '.join(ASKED)}.")
    with one_thread():
        return ASKED[asked](store, question, tell)


@cache
def _embeddings() -> Any:
    from activedints.nas.advisor import advise, model

    return advise.known_embeddings(model.load(), model.load().known)


def image_set_of(store: Store, question: Facts) -> Any:
    """A known data set, a folder of images, or the experiment's own scans."""
    from activedints.nas.advisor.own_images import read_folder
    from activedints.nas.measured.image_sets import image_set
    from activedints.worker.pool_slices import pool_set

    source, what = str(question["source"]), str(question["what"])
    if source == "folder":
        return read_folder(Path(what).expanduser())
    return pool_set(store, what, int(question.get("seed", 0))) if source == "scans" else image_set(what)


def advise(store: Store, question: Facts, tell: Tell) -> Facts:
    """The rows of ``nas.advisor.advise``, and a few pictures (class, picture, y, x) between 0 and 255."""
    from activedints.nas.advisor import advise, model
    from activedints.nas.measured import table

    number = int(question.get("number", advise.GENERATED))
    if not 10 <= number <= MOST_GENERATED:
        raise InvalidSettings(f"The advisor generates 10 to {MOST_GENERATED} cells; {number} were asked for.")
    tell({"doing": "Reading the images"})
    images = image_set_of(store, question)
    tell({"doing": "Generating and ranking cells"})
    found = advise.advice(model.load(), table.read(), images, _embeddings(), number, int(question.get("seed", 0)))
    shown = images.support(4, np.random.default_rng(0))
    grey = np.clip((shown - shown.min()) / max(float(np.ptp(shown)), 1e-6) * 255, 0, 255).astype(int)
    known = images.name if images.family != "yours" else None
    return found | {"name": images.name, "known": known, "pictures": grey.tolist()}


def sets(store: Store, question: Facts, tell: Tell) -> Facts:
    """What there is to choose from: rows ``{name, title, family, ceiling}`` of measured data sets (``ceiling``: mean
    Spearman between single runs, or None), the number of measured cells and runs, the algorithms, published cells."""
    from activedints.nas.algorithms import cell_shape, lab
    from activedints.nas.measured import image_sets, table

    measured = table.read()
    agreed = table.seed_agreement(measured)
    rows = [
        {"name": n, "title": image_sets.title_of(n), "family": image_sets.family_of(n), "ceiling": agreed.get(n)}
        for n in measured.names
    ]
    runs = int(np.isfinite(measured.runs["test"]).sum())
    shapes = [
        {"cell": name, "width and depth": str(cell_shape.shape(inputs)), "in the paper": said}
        for name, (inputs, said) in cell_shape.PUBLISHED.items()
    ]
    facts = {"sets": rows, "cells": len(measured.cells), "runs": runs, "shapes": shapes}
    return facts | {"algorithms": list(lab.ALGORITHMS)}


def shape(store: Store, question: Facts, tell: Tell) -> Facts:
    """Width and depth of a cell: ``cell`` in NAS-Bench-201's notation, or ``inputs`` such as "0 1, 0 1, 0 2"."""
    from activedints.nas.algorithms import cell_shape

    return {"shape": str(cell_shape.read_shape(str(question["text"])))}


def regrets(store: Store, question: Facts, tell: Tell) -> Facts:
    """The rows of ``nas.algorithms.lab.regrets``."""
    from activedints.nas.algorithms import lab
    from activedints.nas.measured import table

    tell({"doing": "Searching"})
    chosen = list(map(str, question["algorithms"]))
    return lab.regrets(table.read(), str(question["set"]), chosen, int(question["budget"]), int(question["seeds"]))


def multinomials(store: Store, question: Facts, tell: Tell) -> Facts:
    """MDENAS round by round, see ``nas.algorithms.lab.multinomials``."""
    from activedints.nas.algorithms import lab
    from activedints.nas.measured import table

    return lab.multinomials(table.read(), str(question["set"]), int(question["seed"]), int(question["rounds"]))


def darts(store: Store, question: Facts, tell: Tell) -> Facts:
    """A DARTS search, now; every tenth step is told."""
    from activedints.nas.algorithms import lab_live

    return lab_live.darts_story(str(question["set"]), int(question["order"]), int(question["seed"]), heard(tell))


def lpt(store: Store, question: Facts, tell: Tell) -> Facts:
    """Learning by passing tests, now."""
    from activedints.nas.algorithms import lab_live

    return lab_live.lpt_story(str(question["set"]), int(question["seed"]), heard(tell))


def heard(tell: Tell) -> Callable[..., None]:
    """A Report that tells a page how far it is."""

    def report(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        if step % 10 == 0:
            tell({"doing": message, "step": step, "total": total})

    return report


ASKED: dict[str, Callable[[Store, Facts, Tell], Facts]] = {
    "sets": sets,
    "shape": shape,
    "advise": advise,
    "regrets": regrets,
    "multinomials": multinomials,
    "darts": darts,
    "lpt": lpt,
}
