"""The Architecture ranking study: settings in, plain rows out, ready for JSON and for the page's charts.

``study`` answers a durable job; ``rerank`` answers the page's sliders from the warm lane (``proposals`` its button for
the next architectures to train). Both give the same ``view``:

- ``benchmark``, ``licence``, ``pool`` (number of architectures), ``dataset``, ``regressor``, ``features``, ``design``,
  ``seed``, ``train_size``; ``target``, ``selection``, ``reported``: ``{name, what, epochs, unit}``; ``seconds``
- ``figures``: as ``Ranking.figures``; ``protocols``: as ``Ranking.protocols``
- ``naswot``: ``{kendall, kendall_predicted, n}`` of the untrained score and of the prediction with the reported
accuracy, on architectures that are not trained and have a score; null where the benchmark has none
- ``costs``: name -> unit of the cost columns shown
- ``points``: lists of one length, best predicted first: ``predicted``, ``low``, ``high``, ``measured``, ``reported``,
  ``trained``, ``rank_predicted``, ``rank_measured``, ``architecture`` and one for each of ``costs``
- ``fronts``: name of each cost -> positions in ``points`` that nothing both cheaper and better predicted beats
- ``top``, ``worst``: rows ``{architecture, rank, predicted, low, high, measured, reported, trained, edges,
  vertices}``, the best predicted ones and the largest errors; ``edges``: ``[[from, to, operation], ...]`` of the
  drawn cell, whose ``vertices`` are counted

``study`` returns ``{"version": 1, "settings", "view", "runs", "summary", "ceiling", "importance", "groups",
"dependence", "features", "searches", "model"}``:

- ``runs``: one row ``{train_size, regressor, seed, ...figures}`` a fit
- ``summary``: rows ``{train_size, regressor, what, mean, low, high, n}``, 95 % interval over seeds
- ``ceiling``: mean Spearman between single training runs of the same architectures, or null with one run each
- ``importance``, ``groups``: rows ``{feature, group, meaning, drop, deviation}``
- ``dependence``: rows ``{feature, meaning, unit, grid, mean, low, high}``
- ``features``: rows ``{name, group, unit, meaning}``
- ``searches``: rows ``{strategy, query, regret, low, high, selection_regret, n}``
- ``model``: JSON text of ``saved_model``
"""

from dataclasses import asdict, replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.core.ranking import RankSettings
from activedints.nas.rank.agreement import agreement, over_seeds, spearman
from activedints.nas.rank.benchmark import Column
from activedints.nas.rank.catalogue import open_benchmark
from activedints.nas.rank.explain import Importance, partial_dependence, permutation_importance
from activedints.nas.rank.propose import STRATEGIES, propose, simulate
from activedints.nas.rank.ranking import Ranker, Ranking
from activedints.nas.rank.regressors import check_regressor
from activedints.nas.rank.saved_model import model_json

SHOWN = 12
CURVES = 6
LISTED = ("architecture", "rank_predicted", "predicted", "low", "high", "measured", "reported", "trained")

Row = dict[str, Any]


def study(settings: RankSettings, report: Report = silent) -> Row:
    """Run the whole study; the dictionary is described at the top of this module."""
    ranker = _ranker(settings.benchmark, settings.folder, settings.pool, settings.dataset, settings.features)
    sizes = sorted({settings.train_size, *settings.train_sizes})
    names = list(dict.fromkeys((settings.regressor, *settings.compare)))
    for name in names:
        check_regressor(name)
    total = len(sizes) * len(names) * settings.seeds + 3
    runs, done = [], 0
    for size in sizes:
        for name in names:
            for seed in range(settings.seed, settings.seed + settings.seeds):
                figures = ranker.rank(size, name, settings.design, seed).figures()
                runs.append({"train_size": size, "regressor": name, "seed": seed, **figures})
                done += 1
                report(done, total, f"{name}, {size} architectures, seed {seed}", _numbers(figures))
    ranking = ranker.rank(settings.train_size, settings.regressor, settings.design, settings.seed)
    importance = permutation_importance(ranker, ranking)
    report(done + 1, total, "Importance of the meta-features measured")
    found = {
        "version": 1,
        "settings": asdict(settings),
        "view": view(ranker, ranking, settings),
        "runs": runs,
        "summary": _summary(runs),
        "ceiling": seed_ceiling(ranker),
        "importance": _rows(importance),
        "groups": _rows(permutation_importance(ranker, ranking, by_group=True)),
        "dependence": [_curve(ranker, ranking, one) for one in importance[:CURVES]],
        "features": [asdict(column) for column in ranker.features.columns],
        "model": model_json(ranker, ranking, settings.regressor, settings.seed),
        "searches": searches(ranker, settings, report) if settings.queries else [],
    }
    report(total, total, "Ranking done")
    return found


