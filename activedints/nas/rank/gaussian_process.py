"""A Gaussian process over blocks of features: one length scale a block, learned by maximum marginal posterior.

Kernel: ``s^2 * Matern52(sqrt(sum_g w_g |x_g - x'_g|^2)) + noise^2``, distances within each block divided by their
median over the training architectures. Few hyperparameters, so that 43 architectures suffice; closed
gradients and at most ``PROBE`` rows for the hyperparameters, so that 860 are still a matter of a second. (Rasmussen and
Williams, "Gaussian Processes for Machine Learning", 2006, sections 2.2, 4.2 and 5.4.)
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, lapack, solve_triangular
from scipy.optimize import minimize

Matrix = npt.NDArray[np.float64]

PROBE = 260
JITTER = 1e-6
START_WEIGHT, START_SIGNAL, START_NOISE = -1.2, 0.3, -3.0
"""Centres of the Gaussian priors on log weight, log signal variance and log noise variance."""
PRIOR_SD = (3.0, 2.0, 1.5)
CHUNK = 8192


@dataclass
class GaussianProcess:
    """``blocks``: column numbers of each feature block. Fit with standardised features and normal scores (mean 0).

    >>> x = np.linspace(-1, 1, 9)[:, None]
    >>> mean, spread = GaussianProcess([np.array([0])]).fit(x, x[:, 0]).predict(np.array([[0.1], [9.0]]))
    >>> abs(mean[0] - 0.1) < 0.05 and spread[1] > spread[0]
    np.True_
    """

    blocks: list[npt.NDArray[np.intp]]
    theta: Matrix | None = None
    """Log weight of each block, log signal variance, log noise variance; learned by ``fit`` unless given."""
    scale: Matrix = field(default_factory=lambda: np.ones(0))

    def fit(self, x: Matrix, y: Matrix) -> "GaussianProcess":
        """``x`` (architecture, feature), ``y`` (architecture,) with a mean near 0."""
        self.x, self.y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        probe = np.linspace(0, len(y) - 1, min(len(y), PROBE)).astype(int)
        distances = self._raw_distances(self.x[probe], self.x[probe])
        above = np.triu_indices(len(probe), 1)
        self.scale = np.array([np.median(d[above]) for d in distances]) + 1e-9
        if self.theta is None:
            self.theta = _learn(distances / self.scale[:, None, None], self.y[probe])
        kernel = self._kernel(self.x, self.x)
        kernel[np.diag_indices(len(y))] += np.exp(self.theta[-1]) + JITTER
        self.factor = cho_factor(kernel, lower=True)
        self.alpha = cho_solve(self.factor, self.y)
        return self

    def predict(self, x: Matrix) -> tuple[Matrix, Matrix]:
        """(architecture,) posterior mean and standard deviation of the noise-free score."""
        parts = [self._predict(x[start : start + CHUNK]) for start in range(0, len(x), CHUNK)]
        return np.concatenate([m for m, _ in parts]), np.concatenate([s for _, s in parts])

    def _predict(self, x: Matrix) -> tuple[Matrix, Matrix]:
        cross = self._kernel(np.asarray(x, np.float64), self.x)
        half = solve_triangular(self.factor[0], cross.T, lower=True, check_finite=False)
        variance = np.exp(self.theta[-2]) - np.einsum("ij,ij->j", half, half)
        return cross @ self.alpha, np.sqrt(np.maximum(variance, 1e-10))

    def covariance(self, x: Matrix) -> Matrix:
        """(architecture, architecture) posterior covariance, for draws of whole functions."""
        x = np.asarray(x, np.float64)
        half = solve_triangular(self.factor[0], self._kernel(x, self.x).T, lower=True, check_finite=False)
        return self._kernel(x, x) - half.T @ half

    def leave_one_out(self) -> tuple[Matrix, Matrix]:
        """Mean and standard deviation for each training architecture had it been left out, hyperparameters kept."""
        inverse = cho_solve(self.factor, np.eye(len(self.y)))
        variance = 1 / np.diag(inverse)
        return self.y - self.alpha * variance, np.sqrt(variance)

    def _raw_distances(self, a: Matrix, b: Matrix) -> Matrix:
        return np.stack([_squared(a[:, block], b[:, block]) for block in self.blocks])

    def _kernel(self, a: Matrix, b: Matrix) -> Matrix:
        """One squared distance after weighting the columns: far cheaper than one distance a block."""
        root = np.sqrt(np.exp(self.theta[:-2]) / self.scale)
        weighted = [np.concatenate([m[:, b] * r for b, r in zip(self.blocks, root)], axis=1) for m in (a, b)]
        return np.exp(self.theta[-2]) * _matern(_squared(*weighted))[0]


def _squared(a: Matrix, b: Matrix) -> Matrix:
    distance = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    return np.maximum(distance, 0, out=distance)


def _matern(s: Matrix) -> tuple[Matrix, Matrix]:
    """Matern 5/2 of a squared distance and its derivative with respect to that squared distance."""
    r = np.sqrt(5 * s)
    decay = np.exp(-r)
    return (1 + r + r * r / 3) * decay, -5 / 6 * (1 + r) * decay


def _learn(distances: Matrix, y: Matrix) -> Matrix:
    """Hyperparameters that maximise marginal likelihood times prior; ``distances`` (block, row, row)."""
    blocks, n, _ = distances.shape
    centre = np.r_[np.full(blocks, START_WEIGHT - np.log(blocks)), START_SIGNAL, START_NOISE]
    width = np.r_[np.full(blocks, PRIOR_SD[0]), PRIOR_SD[1], PRIOR_SD[2]]
    flat = distances.reshape(blocks, -1)

    def loss(theta: Matrix) -> tuple[float, Matrix]:
        weight, signal, noise = np.exp(theta[:-2]), np.exp(theta[-2]), np.exp(theta[-1])
        base, slope = _matern((weight @ flat).reshape(n, n))
        kernel = signal * base
        kernel[np.diag_indices(n)] += noise + JITTER
        lower, failed = lapack.dpotrf(kernel, lower=True)
        if failed:
            return 1e12, np.zeros_like(theta)
        alpha = lapack.dpotrs(lower, y, lower=True)[0]
        inverse = lapack.dpotri(lower, lower=True)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        outer = inverse - np.outer(alpha, alpha)
        pull = (theta - centre) / width
        value = 0.5 * y @ alpha + np.log(np.diag(lower)).sum() + 0.5 * pull @ pull
        by_block = 0.5 * signal * weight * (flat @ (outer * slope).ravel())
        gradient = np.r_[by_block, 0.5 * signal * (outer * base).sum(), 0.5 * noise * np.trace(outer)]
        return value, gradient + pull / width

    bounds = [(-12.0, 6.0)] * blocks + [(-5.0, 5.0), (-8.0, 1.0)]
    return minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}).x
