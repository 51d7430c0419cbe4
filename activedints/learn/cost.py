"""What a network costs: parameters, arithmetic and memory counted without running it; peak memory and time measured.

Counting runs the modules on PyTorch's meta device, where tensors have shapes but no numbers. Measuring runs one
training step and one prediction in a child process of its own, so that its peak is nobody else's.
"""

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from activedints.core.architecture import OPERATIONS, Architecture, edge_ends
from activedints.learn import compute
from activedints.learn.loss import dice_ce
from activedints.learn.networks import Network, build
from activedints.learn.supernet import Supernet

Size = tuple[int, int, int]
MEGABYTE = 1024**2


@dataclass(frozen=True)
class Cost:
    """``parameters``; ``gflops`` (two per multiply-add) and ``activation_megabytes`` (kept for the backward pass,
    float32) of one patch."""

    parameters: int
    gflops: float
    activation_megabytes: float


@dataclass(frozen=True)
class Measured:
    """``peak_megabytes`` of one training step above the idle process; ``seconds_per_volume`` of one prediction of
    ``volume`` voxels by sliding windows, ``seconds_per_step`` of training, on ``threads`` threads."""

    peak_megabytes: float
    seconds_per_step: float
    seconds_per_volume: float
    volume: Size
    threads: int


@dataclass(frozen=True)
class EdgeCosts:
    """(3D-2, 5) GFLOPs forward, float32 activation megabytes and parameters of each operation on each edge of a layer,
    with the change of resolution before it; and of all ``stem`` parts together. One patch, batch 1."""

    gflops: npt.NDArray[np.float64]
    megabytes: npt.NDArray[np.float64]
    parameters: npt.NDArray[np.int64]
    stem_gflops: float
    stem_megabytes: float

    def of(self, edges: npt.ArrayLike, operations: npt.ArrayLike) -> tuple[float, float]:
        """GFLOPs and megabytes of the active cells (L, E) with their operations, all stems included."""
        layers, numbers = np.nonzero(np.asarray(edges))
        chosen = numbers, np.asarray(operations)[layers, numbers]
        return (
            float(self.gflops[chosen].sum() + self.stem_gflops),
            float(self.megabytes[chosen].sum() + self.stem_megabytes),
        )


