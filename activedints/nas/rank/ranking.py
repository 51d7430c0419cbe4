"""MbML-NAS: rank a space of architectures from a handful of trained ones (Pereira et al., Information Sciences 2023).

    ranker = Ranker(benchmark, dataset="CIFAR-10")
    ranking = ranker.rank(train_size=172)
    ranking.figures()["spearman"]

Three columns are kept apart, and stated with every figure: the *target* that the predictor learns from the trained
architectures, the *selection* column (always a validation accuracy) that may choose among candidates, and the
*reported* one (test accuracy where the table has one) on which regret is counted and which chooses nothing.
"""

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from activedints.core.errors import InvalidSettings
from activedints.core.ranking import DEFAULT, TRAINING_FREE
from activedints.nas.rank.agreement import agreement, honest_pick, published_pick, regret
from activedints.nas.rank.benchmark import Benchmark, Column
from activedints.nas.rank.design import choose_training
from activedints.nas.rank.features import Features, meta_features
from activedints.nas.rank.regressors import Model, Prediction, regressor

TRAIN_SIZES = (43, 86, 129, 172, 344, 860)
SEEDS = tuple(range(10))
TOPS = (1, 10, 100, 1000, 5000)

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """One fit and its predictions for the whole pool. ``trained``: rows that were trained, in order."""

    benchmark: Benchmark
    target: Column
    selection: Column
    reported: Column
    trained: npt.NDArray[np.intp]
    prediction: Prediction
    model: Model
    seconds: float

    @property
    def unseen(self) -> npt.NDArray[np.intp]:
        return np.setdiff1d(np.arange(len(self.benchmark)), self.trained)

    def figures(self) -> dict[str, float | None]:
        """Errors and rank agreement over the architectures that were not trained; regrets over the whole pool.

        ``spearman_reported``, ``kendall_reported`` compare with the reported column; ``top1_regret`` and
        ``top10_regret`` count on it, with the choice made by predictor and validation only; ``coverage`` is the
        share of unseen measurements inside the 90 % interval.
        """
        rows, mean = self.unseen, self.prediction.mean
        target, reported = self.benchmark.values(self.target.name), self.benchmark.values(self.reported.name)
        selection = self.benchmark.values(self.selection.name)
        close = agreement(mean[rows], target[rows])
        final = agreement(mean[rows], reported[rows])
        inside = (target[rows] >= self.prediction.low[rows]) & (target[rows] <= self.prediction.high[rows])
        one, ten = honest_pick(mean, selection, 1), honest_pick(mean, selection, 10)
        return {
            "mae": close.mae,
            "mse": close.mse,
            "r2": close.r2,
            "spearman": close.spearman,
            "kendall": close.kendall,
            "spearman_reported": final.spearman,
            "kendall_reported": final.kendall,
            "top1_regret": regret(one, reported),
            "top10_regret": regret(ten, reported),
            "top1_selection_regret": regret(one, selection),
            "top10_selection_regret": regret(ten, selection),
            "coverage": float(inside.mean()),
            "seconds": self.seconds,
        }

    def protocols(self) -> list[dict[str, float]]:
        """The published protocol beside the honest one, for several K: both train the K best predicted; the published
        one then keeps the best *reported* accuracy, the honest one that of the best validation accuracy."""
        mean, reported = self.prediction.mean, self.benchmark.values(self.reported.name)
        selection = self.benchmark.values(self.selection.name)
        return [
            {
                "top": top,
                "published_accuracy": float(reported[published_pick(mean, reported, top)]),
                "honest_accuracy": float(reported[honest_pick(mean, selection, top)]),
                "best_in_pool": float(np.nanmax(reported)),
            }
            for top in TOPS
            if top <= len(self.benchmark)
        ]

    def table(self) -> pd.DataFrame:
        """One row an architecture, best predicted first: predicted (with interval), target, reported, ranks, costs, and
        the score of the untrained network where the benchmark has one."""
        target = self.benchmark.values(self.target.name)
        named = {
            "architecture": self.benchmark.architectures,
            "predicted": self.prediction.mean,
            "low": self.prediction.low,
            "high": self.prediction.high,
            "measured": target,
            "reported": self.benchmark.values(self.reported.name),
            "rank_predicted": pd.Series(-self.prediction.mean).rank(method="first").astype(int),
            "rank_measured": pd.Series(-target).rank(method="min").astype(int),
            "trained": np.isin(np.arange(len(self.benchmark)), self.trained),
        }
        if (column := naswot_column(self.benchmark, self.target.dataset)) is not None:
            named["naswot"] = self.benchmark.values(column)
        costs = [c.name for c in self.benchmark.declared("cost", "latency", "energy", "time")]
        frame = pd.concat([pd.DataFrame(named), self.benchmark.table[costs]], axis=1)
        return frame.sort_values("rank_predicted").reset_index(drop=True)


