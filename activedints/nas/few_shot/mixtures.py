"""The supernet as a Network: mixed at a temperature, pruned, or at temperatures drawn anew at every call."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.few_shot import pruning
from activedints.nas.few_shot.episodes import ImageClasses
from activedints.nas.few_shot.functional import Params
from activedints.nas.few_shot.learners import WarmUp
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
class Cooling:
    """How a warm-up prepares a supernet for every temperature between 1 and ``coldest``.

    Every step has a temperature of its own, drawn log-uniformly, so that the same weights serve the mixture and what is
    left after pruning; Gumbel noise on the architecture weights falls from ``noise[0]`` to ``noise[1]`` over the share
    ``explored`` of the steps, from any architecture to the learned ones. What is mixed with less than ``drop`` is not
    executed.
    """

    coldest: float = 0.01
    noise: tuple[float, float] = (1.0, 0.05)
    explored: float = 0.7
    drop: float = 0.05

    def __post_init__(self) -> None:
        if not (0 < self.coldest <= 1 and 0 <= self.noise[1] <= self.noise[0] and 0 < self.explored <= 1):
            raise InvalidSettings(f"Temperatures lie between 0 and 1 and noise falls to 0 or more; got {self}.")

    def noise_at(self, share: float) -> float:
        """Noise after a share of the steps: geometric, then constant.

        >>> [round(Cooling(noise=(1.0, 0.01), explored=0.5).noise_at(s), 3) for s in (0.0, 0.25, 0.5, 1.0)]
        [1.0, 0.1, 0.01, 0.01]
        """
        first, last = self.noise
        return first * (last / first) ** min(1.0, share / self.explored) if first else 0.0


NO_COOLING = Cooling(coldest=1.0, noise=(0.0, 0.0), drop=0.0)
"""The control: temperature 1 and no noise throughout."""


class Cooled:
    """The supernet during such a warm-up, as a Network: noise and temperature are drawn anew at every call."""

    def __init__(self, network: Mixed, cooling: Cooling, steps: int, generator: torch.Generator):
        self.network, self.cooling, self.steps, self.generator = network, cooling, steps, generator
        self.calls = 0

    def start(self, seed: int) -> Params:
        return self.network.start(seed)

    def features(self, params: Params, images: Tensor) -> Tensor:
        noise = self.cooling.noise_at(self.calls / self.steps)
        self.calls += 1
        weights, alphas = split(params)
        for name, alpha in alphas.items():
            uniform = torch.rand(alpha.shape, generator=self.generator).clamp(1e-6, 1 - 1e-6)
            alphas[name] = alpha - noise * torch.log(-torch.log(uniform))
        tau = self.cooling.coldest ** torch.rand((), generator=self.generator).item()
        mixed = pruning.mixes(alphas, tau, self.network.inputs, self.cooling.drop)
        return self.network.supernet.features(weights, images, mixed)


@dataclass(frozen=True)
class Fixed(Mixed):
    """The mixture that ``alphas`` (without an episode axis) say; only weights are trained."""

    alphas: Params = field(default_factory=dict)

    def features(self, params: Params, images: Tensor) -> Tensor:
        alphas = {k: v.expand(images.shape[0], *v.shape) for k, v in self.alphas.items()}
        return self.supernet.features(params, images, pruning.mixes(alphas, self.tau, self.inputs, self.drop))


@dataclass(frozen=True)
class WeightsOnly:
    """A warm-up of a supernet's weights alone, on the mixture that alpha says."""

    stage: WarmUp

    def run(
        self, network: Mixed, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        weights, alphas = split(params)
        inside = Fixed(network.supernet, 1.0, network.inputs, 0.0, alphas)
        return self.stage.run(inside, weights, images, seed, report) | alphas


@dataclass(frozen=True)
class WeightsAndArchitecture:
    """A warm-up of weights and architecture weights in one pass (one Adam for both), at all temperatures."""

    stage: WarmUp
    cooling: Cooling = Cooling()

    def run(
        self, network: Mixed, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        generator = torch.Generator().manual_seed(int(np.random.default_rng((*seed, 1)).integers(1 << 31)))
        inside = Cooled(network, self.cooling, self.stage.steps, generator)
        return self.stage.run(inside, params, images, seed, report)
