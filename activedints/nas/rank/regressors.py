"""Regressors: what turns meta-features of a few trained architectures into predictions for all others.

One contract: ``fit(x, y)`` with features standardised over the whole space and measured accuracies, then
``predict(x) -> Prediction`` in the unit of the accuracies, with a spread. The published ones (Pereira et al. 2023:
linear to gradient boosting, min-max scaled, accuracies as they are) and ours, which learn normal scores of the
accuracies: a Gaussian process, boosted trees and, the default, the two stacked (``stack.py``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import lightgbm
import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import AdaBoostRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import BayesianRidge, LinearRegression, SGDRegressor
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from activedints.core.errors import InvalidSettings
from activedints.nas.rank.gaussian_process import GaussianProcess
from activedints.nas.rank.normal_scores import NormalScale
from activedints.nas.rank.stack import Stack

Matrix = npt.NDArray[np.floating]
Blocks = list[npt.NDArray[np.intp]]

Z90 = 1.6449


@dataclass(frozen=True)
class Prediction:
    """(architecture,) arrays in the unit of the accuracies; ``low`` .. ``high`` hold nine measurements of ten."""

    mean: Matrix
    low: Matrix
    high: Matrix


class Model(Protocol):
    def fit(self, x: Matrix, y: Matrix) -> "Model": ...

    def predict(self, x: Matrix) -> Prediction: ...


@dataclass
class Published:
    """A scikit-learn regressor as MbML-NAS uses it; its spread is the error of a threefold cross-validation."""

    regressor: object

    def fit(self, x: Matrix, y: Matrix) -> "Published":
        pipeline: Pipeline = make_pipeline(MinMaxScaler(), self.regressor)
        folds = KFold(min(3, len(y)), shuffle=True, random_state=0)
        self.spread = float(np.sqrt(np.mean((y - cross_val_predict(clone(pipeline), x, y, cv=folds)) ** 2)))
        self.pipeline = pipeline.fit(x, y)
        return self

    def predict(self, x: Matrix) -> Prediction:
        mean = np.asarray(self.pipeline.predict(x), np.float64)
        return Prediction(mean, mean - Z90 * self.spread, mean + Z90 * self.spread)


class Scorer(Protocol):
    """Learns normal scores (mean 0); predicts their mean and standard deviation."""

    def fit(self, x: Matrix, y: Matrix) -> "Scorer": ...

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]: ...


@dataclass
class OnNormalScores:
    """A Scorer between accuracies and normal scores: the skew of accuracies no longer matters."""

    scorer: Scorer

    def fit(self, x: Matrix, y: Matrix) -> "OnNormalScores":
        self.scale = NormalScale.learn(y)
        self.scorer.fit(x, self.scale.score(y))
        return self

    def predict(self, x: Matrix) -> Prediction:
        mean, spread = self.scorer.predict(x)
        bounds = (self.scale.accuracy(mean + sign * Z90 * spread) for sign in (0, -1, 1))
        return Prediction(*bounds)


@dataclass
class NoisyProcess:
    """A Gaussian process whose spread includes the noise of one training run."""

    blocks: Blocks

    def fit(self, x: Matrix, y: Matrix) -> "NoisyProcess":
        self.process = GaussianProcess(self.blocks).fit(x, y)
        return self

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]:
        mean, spread = self.process.predict(x)
        return mean, np.sqrt(spread**2 + np.exp(self.process.theta[-1]))


@dataclass
class BoostedTrees:
    """LightGBM on normal scores, ``bags`` of different random seeds averaged (Ke et al., NeurIPS 2017); trees with
    dropout (Rashmi and Gilad-Bachrach, "DART", AISTATS 2015) or, with ``random_cuts``, with random thresholds.

    Spread: the error of a threefold cross-validation unless ``honest_spread`` is off (within a stack it is not read).
    """

    seed: int = 0
    bags: int = 2
    random_cuts: bool = False
    honest_spread: bool = True

    def fit(self, x: Matrix, y: Matrix) -> "BoostedTrees":
        self.spread = self._error(x, y) if self.honest_spread else 0.0
        self.models = [self._grow(x, y, self.seed * 100 + bag) for bag in range(self.bags)]
        return self

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]:
        mean = np.mean([model.predict(np.asarray(x, np.float64)) for model in self.models], axis=0)
        return mean, np.full(len(x), self.spread)

    def _error(self, x: Matrix, y: Matrix) -> float:
        parts = KFold(min(3, len(y)), shuffle=True, random_state=self.seed).split(x)
        errors = [y[out] - self._grow(x[kept], y[kept], self.seed).predict(x[out]) for kept, out in parts]
        return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))

    def _grow(self, x: Matrix, y: Matrix, seed: int) -> lightgbm.Booster:
        settings = {
            "objective": "regression",
            "boosting": "gbdt" if self.random_cuts else "dart",
            "learning_rate": 0.05 if self.random_cuts else 0.1,
            "num_leaves": 8,
            "min_data_in_leaf": min(4, max(len(y) // 4, 1)),
            "feature_fraction": 0.3,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "extra_trees": self.random_cuts,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        rounds = 400 if self.random_cuts else 300
        return lightgbm.train(settings, lightgbm.Dataset(np.asarray(x, np.float64), y), num_boost_round=rounds)


Factory = Callable[[Blocks, int], Model]

REGRESSORS: dict[str, Factory] = {
    "stack": lambda blocks, seed: OnNormalScores(Stack(_members(blocks, seed), seed)),
    "gaussian process": lambda blocks, seed: OnNormalScores(NoisyProcess(blocks)),
    "boosted trees": lambda blocks, seed: OnNormalScores(BoostedTrees(seed)),
    "linear": lambda blocks, seed: Published(LinearRegression()),
    "sgd": lambda blocks, seed: Published(SGDRegressor(random_state=seed)),
    "bayesian ridge": lambda blocks, seed: Published(BayesianRidge()),
    "nearest neighbours": lambda blocks, seed: Published(KNeighborsRegressor()),
    "decision tree": lambda blocks, seed: Published(DecisionTreeRegressor(random_state=seed)),
    "support vectors": lambda blocks, seed: Published(SVR()),
    "random forest": lambda blocks, seed: Published(_forest(seed)),
    "adaboost": lambda blocks, seed: Published(AdaBoostRegressor(random_state=seed)),
    "gradient boosting": lambda blocks, seed: Published(GradientBoostingRegressor(random_state=seed)),
    "dummy": lambda blocks, seed: Published(DummyRegressor()),
}


def _forest(seed: int) -> RandomForestRegressor:
    """Leaves of five: the published random search over leaf sizes settles near it, at a twentieth of the time."""
    return RandomForestRegressor(min_samples_leaf=5, max_features="sqrt", random_state=seed)


def _members(blocks: Blocks, seed: int) -> list[Callable[[], Scorer]]:
    return [
        lambda: NoisyProcess(blocks),
        lambda: BoostedTrees(seed, bags=2, honest_spread=False),
        lambda: BoostedTrees(seed, bags=2, random_cuts=True, honest_spread=False),
    ]


def check_regressor(name: str) -> None:
    """InvalidSettings for a name that is not in ``REGRESSORS``."""
    if name not in REGRESSORS:
        raise InvalidSettings(f"There is no regressor '{name}'; choose one of {', '.join(REGRESSORS)}.")


def regressor(name: str, blocks: Blocks, seed: int = 0) -> Model:
    """An unfitted Model by its name; InvalidSettings for a name that is not in ``REGRESSORS``."""
    check_regressor(name)
    return REGRESSORS[name](blocks, seed)