def naswot_column(benchmark: Benchmark, dataset: str) -> str | None:
    """The proxy column that holds NASWOT scores on a data set (Mellor et al. 2021); None where there is none."""
    known = benchmark.declared("proxy", dataset=dataset)
    return next((c.name for c in known if c.name == "naswot" or c.name.endswith("nwot")), None)


class Ranker:
    """A pool with its meta-features made once, ready to be ranked again and again.

    ``dataset``: one of ``benchmark.datasets`` (the first by default). ``target``, ``selection``, ``reported``: column
    names; by default the complete validation column of most epochs is target and selection, and the
    test column of most epochs is reported (the validation column where the table has no test accuracy).
    """

    def __init__(
        self,
        benchmark: Benchmark,
        dataset: str = "",
        features: tuple[str, ...] = TRAINING_FREE,
        target: str = "",
        selection: str = "",
        reported: str = "",
    ) -> None:
        self.benchmark = benchmark
        self.dataset = dataset or benchmark.datasets[0]
        if self.dataset not in benchmark.datasets:
            raise InvalidSettings(
                f"{benchmark.name} has no data set '{self.dataset}'; it has {', '.join(benchmark.datasets)}."
            )
        self.selection = self._column(selection, "validation")
        self.target = self._column(target, "validation", "test") if target else self.selection
        self.reported = self._column(reported, "test", "validation")
        started = time.perf_counter()
        self.features = describe(benchmark, self.dataset, features)
        self.x = standardised(self.features)
        self.feature_seconds = time.perf_counter() - started

    def choose(self, train_size: int, design: str = "random", seed: int = 0) -> npt.NDArray[np.intp]:
        """Rows to train; see ``design.choose_training``."""
        return choose_training(design, self.x, train_size, seed)

    def rank(
        self, train_size: int = 172, by: str = DEFAULT, design: str = "random", seed: int = 0, trained: object = None
    ) -> Ranking:
        """Fit on ``train_size`` architectures (or on the rows ``trained``) and predict the whole pool.

        Raises InvalidSettings for sizes that the pool cannot give, unknown names and a target that is constant.
        """
        rows = self.choose(train_size, design, seed) if trained is None else np.asarray(trained, np.intp)
        accuracies = self.benchmark.values(self.target.name)[rows]
        if np.ptp(accuracies) == 0:
            raise InvalidSettings(
                f"All {len(rows)} training architectures have the same '{self.target.name}' ({accuracies[0]:g}): "
                "there is nothing to learn; train others."
            )
        started = time.perf_counter()
        model = regressor(by, self.features.blocks(), seed).fit(self.x[rows], accuracies)
        prediction = model.predict(self.x)
        seconds = time.perf_counter() - started
        return Ranking(self.benchmark, self.target, self.selection, self.reported, rows, prediction, model, seconds)

    def _column(self, name: str, *kinds: str) -> Column:
        """The named accuracy column, or of the first kind that has any the complete one of most epochs."""
        found = [c for kind in kinds for c in self.benchmark.declared(kind, dataset=self.dataset)]
        if name:
            found = [c for c in found if c.name == name]
        complete = [c for c in found if not np.isnan(self.benchmark.values(c.name)).any()]
        if not complete:
            asked = f"column '{name}'" if name else f"{kinds[0]} accuracy"
            raise InvalidSettings(
                f"{self.benchmark.name} has no complete {asked} on {self.dataset}; choose another column or pool."
            )
        return max((c for c in complete if c.what == complete[0].what), key=lambda c: c.epochs)


def describe(benchmark: Benchmark, dataset: str, groups: tuple[str, ...]) -> Features:
    """Meta-features of every architecture of a benchmark, costs and proxies as far as it has them for ``dataset``."""
    costs = {c.name: benchmark.values(c.name) for c in benchmark.declared("cost") if c.unit == "million"}
    own = {c.name for c in benchmark.declared("cost") if c.dataset == dataset}
    costs = {name: values for name, values in costs.items() if name in own} or costs
    proxies = {c.name: benchmark.values(c.name) for c in benchmark.declared("proxy", dataset=dataset)}
    if "proxies" in groups and not proxies:
        raise InvalidSettings(f"{benchmark.name} has no zero-cost proxies for {dataset}; leave that feature group out.")
    gaps = [name for name, values in proxies.items() if np.isnan(values).any()]
    if "proxies" in groups and gaps:
        raise InvalidSettings(
            f"{benchmark.name} lacks the proxy '{gaps[0]}' for some architectures; rank the pool without dead branches."
        )
    params = benchmark.params() if "six" in groups else np.zeros(len(benchmark))
    own = {c.name: benchmark.values(c.name) for c in benchmark.declared("feature")}
    return meta_features(benchmark.cells, groups, params, costs, proxies, own)


def standardised(features: Features) -> Values:
    """(architecture, feature) with mean 0 and standard deviation 1 over the whole pool: no accuracy is looked at."""
    values = features.values.astype(np.float64)
    deviation = values.std(0)
    return (values - values.mean(0)) / np.where(deviation > 0, deviation, 1)
