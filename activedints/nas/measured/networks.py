"""Networks of NAS-Bench-201's cells, many trained side by side: each its own cell, data set and seed.

Skeleton: 3 x 3 convolution of stride 2 to 8 channels, cell, strided convolution to 16, cell, normalise, rectify, mean
over pixels, linear: the cell at 8 x 8 and at 4 x 4. All networks of a batch are one program:
images are laid out (image, network, channel, y, x) and an operation of some networks on an edge is one grouped
convolution, which costs far less than the same networks one after the other. A network's start depends on its own seed
alone, not on its companions.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from activedints.nas.measured.image_sets import ImageSet, Part
from activedints.nas.measured.space import EDGES
from activedints.nas.rank.cells import Operation
from activedints.nas.rank.nasbench import OPERATIONS_201

STAGES = 2
FOREVER_LOW = -1e4
"""Logit of classes that a data set does not have."""


@dataclass(frozen=True)
class Schedule:
    """AdamW with one cycle of the learning rate. ``batch`` images a step, ``shift``: pixels that a batch is
    moved by."""

    epochs: int = 7
    batch: int = 32
    rate: float = 0.02
    decay: float = 2e-3
    shift: int = 1
    channels: int = 8


class Networks(torch.nn.Module):
    """One network per row of ``codes`` (network, 4, 4) with its own ``seeds`` (network,) and number of classes."""

    def __init__(self, codes: npt.NDArray[np.int8], seeds: Sequence[int], classes: Sequence[int], channels: int = 8):
        super().__init__()
        self.codes, self.count = codes, len(codes)
        self.draws = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        self.weights = torch.nn.ParameterDict()
        everyone = np.arange(self.count)
        self.convolution("stem", everyone, 1, channels, 3)
        for stage in range(STAGES):
            width = channels << stage
            if stage:
                self.convolution(f"down{stage}", everyone, width // 2, width, 3)
            for name, operation, _, _, rows in self.placed(stage):
                if operation.kind == "conv":
                    self.convolution(name, rows, width, width, operation.kernel)
        self.normaliser("last", self.count * width)
        most = max(classes)
        self.weights["linear"] = self.normal(everyone, (width, max(most, 10)), 1 / math.sqrt(width), most)
        self.weights["bias"] = torch.nn.Parameter(torch.zeros(self.count, 1, most))
        absent = torch.arange(most)[None] >= torch.tensor(list(classes))[:, None]
        self.register_buffer("absent", torch.where(absent, FOREVER_LOW, 0.0)[:, None])

    def placed(self, stage: int) -> Iterator[tuple[str, Operation, int, int, npt.NDArray[np.intp]]]:
        """Every operation that some network has on an edge: name, operation, edge, and the networks' rows."""
        for i, j in EDGES:
            for code, operation in enumerate(OPERATIONS_201, 1):
                rows = np.flatnonzero(self.codes[:, i, j] == code)
                if len(rows):
                    yield f"{stage}{i}{j}{code}", operation, i, j, rows

    def normal(
        self, rows: npt.NDArray[np.intp], shape: tuple[int, ...], deviation: float, kept: int | None = None
    ) -> torch.nn.Parameter:
        """One draw a network, of which the first ``kept`` along the last axis stay."""
        draws = [torch.randn(shape, generator=self.draws[row])[..., :kept] for row in rows]
        return torch.nn.Parameter(torch.stack(draws) * deviation)

    def convolution(self, name: str, rows: npt.NDArray[np.intp], source: int, target: int, kernel: int) -> None:
        start = self.normal(rows, (target, source, kernel, kernel), math.sqrt(2 / (source * kernel**2)))
        self.weights[name] = torch.nn.Parameter(start.detach().flatten(0, 1))
        self.normaliser(name, len(rows) * target)

    def normaliser(self, name: str, channels: int) -> None:
        self.weights[f"{name}scale"] = torch.nn.Parameter(torch.ones(channels))
        self.weights[f"{name}shift"] = torch.nn.Parameter(torch.zeros(channels))
        self.register_buffer(f"mean{name}", torch.zeros(channels))
        self.register_buffer(f"variance{name}", torch.ones(channels))

    def normalised(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Batch normalisation of (image, network * channel, y, x), each network for itself."""
        kept = getattr(self, f"mean{name}"), getattr(self, f"variance{name}")
        return F.batch_norm(x, *kept, self.weights[f"{name}scale"], self.weights[f"{name}shift"], self.training)

    def convolved(self, name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        """Convolution and batch normalisation; ``x`` (image, network, channel, y, x)."""
        weight, networks = self.weights[name], x.shape[1]
        if weight.shape[-1] == 1:
            y = (weight.view(networks, -1, x.shape[2]) @ x.flatten(3)).view(len(x), -1, *x.shape[3:])
        else:
            y = F.conv2d(x.flatten(1, 2), weight, padding=1, stride=stride, groups=networks)
        return self.normalised(name, y).unflatten(1, (networks, -1))

    def operated(self, name: str, operation: Operation, x: torch.Tensor) -> torch.Tensor:
        if operation.kind == "conv":
            return self.convolved(name, x.relu())
        if operation.kind == "pool":
            return F.avg_pool2d(x.flatten(1, 2), 3, 1, 1, count_include_pad=False).view_as(x)
        return x

    def cell(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        states: list[torch.Tensor | None] = [x, None, None, None]
        for name, operation, i, j, rows in self.placed(stage):
            before, everyone = states[i], len(rows) == self.count
            if before is None:  # a vertex that nothing enters holds zeros in every network
                continue
            picked = torch.from_numpy(rows)
            made = self.operated(name, operation, before if everyone else before[:, picked])
            kept = states[j]
            if everyone:
                states[j] = made if kept is None else kept + made
            else:
                states[j] = (torch.zeros_like(x) if kept is None else kept).index_add(1, picked, made)
        last = states[-1]
        return torch.zeros_like(x) if last is None else last

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(image, network, 1, y, x) -> (network, image, channel): means over pixels before the last layer."""
        x = self.cell(0, self.convolved("stem", x, stride=2))
        for stage in range(1, STAGES):
            x = self.cell(stage, self.convolved(f"down{stage}", x.relu(), stride=2))
        x = self.normalised("last", x.flatten(1, 2)).unflatten(1, (self.count, -1))
        return x.relu().mean((3, 4)).transpose(0, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(image, network, 1, y, x) -> (network, image, class)."""
        return torch.baddbmm(self.weights["bias"] + self.absent, self.features(x), self.weights["linear"])


@dataclass(frozen=True)
class Order:
    """One training: a cell's codes (4, 4), a data set and a seed."""

    codes: npt.NDArray[np.int8]
    images: ImageSet
    seed: int


def batches(orders: Sequence[Order], plan: Schedule) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Steps of all networks, (image, network, 1, y, x) and (network, image); each goes through its own permutations."""
    draws = [torch.Generator().manual_seed(77_000 + one.seed) for one in orders]
    images = [torch.from_numpy(one.images.train.images) for one in orders]
    labels = [torch.from_numpy(one.images.train.labels) for one in orders]
    steps = plan.epochs * max(len(own) for own in labels) // plan.batch
    needed = steps * plan.batch
    streams = []
    for own, draw in zip(labels, draws):
        rounds = [torch.randperm(len(own), generator=draw) for _ in range(-(-needed // len(own)))]
        streams.append(torch.cat(rounds)[:needed].view(steps, plan.batch))
    moves = torch.stack([torch.randint(-plan.shift, plan.shift + 1, (steps, 2), generator=draw) for draw in draws])
    for step in range(steps):
        rows = [stream[step] for stream in streams]
        picked = [torch.roll(own[row], move.tolist(), (1, 2)) for own, row, move in zip(images, rows, moves[:, step])]
        yield torch.stack(picked, 1)[:, :, None], torch.stack([own[row] for own, row in zip(labels, rows)])


Look = Callable[[int, Networks], None]


def train(orders: Sequence[Order], plan: Schedule | None = None, look: Look | None = None) -> Networks:
    """Train one network per order, all side by side; ``look`` is called with the number of every finished epoch."""
    plan = plan or Schedule()
    codes = np.stack([one.codes for one in orders])
    networks = Networks(codes, [one.seed for one in orders], [one.images.classes for one in orders], plan.channels)
    steps = plan.epochs * max(len(one.images.train) for one in orders) // plan.batch
    adam = torch.optim.AdamW(networks.parameters(), lr=plan.rate, weight_decay=plan.decay, foreach=True)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, plan.rate, total_steps=steps, pct_start=0.2)
    for step, (images, labels) in enumerate(batches(orders, plan), 1):
        scores = networks(images)
        loss = F.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="sum") / plan.batch
        adam.zero_grad()
        loss.backward()
        adam.step()
        cycle.step()
        if look is not None and step * plan.epochs % steps < plan.epochs:
            look(step * plan.epochs // steps, networks)
            networks.train()
    return networks.eval()


@torch.no_grad()
def accuracies(networks: Networks, parts: Sequence[Part]) -> npt.NDArray[np.float64]:
    """(network,) per cent of each network's own part that it gets right; parts may differ in size."""
    networks.eval()
    longest = max(len(part) for part in parts)
    rows = [np.resize(np.arange(len(part)), longest) for part in parts]
    images = np.stack([part.images[row] for part, row in zip(parts, rows)], 1)[:, :, None]
    labels = np.stack([part.labels[row] for part, row in zip(parts, rows)])
    said = [networks(part).argmax(2) for part in torch.from_numpy(images).split(60)]
    right = (torch.cat(said, 1).numpy() == labels) & (np.arange(longest) < [[len(part)] for part in parts])
    return 100 * right.sum(1) / [len(part) for part in parts]
