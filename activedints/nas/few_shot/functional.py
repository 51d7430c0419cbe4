"""Many episodes at once: weights with a leading episode axis, episodes side by side as channel groups.

A batch of ``T`` episodes with ``N`` images each is one tensor ``(N, T * channel, y, x)``. A convolution with ``T``
groups then applies each episode's own weights, batch normalisation over ``T * channel`` channels uses each episode's
own statistics, and an element-wise optimiser is an optimiser per episode. The result equals training the episodes one
after the other (to rounding) in fewer, wider calls.
"""

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

Params = dict[str, Tensor]
"""Weights by name. Meta-weights have no episode axis; ``stack`` gives them one in front."""

Features = Callable[[Params, Tensor], Tensor]
"""``features(stacked params, images (episode, image, channel, y, x)) -> (episode, image, feature)``."""


class Network(Protocol):
    """What a learner needs of a network: first weights for a seed, and features for a batch of episodes."""

    def start(self, seed: int) -> Params: ...

    def features(self, params: Params, images: Tensor) -> Tensor: ...


def keep_heap() -> None:
    """Ask glibc to keep freed memory instead of returning it after every layer (about 1.4x fewer CPU seconds here).

    Convolution buffers of a few MB are otherwise mapped, zeroed by the kernel and unmapped at every call. Other C
    libraries are left as they are: this changes seconds only, never a result.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD, bytes
            mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD, bytes


def stack(params: Params, episodes: int) -> Params:
    """One copy of every weight per episode, as fresh leaves of the autograd graph.

    >>> stack({"w": torch.zeros(3, 2)}, 5)["w"].shape
    torch.Size([5, 3, 2])
    """
    return {k: v.detach().expand(episodes, *v.shape).clone().requires_grad_() for k, v in params.items()}


def spread(params: Params, episodes: int) -> Params:
    """As ``stack``, but still connected: gradients of all episodes sum into the meta-weights."""
    return {k: v.expand(episodes, *v.shape) for k, v in params.items()}


def side_by_side(images: Tensor) -> Tensor:
    """(episode, image, channel, y, x) -> (image, episode * channel, y, x)."""
    episodes, number, channels, height, width = images.shape
    return images.transpose(0, 1).reshape(number, episodes * channels, height, width)


def conv(
    x: Tensor,
    weight: Tensor,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int = 1,
) -> Tensor:
    """Side by side: x (image, group * in, y, x), weight (..., out, in, ky, kx) -> (image, ... * out, y, x).

    The leading axes of ``weight`` (episode first) run slowest in the channels of both; where x has fewer groups than
    weight has blocks, neighbouring blocks share a group: several edges that read one state.
    """
    groups = x.shape[1] // weight.shape[-3]
    return F.conv2d(x, weight.flatten(0, -4), stride=stride, padding=padding, dilation=dilation, groups=groups)


def pointwise(x: Tensor, weight: Tensor) -> Tensor:
    """1 x 1 convolutions: x (image, episode * block * in, y, x), weight (episode, block, out, in).

    All blocks of an episode read the same channels where x has one block an episode. A product of small matrices: torch
    falls back to a loop over groups for 1 x 1 convolutions of small batches.
    """
    episodes, blocks, out, into = weight.shape
    number, channels, height, width = x.shape
    y = weight @ x.reshape(number, episodes, channels // (episodes * into), into, height * width)
    return y.view(number, episodes * blocks * out, height, width)


def norm(x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
    """Batch normalisation by the given images' own statistics; scale and shift (episode, channel)."""
    flat = (None if v is None else v.flatten() for v in (scale, shift))
    return F.batch_norm(x, None, None, *flat, training=True)


def per_episode(x: Tensor, episodes: int) -> Tensor:
    """(image, episode * channel, y, x) -> (episode, image, channel * y * x)."""
    number, _, height, width = x.shape
    return x.view(number, episodes, -1, height, width).transpose(0, 1).reshape(episodes, number, -1)


def channel_by_channel(features: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Features of a one-channel network for images of several channels: each channel's own, one after the other."""
    number = images.shape[1]
    return features(images.flatten(1, 2)[:, :, None]).unflatten(1, (number, -1)).flatten(2)


@dataclass(frozen=True)
class Conv4:
    """Four 3 x 3 convolutions of stride 2, batch normalisation, ReLU (Vinyals et al. 2016; Finn et al. 2017).

    28 x 28 images give ``filters * 2 * 2`` features; 28,320 weights for 32 filters and one channel.
    """

    filters: int = 32
    channels: int = 1

    def start(self, seed: int) -> Params:
        """He-normal weights for ReLU, scale 1, shift 0."""
        generator = torch.Generator().manual_seed(seed)
        params: Params = {}
        for layer in range(4):
            width = self.channels if layer == 0 else self.filters
            weight = torch.randn(self.filters, width, 3, 3, generator=generator) * (2.0 / (9 * width)) ** 0.5
            params |= {f"{layer}.weight": weight, f"{layer}.scale": torch.ones(self.filters)}
            params[f"{layer}.shift"] = torch.zeros(self.filters)
        return params

    def features(self, params: Params, images: Tensor) -> Tensor:
        if images.shape[2] > self.channels == 1:
            return channel_by_channel(lambda one: self.features(params, one), images)
        x = side_by_side(images)
        for layer in range(4):
            x = conv(x, params[f"{layer}.weight"], stride=2, padding=1)
            x = F.relu(norm(x, params[f"{layer}.scale"], params[f"{layer}.shift"]))
        return per_episode(x, images.shape[0])


@dataclass
class SGD:
    """Plain gradient descent; differentiable, so that second-order MAML can look through it."""

    rate: float

    def step(self, params: Params, gradients: Params) -> Params:
        return {k: params[k] - self.rate * g if (g := gradients.get(k)) is not None else params[k] for k in params}


class Adam:
    """Adam without weight decay, element by element and therefore one optimiser per episode (Kingma & Ba 2015).

    ``rates`` may name another rate for weights whose name starts so: ``Adam(1e-3, rates={"alpha": 5e-3})``.
    """

    def __init__(self, rate: float, betas: tuple[float, float] = (0.0, 0.999), rates: dict[str, float] | None = None):
        self.rate, self.betas, self.rates = rate, betas, rates or {}
        self.moments: dict[str, tuple[Tensor, Tensor, int]] = {}

    def rate_of(self, name: str) -> float:
        return next((rate for prefix, rate in self.rates.items() if name.startswith(prefix)), self.rate)

    @torch.no_grad()
    def step(self, params: Params, gradients: Params) -> Params:
        """New leaves after one step; a weight without a gradient stays as it is."""
        new = dict(params)
        for name, gradient in gradients.items():
            zero = torch.zeros_like(gradient)
            first, second, steps = self.moments.get(name, (zero, zero, 0))
            first = first.lerp(gradient, 1 - self.betas[0])
            second = second.lerp(gradient * gradient, 1 - self.betas[1])
            self.moments[name] = first, second, steps + 1
            size = self.rate_of(name) / (1 - self.betas[0] ** (steps + 1))
            spread = (second / (1 - self.betas[1] ** (steps + 1))).sqrt_().add_(1e-8)
            new[name] = (params[name] - size * first / spread).requires_grad_()
        return new
