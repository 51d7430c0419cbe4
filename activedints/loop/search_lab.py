"""The Search algorithms page's questions: runs on the measured table, and searches by gradient, told as they go."""

from collections.abc import Callable, Sequence
from typing import Any

from activedints.core.errors import InvalidSettings
from activedints.loop.asking import ask
from activedints.store.database import Store

Row = dict[str, Any]
Hear = Callable[[float, str], None]
"""Told the share of the work that is done, and what is being done."""


def regrets(store: Store, name: str, algorithms: Sequence[str], budget: int, seeds: int = 10) -> Row:
    """Regret per evaluation of each algorithm; the rows of ``nas/algorithms/lab.py``."""
    if not algorithms:
        raise InvalidSettings("Choose one algorithm or more.")
    question = {"ask": "regrets", "set": name, "algorithms": list(algorithms), "budget": budget, "seeds": seeds}
    return ask(store, {"do": "advisor", **question}, 240.0)


def multinomials(store: Store, name: str, seed: int, rounds: int = 100) -> Row:
    """MDENAS round by round."""
    return ask(store, {"do": "advisor", "ask": "multinomials", "set": name, "seed": seed, "rounds": rounds}, 60.0)


def darts(store: Store, name: str, order: int, seed: int, hear: Hear = lambda share, words: None) -> Row:
    """A DARTS search on a data set of the table, now."""
    return _live(store, {"ask": "darts", "set": name, "order": order, "seed": seed}, hear)


def lpt(store: Store, name: str, seed: int, hear: Hear = lambda share, words: None) -> Row:
    """Learning by passing tests on a data set of the table, now."""
    return _live(store, {"ask": "lpt", "set": name, "seed": seed}, hear)


def _live(store: Store, question: Row, hear: Hear) -> Row:
    def told(news: Row) -> None:
        hear(news["step"] / news["total"], str(news["doing"]))

    return ask(store, {"do": "advisor", **question}, 240.0, told)


def shape(store: Store, text: str) -> str:
    """Width and depth of a written cell."""
    return str(ask(store, {"do": "advisor", "ask": "shape", "text": text})["shape"])
