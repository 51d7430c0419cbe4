"""The supernet as a Network: mixed at a temperature, pruned, or along paths drawn anew at every call."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from activedints.core.job import Report, silent
from activedints.nas.few_shot import pruning
from activedints.nas.few_shot.episodes import ImageClasses
from activedints.nas.few_shot.functional import Params
from activedints.nas.few_shot.learners import Stage
from activedints.nas.few_shot.pruning import Inputs
from activedints.nas.few_shot.supernet import Supernet

ALPHA = "alpha."
"""Architecture weights are the weights whose name starts so."""


def split(params: Params) -> tuple[Params, Params]:
    """Weights and architecture weights."""
    weights = {k: v for k, v in params.items() if not k.startswith(ALPHA)}
    return weights, {k: v for k, v in params.items() if k.startswith(ALPHA)}


@dataclass(frozen=True)
class Mixed:
    """The supernet at one temperature, as a Network: mixed as the architecture weights in its weights say."""

    supernet: Supernet
    tau: float = 1.0
    inputs: Inputs = "pairwise"
    drop: float = 0.0

    def start(self, seed: int) -> Params:
        cells = len(self.supernet.reduces)
        return self.supernet.start(seed) | pruning.start(cells, self.inputs, seed=seed)

    def features(self, params: Params, images: Tensor) -> Tensor:
        mixes = pruning.mixes(params, self.tau, self.inputs, self.drop)
        return self.supernet.features(params, images, mixes)


@dataclass(frozen=True)
class Pruned(Mixed):
    """What is left after pruning: two inputs a node, one operation an edge; the temperature is of no account."""

    def features(self, params: Params, images: Tensor) -> Tensor:
        return self.supernet.features(params, images, pruning.hard_mixes(params, self.inputs))


@dataclass(frozen=True)
class Drawn(Mixed):
    """The supernet with architecture weights drawn anew at every call: a warm-up that prepares for pruning.

    Gumbel noise at a temperature between ``coldest`` and ``tau`` (log-uniform): from nearly one path to all of them.
    """

    drop: float = 0.05
    coldest: float = 0.05
    generator: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(0))

    def features(self, params: Params, images: Tensor) -> Tensor:
        shapes = pruning.start(len(self.supernet.reduces), self.inputs)
        uniform = {k: torch.rand(v.shape, generator=self.generator) for k, v in shapes.items()}
        noise = {k: -torch.log(-torch.log(u.clamp(1e-6, 1 - 1e-6)))[None] for k, u in uniform.items()}
        share = torch.rand((), generator=self.generator).item()
        tau = self.tau * (self.coldest / self.tau) ** share
        return self.supernet.features(params, images, pruning.mixes(noise, tau, self.inputs, self.drop))


@dataclass(frozen=True)
class Fixed(Mixed):
    """The mixture that ``alphas`` (without an episode axis) say; only weights are trained."""

    alphas: Params = field(default_factory=dict)

    def features(self, params: Params, images: Tensor) -> Tensor:
        alphas = {k: v.expand(images.shape[0], *v.shape) for k, v in self.alphas.items()}
        return self.supernet.features(params, images, pruning.mixes(alphas, self.tau, self.inputs, self.drop))


@dataclass(frozen=True)
class WeightsOnly:
    """A stage that trains a supernet's weights alone: on the mixture that alpha says, or on drawn paths."""

    stage: Stage
    drawn: bool = False
    tau: float = 1.0
    coldest: float = 0.02

    def run(
        self, network: Mixed, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        weights, alphas = split(params)
        if self.drawn:
            generator = torch.Generator().manual_seed(int(np.random.default_rng((*seed, 1)).integers(1 << 31)))
            inside: Mixed = Drawn(network.supernet, self.tau, network.inputs, 0.05, self.coldest, generator)
        else:
            inside = Fixed(network.supernet, 1.0, network.inputs, 0.0, alphas)
        return self.stage.run(inside, weights, images, seed, report) | alphas
