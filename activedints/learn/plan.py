"""A search space sized to the machine and the time, and the paper's own, as settings.

The choice is made before anything is learned: activation memory and arithmetic of every candidate are counted on the
meta device, the machine's speed is timed on one small network; the largest space is taken that fits into the memory
and still leaves enough steps.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import psutil
import torch

from activedints.core.errors import InvalidSettings
from activedints.core.search_space import PAPER, SPACES, SearchSpace
from activedints.core.settings import SearchSettings, TrainSettings
from activedints.learn.compute import autocast, pick_device, threads
from activedints.learn.cost import MEGABYTE, EdgeCosts, edge_costs
from activedints.learn.loss import dice_ce
from activedints.learn.supernet import Supernet
from activedints.learn.topology import Topology

ENOUGH_STEPS = 600
"""Fewer steps than this teach neither weights nor alphas."""
BACKWARD = 3.0
"""A training step costs so many forward passes."""
ALPHA_STEP = 3.0
"""An alpha step too: forward, backward to the features alone, and the trials' forward passes."""


@dataclass(frozen=True)
class Expected:
    """What a search of a space costs: MB of activations and optimiser, seconds a step, steps in the time given."""

    space: SearchSpace
    megabytes: float
    seconds_per_step: float
    steps: int


def costs_of(space: SearchSpace, in_channels: int, classes: int) -> EdgeCosts:
    """Counted cost of every choice of a space."""
    return edge_costs(space.depths, space.channel_mul, in_channels, classes, (space.side,) * 3)


def expect(space: SearchSpace, in_channels: int, classes: int, gflops_per_second: float, seconds: float) -> Expected:
    """Count a space's mean sampled network (uniform alphas) and divide by the machine's speed."""
    costs = costs_of(space, in_channels, classes)
    topology = Topology(space.blocks, space.depths, costs.megabytes)
    with torch.no_grad():
        chances = (topology.edge_chances()[..., None] * topology.operation_chances()).numpy()
    gflops = float((chances * costs.gflops).sum() + costs.stem_gflops)
    kept = float((chances * costs.megabytes).sum() + costs.stem_megabytes)
    weights = space.blocks * costs.parameters.sum() * 4 / MEGABYTE
    step = space.batch * gflops * (BACKWARD + ALPHA_STEP) / gflops_per_second
    return Expected(space, 4 * weights + space.batch * kept, step, int(seconds / step))


def choose(
    in_channels: int,
    classes: int,
    *,
    seconds: float,
    megabytes: float,
    gflops_per_second: float,
    shape: Sequence[int] = (10**6,) * 3,
    spaces: Sequence[SearchSpace] = SPACES,
) -> Expected:
    """The largest space that fits into ``megabytes``, leaves ``ENOUGH_STEPS`` in ``seconds`` and has a patch no larger
    than ``shape`` rounded up.

    Raises InvalidSettings where not even the smallest does.
    """
    fitting = [space for space in spaces if space is spaces[0] or space.side < min(shape) + 2**space.depths]
    expected = [expect(space, in_channels, classes, gflops_per_second, seconds) for space in fitting]
    good = [e for e in expected if e.megabytes <= megabytes and e.steps >= ENOUGH_STEPS]
    if not good:
        least = expected[0]
        raise InvalidSettings(
            f"The smallest search needs {least.megabytes:.0f} MB and {least.seconds_per_step * ENOUGH_STEPS:.0f} s for "
            f"{ENOUGH_STEPS} steps here; {megabytes:.0f} MB and {seconds:.0f} s were given: give it more."
        )
    return good[-1]


