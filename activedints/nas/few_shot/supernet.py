"""MetaNAS's supernet (Elsken et al., CVPR 2020) for many episodes at once, the edges that leave a state merged.

The cell and the numbers of its edges: ``core.cell``. All convolutions of one kind from one state are one grouped call,
pooling and ReLU happen once a state, and one matrix product with the mixing coefficients adds everything up. An
operation whose coefficient is zero in every episode is not executed, so a pruned network costs what it should.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.cell import EDGES, NODES, OPERATIONS
from activedints.nas.few_shot.functional import (
    Params,
    channel_by_channel,
    conv,
    norm,
    per_episode,
    pointwise,
    side_by_side,
)

MAX, AVG, SKIP, CONV15, CONV33, SEP, DIL = range(len(OPERATIONS))


@dataclass(frozen=True)
class Supernet:
    """A stem of two stride-2 convolutions (28 -> 7 pixels), then cells; cell ``c`` halves the size if ``reduces[c]``.

    Features are the last cell's nodes averaged on a ``pooled`` x ``pooled`` grid: ``3 * filters * pooled^2`` of them.
    """

    filters: int = 16
    channels: int = 1
    reduces: tuple[bool, ...] = (False, True)
    pooled: int = 2

    def start(self, seed: int) -> Params:
        """He-normal weights of all operations of all edges; architecture weights are ``pruning.start``'s."""
        generator = torch.Generator().manual_seed(seed)
        f, edges = self.filters, len(EDGES)

        def normal(*shape: int, fan: int) -> Tensor:
            return torch.randn(*shape, generator=generator) * (2.0 / fan) ** 0.5

        params = {"stem.0": normal(f, self.channels, 3, 3, fan=9 * self.channels)}
        params["stem.1"] = normal(3 * f, f, 3, 3, fan=9 * f)
        for number, reduces in enumerate(self.reduces):
            cell = f"cell{number}."
            params |= {cell + f"input{i}": normal(f, 3 * f, fan=3 * f) for i in (0, 1)}
            params[cell + "across"] = normal(edges, f, f, 1, 5, fan=5 * f)
            params[cell + "down"] = normal(edges, f, f, 5, 1, fan=5 * f)
            for name in ("conv", "sep1", "sep2", "dil"):
                params[cell + name + ".depth"] = normal(edges, f, 1, 3, 3, fan=9)
                params[cell + name + ".point"] = normal(edges, f, f, fan=f)
            if reduces:
                params[cell + "skip"] = normal(2 * NODES, f, f, fan=f)
        return params

    def weights_left(self, edges: list[list[tuple[int, str]]]) -> int:
        """Weights of a pruned network: for each cell its edges as (state, operation); the head is not counted."""
        f = self.filters
        one = 9 * f + f * f
        sizes = dict(zip(OPERATIONS, (0, 0, 0, 10 * f * f, one, 2 * one, one)))
        total = 9 * self.channels * f + 27 * f * f + len(self.reduces) * 6 * f * f
        for cell, reduces in zip(edges, self.reduces):
            halving = sum(f * f for state, operation in cell if reduces and state < 2 and operation == OPERATIONS[SKIP])
            total += halving + sum(sizes[operation] for _, operation in cell)
        return total

    def features(self, params: Params, images: Tensor, mixes: list[Tensor]) -> Tensor:
        """(episode, image, feature) of images (episode, image, channel, y, x).

        ``mixes``: one tensor of coefficients (episode, edge, operation) per cell (``pruning.mixes`` makes them).
        """
        if images.shape[2] > self.channels == 1:
            return channel_by_channel(lambda one: self.features(params, one, mixes), images)
        episodes = images.shape[0]
        x = F.relu(norm(conv(side_by_side(images), params["stem.0"], stride=2, padding=1)))
        before = x = norm(conv(x, params["stem.1"], stride=2, padding=1))
        for number, reduces in enumerate(self.reduces):
            start = f"cell{number}."
            own = {k.removeprefix(start): v for k, v in params.items() if k.startswith(start)}
            before, x = x, cell(own, before, x, mixes[number], 2 if reduces else 1)
        return per_episode(F.adaptive_avg_pool2d(x, self.pooled), episodes)


def cell(own: Params, before: Tensor, x: Tensor, mix: Tensor, stride: int) -> Tensor:
    """One cell: ``before`` and ``x`` (image, episode * 3 filters, y, x) -> its nodes side by side, likewise.

    A node that no edge reaches is zero. Nodes are built in order: nothing may be read from a node that is not there.
    """
    used = (mix.detach() != 0).any(0)
    side = x.shape[-1]
    states = [norm(one_by_one(F.relu(h), own[f"input{i}"][:, None], side)) for i, h in enumerate((before, x))]
    nodes: list[list[Tensor]] = [[] for _ in range(NODES)]
    for state in range(NODES + 1):
        if state >= 2 and nodes[state - 2]:
            states.append(torch.stack(nodes[state - 2]).sum(0).flatten(1, 2))
        edges = [e for e, (start, _) in enumerate(EDGES) if start == state and used[e].any()]
        if edges and state < len(states):
            sums = leaving(own, states[state], mix, used, edges, stride if state < 2 else 1)
            for place, edge in enumerate(edges):
                nodes[EDGES[edge][1]].append(sums[:, :, place])
    sums = {node: torch.stack(parts).sum(0) for node, parts in enumerate(nodes) if parts}
    absent = torch.zeros_like(next(iter(sums.values())))
    return torch.stack([sums.get(node, absent) for node in range(NODES)], 2).flatten(1, 3)