def rerank(settings: RankSettings) -> Row:
    """The ``view`` alone, from a ranker that is kept warm: what a slider of the page asks for."""
    return view(*_ranked(_asked(settings)), settings)


def model(settings: RankSettings) -> str:
    """The fitted model of a ``rerank`` as the JSON of ``saved_model``."""
    return model_json(*_ranked(_asked(settings)), settings.regressor, settings.seed)


def proposals(settings: RankSettings, count: int) -> list[Row]:
    """The next ``count`` architectures to train after those of ``settings``, best first, as rows of ``top``."""
    ranker, ranking = _ranked(_asked(settings))
    known = ranker.benchmark.values(ranker.selection.name)[ranking.trained]
    table = ranking.table().set_index("architecture", drop=False)
    chosen = [ranker.benchmark.architectures[row] for row in propose(ranker, ranking.trained, known, count)]
    return _shown(ranker, table.loc[chosen, list(LISTED)])


def _asked(settings: RankSettings) -> RankSettings:
    """The settings that a fit depends on, all others at their defaults."""
    return replace(settings, cost="", train_sizes=(), compare=(), seeds=1, queries=0)


@lru_cache(maxsize=8)
def _ranked(settings: RankSettings) -> tuple[Ranker, Ranking]:
    ranker = _ranker(settings.benchmark, settings.folder, settings.pool, settings.dataset, settings.features)
    return ranker, ranker.rank(settings.train_size, settings.regressor, settings.design, settings.seed)


@lru_cache(maxsize=4)
def _ranker(benchmark: str, folder: str, pool: str, dataset: str, features: tuple[str, ...]) -> Ranker:
    return Ranker(open_benchmark(benchmark, Path(folder), pool), dataset, tuple(features))


def view(ranker: Ranker, ranking: Ranking, settings: RankSettings) -> Row:
    """One Ranking as plain rows; see the top of this module."""
    table = ranking.table()
    error = (table["predicted"] - table["measured"]).abs()
    costs = _costs(ranker, settings.cost)
    said = [*LISTED, *(["naswot"] if "naswot" in table else [])]
    listed = [*said, "rank_measured", *costs]
    return {
        "benchmark": ranker.benchmark.name,
        "licence": ranker.benchmark.licence,
        "pool": len(ranker.benchmark),
        "dataset": ranker.dataset,
        "regressor": settings.regressor,
        "features": list(settings.features),
        "design": settings.design,
        "seed": settings.seed,
        "train_size": len(ranking.trained),
        "target": _said(ranking.target),
        "selection": _said(ranking.selection),
        "reported": _said(ranking.reported),
        "seconds": ranking.seconds,
        "figures": ranking.figures(),
        "protocols": ranking.protocols(),
        "naswot": untrained(table),
        "costs": {column.name: column.unit for column in ranker.benchmark.columns if column.name in costs},
        "points": {name: _plain(table[name]) for name in listed},
        "fronts": {name: pareto(table[name].to_numpy(), table["predicted"].to_numpy()) for name in costs},
        "top": _shown(ranker, table.head(SHOWN)[said]),
        "worst": _shown(ranker, table.loc[error[~table["trained"]].nlargest(SHOWN).index, said]),
    }


def untrained(table: pd.DataFrame) -> Row | None:
    """How NASWOT orders architectures, beside the prediction; see the top of this module."""
    if "naswot" not in table:
        return None
    rows = table[~table["trained"] & np.isfinite(table["naswot"])]
    named = {"kendall": "naswot", "kendall_predicted": "predicted"}
    taus = {k: agreement(rows[c].to_numpy(float), rows["reported"].to_numpy(float)).kendall for k, c in named.items()}
    return taus | {"n": len(rows)}


def pareto(cost: npt.NDArray[np.floating], worth: npt.NDArray[np.floating]) -> list[int]:
    """Positions on the front, cheapest first: no other position costs less or the same and is worth more or the same.

    >>> pareto(np.array([1.0, 2.0, 2.0, 3.0, np.nan]), np.array([5.0, 4.0, 7.0, 8.0, 9.0]))
    [0, 2, 3]
    """
    order = [i for i in np.lexsort((-worth, cost)) if np.isfinite(cost[i])]
    best = np.maximum.accumulate(worth[order]) if order else worth[:0]
    return [int(i) for place, i in enumerate(order) if place == 0 or worth[i] > best[place - 1]]


