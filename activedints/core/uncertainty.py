"""How unsure a network is, voxel by voxel, from the class probabilities of one pass or of many Draws.

Arrays are ``(class, ...)`` for one distribution per voxel and ``(draw, class, ...)`` for Draws; class 0 is the
background. NumPy arrays and torch tensors both work and stay on their device. Entropies are in nats.
With p_t the softmax of draw t and p̄ the mean over draws:

==================  ====================================================  =======================================
measure             formula                                               source
==================  ====================================================  =======================================
entropy             H[p̄]                                                 Shannon 1948; Settles 2009
expected entropy    mean_t H[p_t]                                         Kendall & Gal, NeurIPS 2017 (aleatoric)
mutual information  H[p̄] - mean_t H[p_t]                                 Houlsby et al. 2011 (BALD); Gal et al. 2017
variance            sum over foreground c of Var_t[p_t,c]                 Gal & Ghahramani 2016; Active-DiNTS 2024
standard deviation  sum over foreground c of sd_t[p_t,c]                  Active-DiNTS 2024 (arXiv 2610.04787)
margin              1 - (largest p̄ - second largest p̄)                  Scheffer et al., IDA 2001
class entropy       H[p̄] * p̄_c                                          ClaSP PE, TMLR 2026 (arXiv 2601.13677)
==================  ====================================================  =======================================
"""

import sys
from typing import Any

from activedints.core.errors import InvalidSettings

Array = Any
"""A NumPy array or a torch tensor."""

NEEDS_DRAWS = frozenset({"mutual_information", "variance", "standard_deviation"})
"""Measures that mean nothing for one pass."""


def entropy(p: Array, axis: int = 0) -> Array:
    """Entropy of a distribution along ``axis``, which is removed; 0 log 0 = 0.

    >>> import numpy as np
    >>> entropy(np.array([[0.5, 1.0], [0.5, 0.0]])).round(4)
    array([0.6931, 0.    ])
    """
    ops = _namespace(p)
    return ops.clip(-(p * ops.log(ops.clip(p, 1e-30, None))).sum(axis), 0.0, None)


def margin(p: Array) -> Array:
    """One minus the lead of the likeliest class over the second: 0 when certain, 1 on a tie.

    >>> import numpy as np
    >>> margin(np.array([0.7, 0.2, 0.1])).round(4)
    np.float64(0.5)
    """
    ops = _namespace(p)
    first, second = p[0], p[0] * 0.0
    for other in p[1:]:
        second = ops.maximum(second, ops.minimum(first, other))
        first = ops.maximum(first, other)
    return 1.0 - (first - second)


def class_entropy(p: Array) -> Array:
    """Entropy shared out among the classes by their probability, ``(class, ...)``: which class is in doubt here."""
    return entropy(p) * p


class DrawStatistics:
    """Streaming statistics over Draws: memory independent of their number, exact zeros when all draws are equal.

    Sums are kept of the difference to the first draw, so that the variance of nearly equal draws loses no digits.

    >>> import numpy as np
    >>> statistics = DrawStatistics()
    >>> statistics.add(np.array([[[1.0]], [[0.0]]]).transpose(1, 0, 2))     # one draw, two classes, one voxel
    >>> statistics.add(np.array([[[0.0]], [[1.0]]]).transpose(1, 0, 2))
    >>> [round(float(value[0]), 4) for value in statistics.maps().values()]    # H, E[H], margin, MI, ...
    [0.6931, 0.0, 1.0, 0.6931, 0.25, 0.5]
    """

    def __init__(self) -> None:
        self.draws = 0
        self._first: Array = None
        self._first_entropy: Array = None
        self._sum: Array = None
        self._squares: Array = None
        self._entropies: Array = None

    def add(self, p: Array) -> None:
        """Take in draws ``(draw, class, ...)`` of class probabilities that sum to 1 over the classes."""
        if self.draws == 0:
            self._first = p[0] * 1.0  # a copy: a view would keep all draws of this call in memory
            self._first_entropy = entropy(p[0])
            self._sum = self._squares = self._entropies = 0.0
        difference = p - self._first
        self._sum = self._sum + difference.sum(0)
        self._squares = self._squares + (difference[:, 1:] * difference[:, 1:]).sum(0)
        self._entropies = self._entropies + (entropy(p, 1) - self._first_entropy).sum(0)
        self.draws += int(p.shape[0])

    def mean(self) -> Array:
        """Mean probability p̄, ``(class, ...)``."""
        if self.draws == 0:
            raise InvalidSettings("No draw was added, so there is no mean probability; add at least one draw.")
        return self._first + self._sum / self.draws

    def class_variance(self) -> Array:
        """Variance over the draws of every foreground class, ``(class - 1, ...)``; all zeros after a single draw."""
        ops = _namespace(self.mean())
        shift = self._sum[1:] / self.draws
        return ops.clip(self._squares / self.draws - shift * shift, 0.0, None)

    def maps(self) -> dict[str, Array]:
        """Measures by name, each without the class axis; those that need draws are left out after a single one."""
        mean = self.mean()
        ops = _namespace(mean)
        found = {"entropy": entropy(mean)}
        found["expected_entropy"] = self._first_entropy + self._entropies / self.draws
        found["margin"] = margin(mean)
        if self.draws > 1:
            found["mutual_information"] = ops.clip(found["entropy"] - found["expected_entropy"], 0.0, None)
            variances = self.class_variance()
            found["variance"] = variances.sum(0)
            found["standard_deviation"] = ops.sqrt(variances).sum(0)
        return found


def _namespace(array: Array) -> Any:
    """The module whose functions take this array: numpy, or torch without importing it."""
    return sys.modules[type(array).__module__.partition(".")[0]]
