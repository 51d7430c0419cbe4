"""The data-set advisor as a screen or a command meets it: questions to the warm child, figures, and what it
hands on."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activedints.core.errors import InvalidSettings, NotFound
from activedints.loop.asking import ask
from activedints.store.database import Store
from activedints.store.facts import fact, keep

Row = dict[str, Any]
LEANING = "leaning of the data-set advisor"
DATA = Path(__file__).resolve().parents[2] / "data"
FIGURES = DATA / "advisor_figures.json"
FISHER = DATA / "fisher_distances.json"
"""What the benchmarks of this study found; data files of the project."""

COMMANDS = {name: f"activedints bench {name}" for name in ("metad2a", "leaning", "fisher", "naswot")} | {
    name: f"activedints bench search-lab --part {part}"
    for name, part in (("search-lab", "table"), *((n, n) for n in ("transfer", "mdenas", "darts", "lpt", "cell-shape")))
}
"""What measures the figures of each name."""

SCANS = {"sequences": "My pool: which sequence is it?", "lesion": "My annotated cases: lesion or none?"}

PUBLISHED = tuple(
    {"data set": name, "MetaD2A (%)": ours, "PC-DARTS (%)": other, "GPU seconds": seconds}
    for name, ours, other, seconds in (
        ("CIFAR-10", "94.37 ± .03", "93.66", 69),
        ("CIFAR-100", "73.51 ± .00", "66.64", 96),
        ("MNIST", "99.71 ± .08", "99.66", 7),
        ("SVHN", "96.34 ± .37", "95.40", 7),
        ("Aircraft", "58.43 ± 1.18", "46.08", 10),
        ("Pets", "41.50 ± 4.39", "25.31", 8),
    )
)
"""Lee et al., ICLR 2021, quoted from their repository; none of it is ours or can be reproduced without their databases.
For CIFAR their code reports the best test accuracy among thirty, which is a choice by test accuracy."""


def sets(store: Store) -> Row:
    """Measured data sets and algorithms to choose from; its form is written in ``worker/advising.py``."""
    return ask(store, {"do": "advisor", "ask": "sets"}, 60.0)


def advise(store: Store, source: str, what: str, hear: Callable[[str], None] = lambda words: None) -> Row:
    """Advice for a known data set (``source`` "known"), a "folder", or one's own "scans"; the rows of
    ``nas/advisor/advise.py``. ``hear`` is told what is being done."""
    if source == "folder" and not what.strip():
        raise InvalidSettings("Name a folder that holds one folder of images for each class.")
    question = {"do": "advisor", "ask": "advise", "source": source, "what": what}
    return ask(store, question, 120.0, lambda news: hear(str(news["doing"])))


def figures(names: tuple[str, ...]) -> list[Row]:
    """Measured figures of the named benchmarks as rows for a screen, in the order they were measured."""
    if not FIGURES.is_file():
        return []
    kept = json.loads(FIGURES.read_text(encoding="utf-8"))
    return [
        _figure(row) | {"command": kept[name]["command"]}
        for name in names
        if name in kept
        for row in kept[name]["figures"]
    ]


def _figure(row: Row) -> Row:
    interval = "" if not row["interval"] else f"{row['interval'][0]:.3g} to {row['interval'][1]:.3g}"
    holds = {True: "holds", False: "missed", None: ""}[row["holds"]]
    numbers = {"ours": _short(row["ours"]), "beside it": _short(row["reference"])}
    said = {"figure": row["what"].replace("_", " "), **numbers, "unit": row["unit"], "n": row["n"]}
    return said | {"95 % interval": interval, "bar": _short(row["bar"]), "": holds}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def details(name: str) -> Row | None:
    """What a benchmark kept beside its figures, for charts; None before it ran."""
    if not FIGURES.is_file():
        return None
    kept: Row = json.loads(FIGURES.read_text(encoding="utf-8"))
    return kept.get(name, {}).get("details")


def fisher() -> Row | None:
    """Measured distances: ``{"names", "families", "Frechet", "log-det"}``, (from, to); None before they
    are measured."""
    return json.loads(FISHER.read_text(encoding="utf-8")) if FISHER.is_file() else None


def neighbours(name: str, form: str = "Frechet", number: int = 5) -> list[Row]:
    """The data sets whose networks serve a known one best, nearest first."""
    found = fisher()
    if found is None or name not in found["names"]:
        raise NotFound(f"No Fisher distance to '{name}' was measured.")
    column = found["names"].index(name)
    rows = [
        {"data set": other, "family": family, "distance": row[column]}
        for other, family, row in zip(found["names"], found["families"], found[form])
        if other != name
    ]
    return sorted(rows, key=lambda row: row["distance"])[:number]


def leaning_of(advice: Row) -> Row:
    """What the Search page can start from: logits for DiNTS's operations, and a memory budget sigma.

    ``skip``: log odds of edges that compute nothing (skip, pooling), among the best tenth against all generated cells;
    ``full``: the same of 3 x 3 against 1 x 1 convolutions, for full 3-D kernels against flat ones; sigma: .5 times the
    ratio of edges that carry something. All within [-1, 1] and [.2, .8]: a start, not a decision.
    """
    share = {
        row["operation"]: (max(row["best"], 0.01), max(row["all"], 0.01)) for row in advice["leaning"]["operations"]
    }

    def odds(ours: tuple[str, ...], others: tuple[str, ...]) -> float:
        best, usual = (sum(share[n][k] for n in ours) / sum(share[n][k] for n in others) for k in (0, 1))
        return round(max(-1.0, min(1.0, math.log(best / usual))), 3)

    carried = (1 - share["none"][0]) / (1 - share["none"][1])
    return {
        "skip": odds(("skip_connect", "avg_pool_3x3"), ("nor_conv_1x1", "nor_conv_3x3")),
        "full": odds(("nor_conv_3x3",), ("nor_conv_1x1",)),
        "sigma": round(max(0.2, min(0.8, 0.5 * carried)), 2),
        "from": advice["name"],
    }


def hand_over(store: Store, leaning: Row) -> str:
    """Keep a leaning for the Search page, which offers to start from it."""
    with store.write() as session:
        keep(session, LEANING, json.dumps(leaning))
    return f"The Search page can start from the advice for '{leaning['from']}' now."


def leaning(store: Store) -> Row | None:
    """The leaning that was handed over last."""
    with store.read() as session:
        said = fact(session, LEANING)
    return json.loads(said) if said else None
