"""The supernet for one episode, one operation at a time, with torch's own layers: slow, obvious, to compare with."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.cell import EDGES, NODES
from activedints.nas.few_shot.functional import Params


def bn(x: Tensor) -> Tensor:
    mean, spread = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    return (x - mean) / torch.sqrt(spread + 1e-5)


def separable(x: Tensor, depth: Tensor, point: Tensor, stride: int, dilation: int) -> Tensor:
    x = F.conv2d(F.relu(x), depth, stride=stride, padding=dilation, dilation=dilation, groups=len(depth))
    return bn(F.conv2d(x, point[:, :, None, None]))


def halved(x: Tensor, weight: Tensor) -> Tensor:
    half, weight = len(weight) // 2, weight[:, :, None, None]
    odd = F.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
    return torch.cat([F.conv2d(x, weight[:half], stride=2), F.conv2d(odd, weight[half:], stride=2)], 1)


def operations(own: Params, edge: int, stride: int) -> list[Callable[[Tensor], Tensor]]:
    """The seven operations of one edge, in their published order."""

    def conv15(x: Tensor) -> Tensor:
        x = F.conv2d(F.relu(x), own["across"][edge], stride=(1, stride), padding=(0, 2))
        return bn(F.conv2d(x, own["down"][edge], stride=(stride, 1), padding=(2, 0)))

    def layer(name: str, x: Tensor, stride: int, dilation: int = 1) -> Tensor:
        return separable(x, own[name + ".depth"][edge], own[name + ".point"][edge], stride, dilation)

    return [
        lambda x: bn(F.max_pool2d(x, 3, stride, 1)),
        lambda x: bn(F.avg_pool2d(x, 3, stride, 1, count_include_pad=False)),
        lambda x: x if stride == 1 else bn(halved(F.relu(x), own["skip"][edge])),
        conv15,
        lambda x: layer("conv", x, stride),
        lambda x: layer("sep2", layer("sep1", x, stride), 1),
        lambda x: layer("dil", x, stride, 2),
    ]


def cell(own: Params, before: Tensor, x: Tensor, mix: Tensor, stride: int) -> Tensor:
    states = []
    for number, h in enumerate((before, x)):
        weight = own[f"input{number}"]
        larger = h.shape[-1] > x.shape[-1]
        reduced = halved(F.relu(h), weight) if larger else F.conv2d(F.relu(h), weight[:, :, None, None])
        states.append(bn(reduced))
    for node in range(NODES):
        total = torch.zeros(())
        for edge, (state, into) in enumerate(EDGES):
            if into == node:
                for number, operation in enumerate(operations(own, edge, stride if state < 2 else 1)):
                    total = total + mix[edge, number] * operation(states[state])
        states.append(total)
    return torch.cat(states[2:], 1)


def features(params: Params, images: Tensor, mixes: list[Tensor], reduces: tuple[bool, ...], pooled: int) -> Tensor:
    """Features (image, feature) of one episode's images; weights without an episode axis, mixes (edge, operation)."""
    x = F.relu(bn(F.conv2d(images, params["stem.0"], stride=2, padding=1)))
    before = x = bn(F.conv2d(x, params["stem.1"], stride=2, padding=1))
    for number, (mix, halves) in enumerate(zip(mixes, reduces)):
        start = f"cell{number}."
        own = {k.removeprefix(start): v for k, v in params.items() if k.startswith(start)}
        before, x = x, cell(own, before, x, mix, 2 if halves else 1)
    return F.adaptive_avg_pool2d(x, pooled).flatten(1)
