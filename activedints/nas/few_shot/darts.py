"""DARTS (Liu, Simonyan & Yang, ICLR 2019): architecture weights by gradient, weights one step ahead.

    min_a L_valid(w*(a), a)   with   w*(a) = argmin_w L_train(w, a)

First order: ``grad_a L_valid(w, a)``. Second order looks through one step ``w' = w - xi grad_w L_train(w, a)``:

    grad_a L_valid(w', a) - xi * H v,   v = grad_w' L_valid(w', a),   H = d^2 L_train / (da dw),
    H v ~ [grad_a L_train(w + eps v, a) - grad_a L_train(w - eps v, a)] / (2 eps),   eps = 0.01 / |v|.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.few_shot.episodes import ImageClasses
from activedints.nas.few_shot.functional import Params, spread
from activedints.nas.few_shot.mixtures import ALPHA, Mixed

REACH = 0.01
"""Length of the finite-difference step in weight space, as published. Where the loss has kinks (ReLU, max pooling) so
long a step averages over many of them and is no derivative; a shorter one in double precision is."""

Loss = Callable[[Params, Params], Tensor]
"""``loss(weights, architecture weights)`` -> a scalar."""


def gradient(loss: Tensor, by: Params) -> Params:
    """Gradients by name; a weight that the loss does not see has gradient zero."""
    found = torch.autograd.grad(loss, list(by.values()), allow_unused=True)
    return {k: torch.zeros_like(v) if g is None else g for (k, v), g in zip(by.items(), found)}


def leaves(params: Params) -> Params:
    return {k: v.detach().requires_grad_() for k, v in params.items()}


def moved(params: Params, along: Params, by: float) -> Params:
    return leaves({k: v + by * along[k] for k, v in params.items()})


def first_order(valid: Loss, weights: Params, alphas: Params) -> Params:
    """``grad_a L_valid(w, a)``."""
    a = leaves(alphas)
    return gradient(valid(leaves(weights), a), a)


def second_order(train: Loss, valid: Loss, weights: Params, alphas: Params, xi: float, reach: float = REACH) -> Params:
    """The published approximation: two more gradients, by finite differences, instead of a second derivative."""
    w = leaves(weights)
    ahead = moved(weights, gradient(train(w, alphas), w), -xi)
    a = leaves(alphas)
    loss = valid(ahead, a)
    both = gradient(loss, ahead | a)
    v, direct = {k: both[k] for k in ahead}, {k: both[k] for k in a}
    eps = reach / torch.sqrt(sum(((g * g).sum() for g in v.values()), torch.zeros(()))).clamp_min(1e-12).item()
    up, down = (first_order(train, moved(weights, v, sign * eps), alphas) for sign in (1.0, -1.0))
    return {k: direct[k] - xi * (up[k] - down[k]) / (2 * eps) for k in direct}


def exact_second_order(train: Loss, valid: Loss, weights: Params, alphas: Params, xi: float) -> Params:
    """The same gradient through autograd's double backward: slower and exact, to check the approximation against."""
    w, a = leaves(weights), leaves(alphas)
    steps = torch.autograd.grad(train(w, a), list(w.values()), create_graph=True)
    ahead = {k: v - xi * g for (k, v), g in zip(w.items(), steps)}
    return gradient(valid(ahead, a), a)


@dataclass(frozen=True)
class Darts:
    """A DARTS search on one set of classes: half of each class's examples train the weights, half the architecture.

    SGD with momentum .9 and a cosine for weights, Adam with betas (.5, .999) for the architecture, as published.
    """

    steps: int
    order: int = 1
    batch: int = 32
    rate: float = 0.05
    alpha_rate: float = 3e-3
    weight_decay: float = 3e-4
    alpha_decay: float = 1e-3
    clip: float = 5.0

    def __post_init__(self) -> None:
        if self.order not in (1, 2) or self.steps < 1:
            raise InvalidSettings(f"DARTS is of order 1 or 2 and takes a step or more; got {self}.")

    def run(
        self, network: Mixed, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        """As a stage of a recipe (``learners.Stage``): the classifier is thrown away."""
        found = self.search(network, images, seed, report, params)
        del found["classifier"]
        return found

    def search(
        self,
        network: Mixed,
        images: ImageClasses,
        seed: int | tuple[int, ...] = 0,
        report: Report = silent,
        start: Params | None = None,
    ) -> Params:
        """Weights, architecture weights and the classifier (``classifier``, (class, feature)) after ``steps``.

        From ``start``, else from the network's first weights for an integer seed.
        """
        generator = np.random.default_rng(seed)
        first = network.start(seed if isinstance(seed, int) else seed[0]) if start is None else start
        params = with_classifier(network, {k: v.detach().clone() for k, v in first.items()}, images)
        weights = [p.requires_grad_() for k, p in params.items() if not k.startswith(ALPHA)]
        descent = torch.optim.SGD(weights, self.rate, momentum=0.9, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(descent, self.steps, self.rate / 25)
        alphas = {k: p for k, p in params.items() if k.startswith(ALPHA)}
        ascent = torch.optim.Adam(alphas.values(), self.alpha_rate, betas=(0.5, 0.999), weight_decay=self.alpha_decay)
        half = images.images.shape[1] // 2
        for step in range(1, self.steps + 1):
            train = self.loss_on(network, images, generator, slice(None, half))
            valid = self.loss_on(network, images, generator, slice(half, None))
            fixed = {k: p for k, p in params.items() if not k.startswith(ALPHA)}
            xi = descent.param_groups[0]["lr"]
            found = (
                first_order(valid, fixed, alphas) if self.order == 1 else second_order(train, valid, fixed, alphas, xi)
            )
            for name, alpha in alphas.items():
                alpha.grad = found[name]
            ascent.step()
            descent.zero_grad()
            loss = train(fixed, alphas)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, self.clip)
            descent.step()
            schedule.step()
            report(step, self.steps, "DARTS", {"loss": loss.item(), "entropy": entropy(alphas["alpha.operations"])})
        return {k: v.detach() for k, v in params.items()}

    def loss_on(self, network: Mixed, images: ImageClasses, generator: np.random.Generator, part: slice) -> Loss:
        """The loss on one batch drawn from the ``part`` of every class's examples."""
        pool = images.images[:, part]
        of = generator.integers(len(pool), size=self.batch)
        pixels = torch.from_numpy(pool[of, generator.integers(pool.shape[1], size=self.batch)]).float().div_(255)
        labels = torch.from_numpy(of)

        def loss(weights: Params, alphas: Params) -> Tensor:
            return F.cross_entropy(scores(network, weights | alphas, pixels), labels)

        return loss


def with_classifier(network: Mixed, params: Params, images: ImageClasses) -> Params:
    """The weights and a zero ``classifier`` (class, feature)."""
    with torch.no_grad():
        width = network.features(spread(params, 1), torch.zeros(1, 2, *images.images.shape[2:])).shape[-1]
    return params | {"classifier": torch.zeros(len(images), width)}


def scores(network: Mixed, params: Params, pixels: Tensor) -> Tensor:
    """Class scores (image, class) of pixels (image, channel, y, x)."""
    inside = {k: v for k, v in params.items() if k != "classifier"}
    return network.features(spread(inside, 1), pixels[None])[0] @ params["classifier"].T


def entropy(alphas: Tensor) -> float:
    """Mean entropy in nats of the operation shares of all edges; log 7 = 1.946 where all are equal."""
    shares = torch.softmax(alphas.detach(), -1)
    return float(-(shares * shares.clamp_min(1e-12).log()).sum(-1).mean())