def count(module: nn.Module, *inputs: torch.Tensor) -> tuple[float, float]:
    """GFLOPs of one forward pass and megabytes that autograd keeps for the backward pass, parameters left out."""
    own = {id_of(p) for p in module.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        if id_of(tensor) not in own:
            kept[id_of(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        graph = module(*inputs)  # holding the graph keeps storages alive, so that their numbers stay unique
    del graph
    return counter.get_total_flops() / 1e9, sum(kept.values()) / MEGABYTE


def id_of(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def cost(architecture: Architecture | str, in_channels: int, classes: int, patch: Size) -> Cost:
    """Counted cost of a whole network for one patch (x, y, z)."""
    network = build(architecture, in_channels, classes, patch=patch).to("meta")
    with torch.device("meta"):
        gflops, megabytes = count(network, torch.empty(1, in_channels, *patch))
    return Cost(sum(p.numel() for p in network.parameters()), gflops, megabytes)


@lru_cache(maxsize=16)
def edge_costs(depths: int, channel_mul: float, in_channels: int, classes: int, patch: Size) -> EdgeCosts:
    """Counted cost of every choice of a search space; the same for every layer."""
    gflops, megabytes = np.zeros((2, 3 * depths - 2, len(OPERATIONS)))
    parameters = np.zeros(gflops.shape, np.int64)
    net = Supernet(1, depths, channel_mul, in_channels, classes).to("meta")
    with torch.device("meta"):
        nodes, stem = [], np.zeros(2)
        image = torch.empty(1, in_channels, *patch)
        for down in net.stem_down.values():
            nodes.append(down(image).detach().requires_grad_())
            stem += count(down, image)
        for d, up in net.stem_up.items():
            stem += count(up, nodes[int(d)])
        stem += count(net.final, net.stem_up["0"](nodes[0]).detach().requires_grad_())
        for edge, cell in enumerate(net.parts()):
            start, _ = edge_ends(edge)
            for number, operation in enumerate(cell.op.ops):
                whole = nn.Sequential(cell.preprocess, operation)
                gflops[edge, number], megabytes[edge, number] = count(whole, nodes[start])
                parameters[edge, number] = sum(p.numel() for p in whole.parameters())
                # the node's own value is kept once by whoever adds it up, whatever the operation
                megabytes[edge, number] += nodes[edge_ends(edge)[1]].untyped_storage().nbytes() / MEGABYTE
    return EdgeCosts(gflops, megabytes, parameters, float(stem[0]), float(stem[1]))


def measure(
    architecture: Architecture | str,
    in_channels: int,
    classes: int,
    patch: Size,
    *,
    batch: int = 2,
    volume: Size = (70, 85, 70),
    threads: int = 1,
    device: str = "auto",
) -> Measured:
    """Run the network in a child process: one training step of ``batch`` patches, one prediction of a volume.

    Raises MemoryError where the child was killed on the way.
    """
    asked = architecture, in_channels, classes, patch, batch, volume, threads, device
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(_measure, *asked).result()
    except BrokenProcessPool:
        raise MemoryError("The process that measured the network was killed.") from None


def _measure(
    architecture: Architecture | str,
    in_channels: int,
    classes: int,
    patch: Size,
    batch: int,
    volume: Size,
    threads: int,
    device: str,
) -> Measured:
    where = compute.pick_device(device)
    with compute.threads(threads):
        network = build(architecture, in_channels, classes, patch=patch).to(where, memory_format=torch.channels_last_3d)
        step = Trial(network, in_channels, where)
        step.train(tuple(2 * network.divisor for _ in patch), 1)  # what is loaded once is nobody's peak
        before = resident_megabytes() if where.type == "cpu" else 0.0
        first = step.train(patch, batch)
        peak = peak_megabytes(where) - before
        return Measured(peak, min(first, step.train(patch, batch)), step.predict(patch, volume), volume, threads)


class Trial:
    """Steps of a network on noise, timed: what it costs does not depend on what it sees."""

    def __init__(self, network: Network, in_channels: int, device: torch.device) -> None:
        self.network, self.in_channels, self.device = network, in_channels, device

    def noise(self, batch: int, patch: Size) -> torch.Tensor:
        x = torch.randn(batch, self.in_channels, *patch, device=self.device)
        return x.contiguous(memory_format=torch.channels_last_3d)

    def train(self, patch: Size, batch: int) -> float:
        """Seconds of a forward and a backward pass."""
        start = time.perf_counter()
        label = torch.randint(self.network.classes, (batch, *patch), device=self.device).to(torch.uint8)
        with compute.autocast(self.device, "auto"):
            logits = self.network(self.noise(batch, patch))
        loss = dice_ce(logits, label)
        loss.backward()
        loss.item()
        self.network.zero_grad(set_to_none=True)
        return time.perf_counter() - start

    def predict(self, patch: Size, volume: Size) -> float:
        """Seconds of all windows of a volume that overlap by a quarter."""
        windows = int(np.prod([-(-4 * max(0, v - p) // (3 * p)) + 1 for v, p in zip(volume, patch)]))
        self.network.eval()
        start = time.perf_counter()
        with torch.inference_mode(), compute.autocast(self.device, "auto"):
            for _ in range(windows):
                self.network(self.noise(1, patch)).float().argmax(1).sum().item()
        self.network.train()
        return time.perf_counter() - start


def peak_megabytes(device: torch.device) -> float:
    """Highest memory of this process so far: resident on the CPU, allocated on a GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / MEGABYTE
    if sys.platform == "linux":  # getrusage would count the parent's memory, from before exec
        return _status("VmHWM")
    unit = MEGABYTE if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def resident_megabytes() -> float:
    """Resident memory of this process now (its highest so far where the system does not say)."""
    return _status("VmRSS") if sys.platform == "linux" else peak_megabytes(torch.device("cpu"))


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(key))
