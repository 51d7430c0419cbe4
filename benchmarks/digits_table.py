"""Measure the embedded benchmark: ``python -m benchmarks.digits_table`` writes ``data/digits_benchmark.csv``.

Space: NAS-Bench-201's cells (four vertices, six edges, five operations, 15,625 architectures) in a tiny network:
3x3 convolution to 8 channels, cell at 8 x 8, strided convolution to 16 channels, cell at 4 x 4, mean, linear. Data: the
1,797 handwritten digits that scikit-learn carries (UCI Optical Recognition of Handwritten Digits, CC BY 4.0), split
once into 250 for training, 500 for validation and 1,047 for test; training images are shifted by up to one pixel
and blurred by noise, so that the task is not trivial. ``ARCHITECTURES`` cells drawn at random, each trained thrice;
with ``--groups K`` the first 16 K of them are trained and written.

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
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, cross_entropy

from activedints.nas.rank.benchmark import Benchmark, Column, checked, write_benchmark
from activedints.nas.rank.cells import Cells, Operation, write_edges
from activedints.nas.rank.costs import edge_costs
from activedints.nas.rank.nasbench import OPERATIONS_201

ARCHITECTURES = 512
GROUP = 16
SEEDS = 3
WIDTH, CLASSES, SIDE = 8, 10, 8
TRAIN, VALIDATION = 250, 500
EPOCHS, LOOKS = 16, (8, 16)
BATCH = 50
RATE, DECAY, NOISE = 0.02, 1e-3, 0.35
EDGES = [(i, j) for j in range(1, 4) for i in range(j)]
STEM = 2 * WIDTH + 9 * WIDTH + 9 * 2 * WIDTH * WIDTH + 4 * WIDTH + (2 * WIDTH + 1) * CLASSES
TABLE = Path(__file__).resolve().parents[1] / "data" / "digits_benchmark.csv"


class Networks(torch.nn.Module):
    """``len(codes)`` cell networks x SEEDS at once. ``codes`` (architecture, vertex, vertex).

    Images are laid out (image, network, channel, y, x); an operation of some networks is one grouped convolution.
    """

    def __init__(self, codes: np.ndarray, first: int):
        super().__init__()
        self.codes = np.repeat(codes, SEEDS, axis=0)
        self.count = len(self.codes)
        seeds = [1000 * (first + n // SEEDS) + n % SEEDS for n in range(self.count)]
        self.draws = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.everyone = torch.arange(self.count)
        self.weights = torch.nn.ParameterDict()
        self.convolution("stem", self.everyone, 1, WIDTH, 3)
        self.convolution("down", self.everyone, WIDTH, 2 * WIDTH, 3)
        for stage in range(2):
            for name, operation, _, _, rows in self.placed(stage):
                if operation.kind == "conv":
                    self.convolution(name, rows, WIDTH << stage, WIDTH << stage, operation.kernel)
        self.weights["linear"] = self.normal(self.everyone, (2 * WIDTH, CLASSES), 1 / math.sqrt(2 * WIDTH))
        self.weights["bias"] = torch.nn.Parameter(torch.zeros(self.count, 1, CLASSES))
        self.signs: list[torch.Tensor] | None = None

    def placed(self, stage: int) -> Iterator[tuple[str, Operation, int, int, torch.Tensor]]:
        """Every operation that some network has on an edge: name, operation, edge, and the networks' rows."""
        for i, j in EDGES:
            for code, operation in enumerate(OPERATIONS_201, 1):
                rows = torch.from_numpy(np.flatnonzero(self.codes[:, i, j] == code))
                if len(rows):
                    yield f"{stage}{i}{j}{code}", operation, i, j, rows

    def normal(self, rows: torch.Tensor, shape: tuple[int, ...], deviation: float) -> torch.nn.Parameter:
        """One draw a network from its own generator: a network's start does not depend on its companions."""
        draws = [torch.randn(shape, generator=self.draws[row]) for row in rows.tolist()]
        return torch.nn.Parameter(torch.stack(draws) * deviation)

    def convolution(self, name: str, rows: torch.Tensor, source: int, target: int, kernel: int) -> None:
        start = self.normal(rows, (target, source, kernel, kernel), math.sqrt(2 / (source * kernel**2)))
        self.weights[name] = torch.nn.Parameter(start.detach().flatten(0, 1))
        self.weights[f"{name}scale"] = torch.nn.Parameter(torch.ones(len(rows) * target))
        self.weights[f"{name}shift"] = torch.nn.Parameter(torch.zeros(len(rows) * target))
        self.register_buffer(f"mean{name}", torch.zeros(len(rows) * target))
        self.register_buffer(f"variance{name}", torch.ones(len(rows) * target))

    def convolved(self, name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        """Convolution and batch normalisation, each network for itself; ``x`` (image, network, channel, y, x)."""
        weight, networks = self.weights[name], x.shape[1]
        y = conv2d(x.flatten(1, 2), weight, padding=weight.shape[-1] // 2, stride=stride, groups=networks)
        kept = getattr(self, f"mean{name}"), getattr(self, f"variance{name}")
        y = batch_norm(y, *kept, self.weights[f"{name}scale"], self.weights[f"{name}shift"], self.training)
        return y.unflatten(1, (networks, -1))

    def rectified(self, x: torch.Tensor) -> torch.Tensor:
        if self.signs is not None:
            self.signs.append((x > 0).flatten(2).float())
        return x.relu()

    def cell(self, stage: int, x: torch.Tensor) -> torch.Tensor:
        states = [x, torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)]
        for name, operation, i, j, rows in self.placed(stage):
            made = self.operated(name, operation, states[i][:, rows])
            states[j] = states[j].index_add(1, rows, made)
        return states[-1]

    def operated(self, name: str, operation: Operation, x: torch.Tensor) -> torch.Tensor:
        if operation.kind == "conv":
            return self.convolved(name, self.rectified(x))
        if operation.kind == "pool":
            return avg_pool2d(x.flatten(0, 1), 3, 1, 1, count_include_pad=False).view_as(x)
        return x

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(image, network, 1, 8, 8) -> (network, image, class)."""
        x = self.cell(0, self.convolved("stem", x))
        x = self.cell(1, self.convolved("down", self.rectified(x), stride=2))
        features = self.rectified(x).mean((3, 4)).transpose(0, 1)
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
    """One epoch's batches for SEEDS networks, (image, seed, 1, 8, 8) and (seed, image), shifted and noisy."""
    draws = [torch.Generator().manual_seed(10_000 * seed + epoch) for seed in range(SEEDS)]
    orders = torch.stack([torch.randperm(len(labels), generator=g) for g in draws])
    moves = [torch.randint(-1, 2, (2,), generator=draws[0]).tolist() for _ in range(len(labels) // BATCH)]
    for number, shift in enumerate(moves):
        rows = orders[:, number * BATCH : (number + 1) * BATCH]
        picked = torch.roll(images[rows], shift, (3, 4))
        noise = torch.stack([torch.randn(picked.shape[1:], generator=g) for g in draws])
        yield (picked + NOISE * noise).transpose(0, 1), labels[rows]


@torch.no_grad()
def naswot(networks: Networks, images: torch.Tensor) -> np.ndarray:
    """(network,) log determinant of the agreement of the rectifiers' codes over a batch of the untrained network
    (Mellor et al., ICML 2021); a small ridge keeps networks whose rectifiers see nothing finite."""
    networks.signs = []
    networks.eval()(images[:, None].expand(-1, networks.count, *images.shape[1:]))
    total = torch.zeros(networks.count, len(images), len(images))
    convolving = [[rows for _, operation, _, _, rows in networks.placed(s) if operation.kind == "conv"] for s in (0, 1)]
    order = [*convolving[0], networks.everyone, *convolving[1], networks.everyone]
    for rows, signs in zip(order, networks.signs, strict=True):
        codes = signs.transpose(0, 1)
        total[rows] += codes @ codes.transpose(1, 2) + (1 - codes) @ (1 - codes).transpose(1, 2)
    networks.signs = None
    networks.train()
    return torch.linalg.slogdet(total + 0.1 * torch.eye(len(images)))[1].numpy()


@torch.no_grad()
def accuracy(networks: Networks, images: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """(network,) per cent right."""
    networks.eval()
    right = [
        (networks(part[:, None].expand(-1, networks.count, *part.shape[1:])).argmax(2) == truth).float().sum(1)
        for part, truth in zip(images.split(250), labels.split(250))
    ]
    networks.train()
    return (100 * sum(right) / len(labels)).numpy()


def train(codes: np.ndarray, first: int) -> dict[str, np.ndarray]:
    """Train a group; (architecture, seed) arrays of every measured column."""
    images, labels = digits()
    networks = Networks(codes, first)
    found = {"naswot": naswot(networks, images["train"][:64])}
    steps = EPOCHS * (TRAIN // BATCH)
    adam = torch.optim.AdamW(networks.parameters(), lr=RATE, weight_decay=DECAY)
    plan = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    for epoch in range(1, EPOCHS + 1):
        for batch, truth in batches(images["train"], labels["train"], epoch):
            scores = networks(batch.repeat(1, len(codes), 1, 1, 1))
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
    words.add_argument("--partial", type=Path, default=Path(".run/digits_table.jsonl"))
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
    write_benchmark(assemble([json.loads(line) for line in done[: options.groups]]), TABLE)


if __name__ == "__main__":
    main()
