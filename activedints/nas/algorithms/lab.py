"""The search lab: algorithms by name, run over seeds on a data set of the measured table, as plain rows.

``regrets`` answers a screen: ``{"set", "budget", "seeds", "best", "curves", "ends"}``; ``curves``: one row
``{algorithm, evaluation, regret, low, high}`` with the 95 % band over seeds; ``ends``: one row an algorithm with its
last regret, evaluations to a cell of the best tenth, and the percentile of what it chose.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidSettings
from activedints.core.settings import MOST_SEEDS, check_number
from activedints.nas.algorithms import mdenas, random_search, transfer, walk
from activedints.nas.algorithms.evolution import Evolution
from activedints.nas.algorithms.mdenas import Mdenas
from activedints.nas.algorithms.walk import Search, Walk
from activedints.nas.measured import space
from activedints.nas.measured.table import MeasuredTable

Row = dict[str, Any]
MOST_TRAININGS = 10_000
"""Of a search in the lab."""
Make = Callable[[MeasuredTable, int], Search]


def transferred(table: MeasuredTable, place: int) -> Search:
    """The controller that learned on all families but this data set's."""
    return transfer.Transfer(controller(table, table.families[place]))


_CONTROLLERS: dict[tuple[int, str], transfer.Controller] = {}


def controller(table: MeasuredTable, family: str) -> transfer.Controller:
    """Kept once trained: about ten seconds of a family's first question."""
    key = (id(table), family)
    if key not in _CONTROLLERS:
        _CONTROLLERS[key] = transfer.pretrained(table.without(family), seed=0)
    return _CONTROLLERS[key]


ALGORITHMS: dict[str, Make] = {
    "random search": lambda table, place: random_search.search,
    "regularised evolution": lambda table, place: Evolution(),
    "MDENAS": lambda table, place: Mdenas(),
    "controller from scratch": lambda table, place: transfer.Transfer(),
    "controller, transferred": transferred,
}


def regrets(table: MeasuredTable, name: str, algorithms: Sequence[str], budget: int, seeds: int) -> Row:
    """Runs of the algorithms on one data set; see the top of this module."""
    unknown = [one for one in algorithms if one not in ALGORITHMS]
    if unknown or not algorithms:
        raise InvalidSettings(f"The lab knows {', '.join(ALGORITHMS)}; it was asked for {list(algorithms)}.")
    check_number("The number of trainings of a search", budget, MOST_TRAININGS)
    check_number("The number of seeds", seeds, MOST_SEEDS)
    place, curves, ends = table.place(name), [], []
    for algorithm in algorithms:
        search = ALGORITHMS[algorithm](table, place)
        walks = [walk.run(search, table, place, budget, seed) for seed in range(seeds)]
        regret = np.stack([padded(one.regret(), budget) for one in walks])
        curves += banded(algorithm, regret)
        ends.append(ended(algorithm, walks, regret))
    best = float(table.test[place].max())
    return {"set": name, "budget": budget, "seeds": seeds, "best": best, "curves": curves, "ends": ends}


def padded(values: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    """A search that stopped early keeps what it had."""
    return np.concatenate([values, np.full(length - len(values), values[-1])])


def banded(algorithm: str, regret: npt.NDArray[np.float64]) -> list[Row]:
    """``regret`` (seed, evaluation): mean and 95 % interval of the mean."""
    half = 1.96 * regret.std(0, ddof=1) / len(regret) ** 0.5 if len(regret) > 1 else np.zeros(regret.shape[1])
    mean = regret.mean(0)
    return [
        {
            "algorithm": algorithm,
            "evaluation": k + 1,
            "regret": float(m),
            "low": float(max(m - h, 0)),
            "high": float(m + h),
        }
        for k, (m, h) in enumerate(zip(mean, half))
    ]


def ended(algorithm: str, walks: Sequence[Walk], regret: npt.NDArray[np.float64]) -> Row:
    """One row: how the searches of an algorithm ended."""
    found = [walk.percentile(one, int(one.chosen()[-1])) for one in walks]
    return {
        "algorithm": algorithm,
        "regret": float(regret[:, -1].mean()),
        "to best tenth": float(np.median([walk.evaluations_to_top(one) for one in walks])),
        "percentile": float(np.mean(found)),
    }


def multinomials(table: MeasuredTable, name: str, seed: int, rounds: int = 100) -> Row:
    """One MDENAS run for its bars: ``p`` (round, edge, operation), and what was found."""
    one = walk.run(Mdenas(rounds), table, table.place(name), len(table.cells), seed)
    said = stood_for(table, name, mdenas.found(one.story[-1]))
    return {"p": [p.round(6).tolist() for p in one.story], "evaluations": len(one.rows)} | said


def stood_for(table: MeasuredTable, name: str, tokens: npt.NDArray[np.int8]) -> Row:
    """The measured cell that stands for a found one: ``cell``, ``apart`` (edges that differ), test ``accuracy``,
    ``regret`` in points, ``percentile`` among all measured cells; and the found ``tokens``."""
    place, row = table.place(name), table.row_of(tokens)
    if row < 0:
        return {"tokens": tokens.tolist(), "cell": None}
    test, known = table.test[place], Walk(table, place, 1)
    apart = int((space.essential(tokens[None])[0] != table.tokens[row]).sum())
    said = {"tokens": tokens.tolist(), "cell": table.cells[row], "apart": apart, "accuracy": float(test[row])}
    return said | {"regret": float(test.max() - test[row]), "percentile": walk.percentile(known, row)}