def leaving(own: Params, x: Tensor, mix: Tensor, used: Tensor, edges: list[int], stride: int) -> Tensor:
    """What the edges of one state carry: x (image, episode * filter, y, x) -> (image, episode, edge, filter, y, x).

    ``mix`` (episode, edge, operation); the product is one matrix (episode, edge, block) times the operations' output
    blocks.
    """
    blocks, columns = [], []
    for operation, owners, output in operations(own, x, used, edges, stride):
        if owners:
            place = torch.zeros(len(edges), len(owners), dtype=x.dtype, device=x.device)
            place[[edges.index(owner) for owner in owners], range(len(owners))] = 1
            columns.append(mix[:, None, owners, operation] * place)
        else:
            columns.append(mix[:, edges, operation, None])
        blocks.append(output.unflatten(1, (mix.shape[0], max(1, len(owners)), -1)))
    joined = torch.cat(blocks, 2)
    return (torch.cat(columns, 2) @ joined.flatten(3)).unflatten(3, joined.shape[3:])


Output = tuple[int, list[int], Tensor]
"""An operation, the edges that own its blocks (none: all share one), (image, episode * block * filter, y, x)."""


def operations(own: Params, x: Tensor, used: Tensor, edges: list[int], stride: int) -> Iterator[Output]:
    """Execute what at least one edge in at least one episode uses."""
    users = [[edge for edge in edges if used[edge, operation]] for operation in range(len(OPERATIONS))]
    if users[MAX] or users[AVG]:
        last = x.contiguous(memory_format=torch.channels_last)  # pooling is some times faster so
        if users[MAX]:
            yield MAX, [], norm(F.max_pool2d(last, 3, stride, 1).contiguous())
        if users[AVG]:
            yield AVG, [], norm(F.avg_pool2d(last, 3, stride, 1, count_include_pad=False).contiguous())
    bent = F.relu(x)
    if some := users[SKIP]:
        yield (SKIP, [], x) if stride == 1 else (SKIP, some, norm(halved(bent, own["skip"][:, some])))
    if some := users[CONV15]:
        across = conv(bent, own["across"][:, some], stride=(1, stride), padding=(0, 2))
        yield CONV15, some, norm(conv(across, own["down"][:, some], stride=(stride, 1), padding=(2, 0)))
    yield from separable(own, bent, users, stride)


def separable(own: Params, bent: Tensor, users: list[list[int]], stride: int) -> Iterator[Output]:
    """The three depthwise-separable operations; the first layers of "conv 3x3" and "sep conv 3x3" are one call."""
    episodes, counts = own["conv.point"].shape[0], [len(users[kind]) for kind in (CONV33, SEP, DIL)]
    layers = [(name, users[kind]) for kind, name in ((CONV33, "conv"), (SEP, "sep1"), (DIL, "dil"))]
    deep = []
    if counts[0] or counts[1]:
        deep.append(depthwise(bent, torch.cat([own[name + ".depth"][:, some] for name, some in layers[:2]], 1), stride))
    if counts[2]:
        deep.append(depthwise(bent, own["dil.depth"][:, users[DIL]], stride, dilated=True))
    if not deep:
        return
    point = torch.cat([own[name + ".point"][:, some] for name, some in layers], 1)
    joined = torch.cat([part.unflatten(1, (episodes, -1)) for part in deep], 2).flatten(1, 2)
    out = norm(pointwise(joined, point)).unflatten(1, (episodes, sum(counts), -1))
    first, sep, dil = (part.flatten(1, 3) for part in out.split(counts, 2))
    if users[CONV33]:
        yield CONV33, users[CONV33], first
    if some := users[SEP]:
        again = conv(F.relu(sep), own["sep2.depth"][:, some], padding=1)
        yield SEP, some, norm(pointwise(again, own["sep2.point"][:, some]))
    if users[DIL]:
        yield DIL, users[DIL], dil


def depthwise(x: Tensor, weight: Tensor, stride: int, dilated: bool = False) -> Tensor:
    """Each block's 3 x 3 depthwise layer: x (image, episode * filter, y, x), weight (episode, block, filter, 1, 3, 3).

    With stride 2 and dilation 2 only even pixels are read: the same as a plain convolution of every other pixel.
    """
    if dilated and stride == 2:
        x, stride, dilated = x[:, :, ::2, ::2], 1, False
    blocks = x.unflatten(1, (weight.shape[0], 1, -1)).expand(-1, -1, weight.shape[1], -1, -1, -1).flatten(1, 3)
    reach = 2 if dilated else 1
    return conv(blocks, weight, stride=stride, padding=reach, dilation=reach)


def one_by_one(x: Tensor, weight: Tensor, side: int) -> Tensor:
    """A 1 x 1 convolution, which halves the size of an input that is larger than ``side``."""
    return pointwise(x, weight) if x.shape[-1] == side else halved(x, weight)


def halved(x: Tensor, weight: Tensor) -> Tensor:
    """The factorised reduction: half of the output channels from the even pixels, half from the odd ones.

    weight (episode, block, out, in), x (image, episode * in, y, x) -> (image, episode * block * out, y / 2, x / 2).
    """
    odd = F.pad(x[:, :, 1:, 1:], (0, 1, 0, 1))
    parts = [pointwise(h[:, :, ::2, ::2], half) for h, half in zip((x, odd), weight.chunk(2, 2))]
    return torch.cat([part.unflatten(1, (*weight.shape[:2], -1)) for part in parts], 3).flatten(1, 3)