def settings_for(
    space: SearchSpace, seconds: float | None = None, steps: int | None = None, **changes: object
) -> SearchSettings:
    """The settings of a space, bounded by seconds or by steps; ``changes`` are any other fields.

    The paper's space comes with the paper's schedule (and its 20,000 steps where nothing bounds it).
    """
    if space.name == PAPER:
        made = paper_search()
    else:
        patch = (space.side,) * 3
        made = SearchSettings(
            steps=1, blocks=space.blocks, depths=space.depths, channel_mul=space.channel_mul, patch=patch
        )
        made = replace(made, batch=space.batch)
    if seconds or steps:
        made = replace(made, seconds=None if steps else seconds, steps=steps)
    return replace(made, **changes)  # type: ignore[arg-type]


def free_megabytes(device: str = "auto") -> float:
    """Memory that a search may take here: what the GPU has free, or .7 of what the machine has."""
    where = pick_device(device)
    if where.type == "cuda":
        return torch.cuda.mem_get_info(where)[0] / MEGABYTE
    return 0.7 * psutil.virtual_memory().available / MEGABYTE


def affordable(
    in_channels: int, classes: int, seconds: float, device: str = "auto", spaces: Sequence[SearchSpace] = SPACES
) -> list[dict[str, Any]]:
    """One row per space: what a search of ``seconds`` would cost here, and why it would be chosen or not."""
    speed, memory = timed_speed(device), free_megabytes(device)
    expected = [expect(space, in_channels, classes, speed, seconds) for space in spaces]
    return [
        {
            "space": e.space.name,
            "size": e.space.words,
            "megabytes": e.megabytes,
            "seconds_per_step": e.seconds_per_step,
            "steps": e.steps,
            "verdict": "too large for the memory"
            if e.megabytes > memory
            else f"needs {e.seconds_per_step * ENOUGH_STEPS:.0f} s for {ENOUGH_STEPS} steps"
            if e.steps < ENOUGH_STEPS
            else "fits",
        }
        for e in expected
    ]


@lru_cache(maxsize=4)
def timed_speed(device: str) -> float:
    """``machine_speed``, timed once in a process."""
    return machine_speed(device)


def machine_speed(device: str = "auto", cores: int = 2) -> float:
    """GFLOPs a second of a training step of a small sampled network here, as counted by ``edge_costs``: best of 3."""
    where, space = pick_device(device), SPACES[1]
    costs = costs_of(space, 4, 4)
    topology = Topology(space.blocks, space.depths, costs.megabytes)
    path = topology.sample(np.random.default_rng(0))
    net = Supernet(space.blocks, space.depths, space.channel_mul, 4, 4).to(where, memory_format=torch.channels_last_3d)
    image = torch.randn(2, 4, *(space.side,) * 3, device=where).contiguous(memory_format=torch.channels_last_3d)
    label = torch.zeros(2, *(space.side,) * 3, dtype=torch.uint8, device=where)
    spent = []
    with threads(cores):
        for _ in range(4):
            start = time.perf_counter()
            with autocast(where, "auto"):
                logits = net(image, path)
            loss = dice_ce(logits, label)
            loss.backward()
            loss.item()
            spent.append(time.perf_counter() - start)
    return 2 * BACKWARD * costs.of(path.edges, path.operations)[0] / min(spent[1:])


def paper_search(seed: int = 0, device: str = "auto") -> SearchSettings:
    """The paper's search of MSD tasks: 12 blocks of 4 resolutions, channel_mul .5, 96^3, half of it warm-up."""
    return SearchSettings(
        steps=20_000,
        patch=(96, 96, 96),
        batch=2,
        blocks=12,
        depths=4,
        channel_mul=0.5,
        fine_skip=False,
        norm="instance",
        warm_up=0.5,
        architecture_learning_rate=1e-3,
        evaluate_every=250,
        seed=seed,
        device=device,
    )


def paper_retrain(seed: int = 0, device: str = "auto") -> TrainSettings:
    """The released retraining of Task01: 96^3, batch 2; the architecture's channel_mul is 1 then."""
    return TrainSettings(steps=40_000, patch=(96, 96, 96), batch=2, seed=seed, device=device)
