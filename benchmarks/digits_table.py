"""Measure the embedded benchmark: ``python -m benchmarks.digits_table`` writes ``data/digits_benchmark.csv``.

Space: NAS-Bench-201's cells (four vertices, six edges, five operations, 15,625 architectures) in a tiny network:
3x3 convolution to 8 channels, cell at 8 x 8, strided convolution to 16 channels, cell at 4 x 4, mean, linear. Data: the
1,797 handwritten digits that scikit-learn carries (UCI Optical Recognition of Handwritten Digits, CC BY 4.0), split
once into 250 for training, 500 for validation and 1,047 for test; training images are shifted by up to one pixel
and blurred by noise, so that the task is not trivial. ``ARCHITECTURES`` cells drawn at random, each trained thrice.

All networks of a group are trained together in one program: weights carry a leading network axis, and each
operation runs once for all networks that have it on that edge. Resumable: a finished group is never trained again.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy, unfold

from activedints.nas.benchmark import Benchmark, Column, checked, write_benchmark
from activedints.nas.cells import Cells, write_edges
from activedints.nas.costs import edge_costs
from activedints.nas.nasbench import OPERATIONS_201

ARCHITECTURES = 768
GROUP = 16
SEEDS = 3
WIDTH, CLASSES, SIDE = 8, 10, 8
TRAIN, VALIDATION = 250, 500
EPOCHS, LOOKS = 16, (4, 16)
BATCH = 50
RATE, DECAY, NOISE = 0.02, 1e-3, 0.35
EDGES = [(i, j) for j in range(1, 4) for i in range(j)]
STEM = 2 * WIDTH + 9 * WIDTH + 9 * 2 * WIDTH * WIDTH + 4 * WIDTH + (2 * WIDTH + 1) * CLASSES
TABLE = Path(__file__).resolve().parents[1] / "data" / "digits_benchmark.csv"


class Networks(torch.nn.Module):
    """``len(codes)`` cell networks x SEEDS at once. ``codes`` (architecture, vertex, vertex)."""

    def __init__(self, codes: np.ndarray, first: int):
        super().__init__()
        self.codes = np.repeat(codes, SEEDS, axis=0)
        self.count = len(self.codes)
        draws = [torch.Generator().manual_seed(1000 * (first + n // SEEDS) + n % SEEDS) for n in range(self.count)]
        self.draws = draws
        self.weights = torch.nn.ParameterDict()
        self.convolution("stem", 1, WIDTH, 3)
        self.convolution("down", WIDTH, 2 * WIDTH, 3)
        for stage in range(2):
            for i, j in EDGES:
                for code, operation in enumerate(OPERATIONS_201, 1):
                    if operation.kind == "conv":
                        self.convolution(f"{stage}{i}{j}{code}", WIDTH << stage, WIDTH << stage, operation.kernel)
        self.weights["linear"] = self.normal((2 * WIDTH, CLASSES), 1 / math.sqrt(2 * WIDTH))
        self.weights["bias"] = torch.nn.Parameter(torch.zeros(self.count, 1, CLASSES))
        self.seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self.signs: list[torch.Tensor] | None = None

    def normal(self, shape: tuple[int, ...], deviation: float) -> torch.nn.Parameter:
        """One draw a network from its own generator: a network's start does not depend on its companions."""
        return torch.nn.Parameter(torch.stack([torch.randn(shape, generator=g) for g in self.draws]) * deviation)

    def convolution(self, name: str, source: int, target: int, kernel: int) -> None:
        self.weights[name] = self.normal((target, source * kernel**2), math.sqrt(2 / (source * kernel**2)))
        self.weights[f"{name}scale"] = torch.nn.Parameter(torch.ones(self.count, target))
        self.weights[f"{name}shift"] = torch.nn.Parameter(torch.zeros(self.count, target))

    def convolved(self, name: str, x: torch.Tensor, rows: torch.Tensor, stride: int = 1) -> torch.Tensor:
        """Convolution and batch normalisation of the networks ``rows``; ``x`` (network, image, channel, y, x)."""
        networks, images, channels, side, _ = x.shape
        weight = self.weights[name][rows]
        kernel = math.isqrt(weight.shape[2] // channels)
        patches = unfold(x.flatten(0, 1), kernel, padding=kernel // 2, stride=stride)
        pixels = patches.shape[-1]
        patches = patches.view(networks, images, -1, pixels).transpose(1, 2).reshape(networks, -1, images * pixels)
        y = torch.bmm(weight, patches)
        if self.training:
            mean, variance = y.mean(2), y.var(2, unbiased=False)
            self.remember(name, rows, mean.detach(), variance.detach())
        else:
            mean, variance = (kept[rows] for kept in self.seen[name])
        scale = self.weights[f"{name}scale"][rows] / (variance + 1e-5).sqrt()
        y = y * scale[..., None] + (self.weights[f"{name}shift"][rows] - mean * scale)[..., None]
        side = side // stride
        return y.view(networks, -1, images, side, side).transpose(1, 2)

    def remember(self, name: str, rows: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> None:
        if name not in self.seen:
            shape = (self.count, mean.shape[1])
            self.seen[name] = (torch.zeros(shape), torch.ones(shape))
        for kept, new in zip(self.seen[name], (mean, variance)):
            kept[rows] = 0.9 * kept[rows] + 0.1 * new

    def rectified(self, x: torch.Tensor) -> torch.Tensor:
        if self.signs is not None:
            self.signs.append((x > 0).flatten(2).float())
        return x.relu()

    def cell(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        states = [x]
        for j in range(1, 4):
            total = torch.zeros_like(x)
            for i in range(j):
                for code, operation in enumerate(OPERATIONS_201, 1):
                    rows = torch.from_numpy(np.flatnonzero(self.codes[:, i, j] == code))
                    if len(rows):
                        total = total.index_add(
                            0, rows, self.operated(f"{stage}{i}{j}{code}", operation, states[i], rows)
                        )
            states.append(total)
        return states[-1]

    def operated(self, name: str, operation: object, x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        chosen = x[rows]
        if operation.kind == "conv":
            return self.convolved(name, self.rectified(chosen), rows)
        if operation.kind == "pool":
            pool = torch.nn.functional.avg_pool2d
            return pool(chosen.flatten(0, 1), 3, 1, 1, count_include_pad=False).view_as(chosen)
        return chosen

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(network, image, 1, 8, 8) -> (network, image, class)."""
        everyone = torch.arange(self.count)
        x = self.cell(0, self.convolved("stem", x, everyone))
        x = self.cell(1, self.convolved("down", self.rectified(x), everyone, stride=2))
        features = self.rectified(x).mean((3, 4))
        return torch.bmm(features, self.weights["linear"]) + self.weights["bias"]


def digits() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Images (image, 1, 8, 8) of mean 0 and labels of the three parts."""
    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    images = torch.tensor((bunch.images[order] / 16 - 0.305) / 0.376, dtype=torch.float32)[:, None]
    labels = torch.tensor(bunch.target[order])
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(1))
    images = images + NOISE * noise  # the same noise for every network, in validation and test as well
    cuts = {
        "train": slice(0, TRAIN),
        "validation": slice(TRAIN, TRAIN + VALIDATION),
        "test": slice(TRAIN + VALIDATION, None),
    }
    return {part: images[cut] for part, cut in cuts.items()}, {part: labels[cut] for part, cut in cuts.items()}


def batches(images: torch.Tensor, labels: torch.Tensor, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """One epoch's batches for SEEDS networks, (seed, image, 1, 8, 8) and (seed, image), shifted and noisy."""
    draws = [torch.Generator().manual_seed(10_000 * seed + epoch) for seed in range(SEEDS)]
    orders = torch.stack([torch.randperm(len(labels), generator=g) for g in draws])
    moves = [torch.randint(-1, 2, (2,), generator=draws[0]).tolist() for _ in range(len(labels) // BATCH)]
    for number, shift in enumerate(moves):
        rows = orders[:, number * BATCH : (number + 1) * BATCH]
        picked = torch.roll(images[rows], shift, (3, 4))
        noise = torch.stack([torch.randn(picked.shape[1:], generator=g) for g in draws])
        yield picked + NOISE * noise, labels[rows]


def naswot(networks: Networks, images: torch.Tensor) -> np.ndarray:
    """(network,) log determinant of the agreement of the rectifiers' codes over a batch of the untrained network
    (Mellor et al., ICML 2021); a small ridge keeps networks whose rectifiers see nothing finite."""
    networks.signs = []
    networks(images.expand(networks.count, *images.shape))
    total = torch.zeros(networks.count, len(images), len(images))
    for rows, signs in zip(_who_rectifies(networks), networks.signs):
        total[rows] += signs @ signs.transpose(1, 2) + (1 - signs) @ (1 - signs).transpose(1, 2)
    networks.signs = None
    return torch.linalg.slogdet(total + 0.1 * torch.eye(len(images)))[1].numpy()


def _who_rectifies(networks: Networks) -> Iterator[torch.Tensor]:
    """Rows of each recorded sign tensor, in the order of ``forward``."""
    for _ in range(2):
        for i, j in EDGES:
            for code, operation in enumerate(OPERATIONS_201, 1):
                rows = torch.from_numpy(np.flatnonzero(networks.codes[:, i, j] == code))
                if operation.kind == "conv" and len(rows):
                    yield rows
        yield torch.arange(networks.count)


@torch.no_grad()
def accuracy(networks: Networks, images: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """(network,) per cent right."""
    networks.eval()
    right = [
        (networks(part.expand(networks.count, *part.shape)).argmax(2) == truth).float().sum(1)
        for part, truth in zip(images.split(250), labels.split(250))
    ]
    networks.train()
    return (100 * sum(right) / len(labels)).numpy()


def train(codes: np.ndarray, first: int) -> dict[str, np.ndarray]:
    """Train a group; (architecture, seed) arrays of every measured column."""
    images, labels = digits()
    networks = Networks(codes, first)
    found = {"naswot": naswot(networks, images["train"][:64])}
    networks.seen.clear()
    steps = EPOCHS * (TRAIN // BATCH)
    adam = torch.optim.AdamW(networks.parameters(), lr=RATE, weight_decay=DECAY)
    plan = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    for epoch in range(1, EPOCHS + 1):
        for batch, truth in batches(images["train"], labels["train"], epoch):
            scores = networks(batch.repeat(len(codes), 1, 1, 1, 1))
            loss = cross_entropy(scores.flatten(0, 1), truth.repeat(len(codes), 1).flatten(), reduction="sum") / BATCH
            adam.zero_grad()
            loss.backward()
            adam.step()
            plan.step()
        if epoch in LOOKS:
            for part in ("validation", "test"):
                found[f"{part}_{epoch}"] = accuracy(networks, images[part], labels[part])
    return {name: values.reshape(len(codes), SEEDS) for name, values in found.items()}


def chosen() -> np.ndarray:
    """Codes (architecture, 4, 4) of the ARCHITECTURES cells, drawn without repetition."""
    numbers = np.random.default_rng(2026).choice(5**6, ARCHITECTURES, replace=False)
    codes = np.zeros((ARCHITECTURES, 4, 4), np.int8)
    for place, (i, j) in enumerate(EDGES):
        codes[:, i, j] = numbers // 5**place % 5
    return codes


def assemble(parts: list[dict[str, list]]) -> Benchmark:
    """The table: a user trains once, so validation is seed 0's; test is the mean of three seeds."""
    codes = chosen()[: sum(len(part["naswot"]) for part in parts)]
    cells = Cells(OPERATIONS_201, codes)
    values = {name: np.concatenate([np.array(part[name]) for part in parts]) for name in parts[0]}
    params, adds = edge_costs(cells, width=WIDTH, side=SIDE, stages=2, repeats=1)
    table, columns = {}, []
    for epochs in LOOKS:
        for what, numbers in (
            ("validation", values[f"validation_{epochs}"][:, 0]),
            ("test", values[f"test_{epochs}"].mean(1)),
        ):
            columns.append(Column(f"{what}_{epochs}", what, "%", "digits", epochs, 0, 100))
            table[columns[-1].name] = numbers.round(3)
    for seed in range(SEEDS):
        columns.append(Column(f"test_{EPOCHS}_seed{seed}", "noise", "%", "digits", EPOCHS, 0, 100))
        table[columns[-1].name] = values[f"test_{EPOCHS}"][:, seed].round(3)
    columns += [Column("params", "cost", "million", low=0), Column("flops", "cost", "million", low=0)]
    table |= {"params": ((params + STEM) / 1e6).round(6), "flops": ((adds + 9 * WIDTH * 64) / 1e6).round(6)}
    columns.append(Column("naswot", "proxy", "log", "digits"))
    table["naswot"] = values["naswot"][:, 0].round(4)
    texts = tuple(write_edges(cells))
    licence = "CC BY 4.0 (measured by this project on the UCI digits, CC BY 4.0, as carried by scikit-learn)"
    return checked(Benchmark("Digits cells", licence, texts, cells, pd.DataFrame(table), tuple(columns)))


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--partial", type=Path, default=Path("data/workspace/digits_table.jsonl"))
    words.add_argument("--groups", type=int, default=ARCHITECTURES // GROUP)
    options = words.parse_args()
    torch.set_num_threads(1)
    options.partial.parent.mkdir(parents=True, exist_ok=True)
    done = options.partial.read_text().splitlines() if options.partial.is_file() else []
    codes = chosen()
    for group in range(len(done), options.groups):
        found = train(codes[group * GROUP : (group + 1) * GROUP], group * GROUP)
        done.append(json.dumps({name: values.tolist() for name, values in found.items()}))
        with options.partial.open("a") as file:
            file.write(done[-1] + "\n")
        print(f"{(group + 1) * GROUP} of {ARCHITECTURES} architectures", flush=True)
    write_benchmark(assemble([json.loads(line) for line in done]), TABLE)


if __name__ == "__main__":
    main()