def seed_ceiling(ranker: Ranker) -> float | None:
    """Mean Spearman between two training runs of the same architectures; a perfect predictor would agree with a single
    run to about its square root (attenuation, Spearman 1904)."""
    columns = [c.name for c in ranker.benchmark.declared("noise", dataset=ranker.dataset)]
    runs = [ranker.benchmark.values(name) for name in columns]
    pairs = [spearman(a, b) for a, b in combinations(runs, 2)]
    return float(np.mean(pairs)) if pairs else None


def searches(ranker: Ranker, settings: RankSettings, report: Report = silent) -> list[Row]:
    """Regret per query of every search strategy, over the settings' seeds."""
    rows = []
    seeds = range(settings.seed, settings.seed + settings.seeds)
    for strategy in STRATEGIES:
        traces = []
        for number, seed in enumerate(seeds):
            traces.append(simulate(ranker, strategy, settings.queries, seed))
            report(number + 1, settings.seeds, f"Search by {strategy}, seed {seed}")
        for query in range(settings.queries):
            over = over_seeds([float(trace.regret[query]) for trace in traces])
            validation = float(np.mean([trace.selection_regret[query] for trace in traces]))
            said = {"regret": over.mean, "low": over.low, "high": over.high, "n": over.n}
            rows.append({"strategy": strategy, "query": query + 1, **said, "selection_regret": validation})
    return rows


def _summary(runs: list[Row]) -> list[Row]:
    found = []
    for size, name in dict.fromkeys((run["train_size"], run["regressor"]) for run in runs):
        chosen = [run for run in runs if run["train_size"] == size and run["regressor"] == name]
        for what in chosen[0].keys() - {"train_size", "regressor", "seed"}:
            values = [run[what] for run in chosen if run[what] is not None]
            if values:
                found.append({"train_size": size, "regressor": name, "what": what, **asdict(over_seeds(values))})
    return found


def _numbers(figures: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if value is not None}


def _rows(importance: list[Importance]) -> list[Row]:
    return [
        {
            "feature": one.feature.name,
            "group": one.feature.group,
            "meaning": one.feature.meaning,
            "drop": one.drop,
            "deviation": one.deviation,
        }
        for one in importance
    ]


def _curve(ranker: Ranker, ranking: Ranking, one: Importance) -> Row:
    curve = partial_dependence(ranker, ranking, one.feature.name)
    said = {"feature": one.feature.name, "meaning": one.feature.meaning, "unit": one.feature.unit}
    return said | {name: getattr(curve, name).tolist() for name in ("grid", "mean", "low", "high")}


def _said(column: Column) -> Row:
    return {"name": column.name, "what": column.what, "epochs": column.epochs, "unit": column.unit}


def _costs(ranker: Ranker, extra: str) -> list[str]:
    """The data set's costs in millions, and the column asked for; InvalidSettings where the table does not have it."""
    declared = ranker.benchmark.declared("cost", "latency", "energy", "time")
    if extra and extra not in [c.name for c in declared]:
        raise InvalidSettings(
            f"{ranker.benchmark.name} has no cost '{extra}'; it has {', '.join(c.name for c in declared)}."
        )
    usual = [c.name for c in declared if c.what == "cost" and c.unit == "million" and c.dataset in ("", ranker.dataset)]
    return list(dict.fromkeys([*usual, *([extra] if extra else [])]))


def _plain(values: Any) -> list:
    return [None if value != value else value for value in values.tolist()]


def _shown(ranker: Ranker, rows: Any) -> list[Row]:
    numbers = {text: row for row, text in enumerate(ranker.benchmark.architectures)}
    found = []
    for row in rows.to_dict("records"):
        found.append({k: None if v != v else v for k, v in row.items()})
        found[-1]["rank"] = found[-1].pop("rank_predicted")
        found[-1]["edges"] = drawn(ranker, numbers[row["architecture"]])
        found[-1]["vertices"] = ranker.benchmark.cells.edges.shape[1]
    return found


def drawn(ranker: Ranker, row: int) -> list[list]:
    """Edges ``[from, to, operation]`` of one cell; "out" where the tensor arrives at the output unchanged."""
    cells = ranker.benchmark.cells
    names = [operation.name for operation in cells.operations] + ["out"]
    edges = cells.edges[row]
    return [[int(i), int(j), names[edges[i, j] - 1]] for i, j in zip(*np.nonzero(edges))]
