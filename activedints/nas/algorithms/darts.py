"""DARTS (Liu et al., ICLR 2019) on the measured space and one of its data sets: weights and architecture
by gradient."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.job import Report, silent
from activedints.nas.algorithms import supernet
from activedints.nas.algorithms.supernet import ALPHA
from activedints.nas.few_shot.darts import Loss, entropy, first_order, leaves, second_order
from activedints.nas.few_shot.functional import Params
from activedints.nas.measured.image_sets import ImageSet, Part

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Darts:
    """Half of the training images learn weights, the other half the architecture. Rates as published, but for a larger
    one of alpha, because a search here takes a hundred steps and not tens of thousands."""

    steps: int = 100
    order: int = 1
    batch: int = 32
    rate: float = 0.05
    alpha_rate: float = 0.03
    decay: float = 3e-4
    alpha_decay: float = 1e-3
    clip: float = 5.0


@dataclass
class Found:
    """``shares`` (step, edge, operation) of the kept steps, ``entropy`` in nats of each, ``tokens`` of the found cell,
    and the supernet's last weights."""

    steps: list[int] = field(default_factory=list)
    shares: list[npt.NDArray[np.float64]] = field(default_factory=list)
    entropies: list[float] = field(default_factory=list)
    tokens: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros(6, np.int8))
    weights: Params = field(default_factory=dict)
    alphas: Params = field(default_factory=dict)

    def keep(self, step: int, alpha: Tensor) -> None:
        self.steps.append(step)
        self.shares.append(alpha.detach().softmax(1).double().numpy())
        self.entropies.append(entropy(alpha))
        self.tokens = supernet.decoded(alpha.detach())


def halves(part: Part) -> tuple[Part, Part]:
    """The images of even and of odd place."""
    return Part(part.images[::2], part.labels[::2]), Part(part.images[1::2], part.labels[1::2])


def drawn(part: Part, number: int, rng: np.random.Generator) -> Batch:
    rows = rng.choice(len(part), min(number, len(part)), replace=False)
    return torch.from_numpy(part.images[rows])[:, None], torch.from_numpy(part.labels[rows])


def loss_on(batch: Batch) -> Loss:
    images, labels = batch

    def loss(weights: Params, alphas: Params) -> Tensor:
        return F.cross_entropy(supernet.scores(weights, alphas, images), labels)

    return loss


Architect = Callable[[Params, Params, Loss, float], Params]
"""The gradient of the architecture weights from (weights, alphas, loss on a fresh training batch, learning rate)."""


def search(
    images: ImageSet, plan: Darts | None = None, seed: int = 0, report: Report = silent, keep_every: int = 10
) -> Found:
    """Search on a data set's training part."""
    plan, rng = plan or Darts(), np.random.default_rng(seed)
    learn, judge = halves(images.train)

    def architect(weights: Params, alphas: Params, train: Loss, rate: float) -> Params:
        valid = loss_on(drawn(judge, plan.batch, rng))
        if plan.order == 1:
            return first_order(valid, weights, alphas)
        return second_order(train, valid, weights, alphas, rate)

    return alternate(supernet.start(images.classes, seed), learn, plan, architect, rng, report, keep_every)


def alternate(
    start: tuple[Params, Params],
    learn: Part,
    plan: Darts,
    architect: Architect,
    rng: np.random.Generator,
    report: Report = silent,
    keep_every: int = 10,
) -> Found:
    """Alternate a step of the architecture, by ``architect``, and one of the weights."""
    weights, alphas = (leaves(part) for part in start)
    descent = torch.optim.SGD(weights.values(), plan.rate, momentum=0.9, weight_decay=plan.decay)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(descent, plan.steps, plan.rate / 25)
    ascent = torch.optim.Adam(alphas.values(), plan.alpha_rate, betas=(0.5, 0.999), weight_decay=plan.alpha_decay)
    found = Found()
    found.keep(0, alphas[ALPHA])
    for step in range(1, plan.steps + 1):
        train = loss_on(drawn(learn, plan.batch, rng))
        for name, gradient in architect(weights, alphas, train, descent.param_groups[0]["lr"]).items():
            alphas[name].grad = gradient
        ascent.step()
        loss = train(weights, {name: alpha.detach() for name, alpha in alphas.items()})
        descent.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(weights.values()), plan.clip)
        descent.step()
        cosine.step()
        if step % keep_every == 0 or step == plan.steps:
            found.keep(step, alphas[ALPHA])
        report(step, plan.steps, "DARTS", {"loss": loss.item(), "entropy": found.entropies[-1]})
    found.weights = {name: value.detach() for name, value in weights.items()}
    found.alphas = {name: value.detach() for name, value in alphas.items()}
    return found
