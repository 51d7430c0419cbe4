"""The stacked default: several scorers, weighted by how well they predict training architectures they have not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from sklearn.model_selection import KFold

Matrix = npt.NDArray[np.floating]

FOLDS = 5
TOWARDS_EQUAL = 0.05
"""Strength of the pull to equal weights, relative to the evidence of one training set."""


class Scorer(Protocol):
    def fit(self, x: Matrix, y: Matrix) -> "Scorer": ...

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]: ...


@dataclass
class Stack:
    """Non-negative weights of the ``members`` from a cross-validation on the training architectures alone.

    (Breiman, "Stacked regressions", Machine Learning 24, 1996.) The first member's spread and the members' disagreement
    make the raw spread; one factor, from the same cross-validation, sets its size right.
    """

    members: list[Callable[[], Scorer]]
    seed: int = 0

    def fit(self, x: Matrix, y: Matrix) -> "Stack":
        """``y``: normal scores."""
        guessed, spread = self._unseen(x, y)
        self.weights = _weights(guessed, y)
        raw = _raw_spread(guessed, spread, self.weights)
        self.stretch = float(np.sqrt(np.mean((y - self.weights @ guessed) ** 2 / raw**2)))
        self.fitted = [make().fit(x, y) for make in self.members]
        return self

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]:
        answers = [member.predict(x) for member in self.fitted]
        means = np.stack([mean for mean, _ in answers])
        return self.weights @ means, self.stretch * _raw_spread(means, answers[0][1], self.weights)

    def _unseen(self, x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
        """(member, architecture) predictions and (architecture,) first member's spread, each from a fit without it."""
        guessed, spread = np.zeros((len(self.members), len(y))), np.zeros(len(y))
        for kept, out in KFold(min(FOLDS, len(y)), shuffle=True, random_state=self.seed).split(x):
            for number, make in enumerate(self.members):
                guessed[number, out], its_spread = make().fit(x[kept], y[kept]).predict(x[out])
                if number == 0:
                    spread[out] = its_spread
        return guessed, spread


def _weights(guessed: Matrix, y: Matrix) -> Matrix:
    """(member,) weights >= 0 that sum to 1: least squares with a pull to equality.

    >>> y = np.array([1.0, -1.0, 2.0, -2.0])
    >>> _weights(np.stack([y, -y]), y).round(2).tolist()
    [1.0, 0.0]
    """
    count = len(guessed)
    pull = np.sqrt(TOWARDS_EQUAL * len(y))
    target = np.r_[y, np.full(count, pull / count)]
    weights, _ = nnls(np.vstack([guessed.T, pull * np.eye(count)]), target)
    return weights / weights.sum() if weights.sum() > 0 else np.full(count, 1 / count)


def _raw_spread(means: Matrix, spread: Matrix, weights: Matrix) -> Matrix:
    centre = weights @ means
    return np.sqrt(spread**2 + weights @ (means - centre) ** 2)
