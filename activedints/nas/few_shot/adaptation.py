"""What happens inside one episode: a head from the support examples, then a few gradient steps on the support loss.

Every function works on a batch of episodes and returns one value per episode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot.functional import SGD, Adam, Network, Params, spread

Head = Literal["linear", "prototype", "cosine"]

COSINE_SCALE = 10.0
"""Logits of the cosine head are this times the cosine, so that softmax can become sure."""


@dataclass(frozen=True)
class Adaptation:
    """How one episode is learned: ``steps`` of ``optimiser`` at ``rate`` from a ``head``.

    linear: meta-learned (zeros at first); prototype: ``2 c / sqrt(D), -|c|^2 / sqrt(D)`` of the class means c
    (Triantafillou et al. 2020, Proto-MAML); cosine: nearest class mean by cosine. No steps with the last two: nothing
    but nearest support.
    """

    steps: int = 5
    rate: float = 0.1
    optimiser: Literal["sgd", "adam"] = "sgd"
    head: Head = "prototype"

    def __post_init__(self) -> None:
        if self.steps < 0 or self.rate <= 0:
            raise InvalidSettings(f"An adaptation needs 0 steps or more at a positive rate; got {self}.")

    def start_optimiser(self) -> SGD | Adam:
        return SGD(self.rate) if self.optimiser == "sgd" else Adam(self.rate)


def linear_head(features: int, way: int) -> Params:
    """The zero head that a meta-learner may start from: ``head.weight`` (way, feature), ``head.bias`` (way,)."""
    return {"head.weight": torch.zeros(way, features), "head.bias": torch.zeros(way)}


def prototypes(features: Tensor, way: int) -> Tensor:
    """Class means (episode, way, feature) of support features (episode, way * shot, feature), class by class."""
    return features.unflatten(1, (way, -1)).mean(2)


def fitted_head(features: Tensor, way: int, head: Head) -> Params:
    """The head that the support features themselves give (see ``Adaptation``)."""
    if head == "cosine":
        return {"head.weight": COSINE_SCALE * F.normalize(prototypes(F.normalize(features, dim=-1), way), dim=-1)}
    means, scale = prototypes(features, way), features.shape[-1] ** -0.5
    return {"head.weight": 2 * scale * means, "head.bias": -scale * means.square().sum(-1)}


def logits(features: Tensor, params: Params) -> Tensor:
    """(episode, image, way). A head without a bias compares directions only."""
    bias = params.get("head.bias")
    if bias is None:
        return torch.bmm(F.normalize(features, dim=-1), params["head.weight"].transpose(1, 2))
    return torch.baddbmm(bias[:, None], features, params["head.weight"].transpose(1, 2))


def loss_per_episode(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each episode, (episode,); ``labels`` (image,) are the same for all."""
    episodes, number, _ = scores.shape
    return (
        F.cross_entropy(scores.flatten(0, 1), labels.repeat(episodes), reduction="none").view(episodes, number).mean(1)
    )


def adapt(
    network: Network,
    params: Params,
    support: Tensor,
    way: int,
    adaptation: Adaptation,
    second_order: bool = False,
    on_step: Callable[[int, Params, Tensor], None] | None = None,
) -> Params:
    """Stacked ``params`` (episode axis in front), adapted to ``support`` (episode, way * shot, channel, y, x).

    The optimiser starts afresh for every episode. ``second_order`` keeps the graph through all steps, for MAML.
    ``on_step(step, params, loss of each episode)`` sees the weights before the first step (0) and after each.
    """
    labels = torch.arange(way).repeat_interleave(support.shape[1] // way)
    params = dict(params)
    if adaptation.head != "linear":
        head = fitted_head(network.features(params, support), way, adaptation.head)
        params |= head if second_order else {k: v.detach().requires_grad_() for k, v in head.items()}
    optimiser = adaptation.start_optimiser()
    for step in range(adaptation.steps):
        loss = loss_per_episode(logits(network.features(params, support), params), labels)
        if on_step:
            on_step(step, params, loss.detach())
        gradients = torch.autograd.grad(loss.sum(), list(params.values()), create_graph=second_order, allow_unused=True)
        params = optimiser.step(params, {k: g for k, g in zip(params, gradients) if g is not None})
        if not second_order:
            params = {k: v.detach().requires_grad_() for k, v in params.items()}
    if on_step:
        with torch.no_grad():
            loss = loss_per_episode(logits(network.features(params, support), params), labels)
        on_step(adaptation.steps, params, loss)
    return params


def first_order(network: Network, meta: Params, adapted: Params, support: Tensor, way: int, head: Head) -> Params:
    """The adapted weights, with the gradient with respect to them handed straight to the meta-weights (FOMAML).

    A fitted head stays a function of the meta-weights: only the steps taken from it count as constants.
    """
    start = spread(meta, support.shape[0])
    if head != "linear":
        start = start | fitted_head(network.features(start, support), way, head)
    return {k: start[k] + (adapted[k] - start[k]).detach() for k in start}
