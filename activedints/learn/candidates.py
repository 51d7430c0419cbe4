"""Architectures drawn from a DiNTS space, and their counted costs: what a ranking chooses among."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.architecture import Architecture
from activedints.core.decode import rows
from activedints.core.errors import InvalidSettings
from activedints.learn.cost import EdgeCosts, Size, edge_costs
from activedints.learn.topology import Topology

Values = npt.NDArray[np.float64]
TRIES = 40
"""Draws for each wanted architecture before a budget is called too small."""


def draw_candidates(
    count: int, seed: int, like: Architecture, patch: Size, most_megabytes: float = np.inf
) -> list[Architecture]:
    """``count`` different architectures of the space of ``like``, drawn uniformly, whose counted activations for one
    patch (x, y, z) take at most ``most_megabytes``. InvalidSettings for a budget that hardly any network keeps."""
    costs = edge_costs(like.depths, like.channel_mul, 4, 4, patch)
    topology, random = Topology(like.blocks, like.depths, costs.megabytes), np.random.default_rng(seed)
    found: dict[tuple[Any, ...], Architecture] = {}
    for _ in range(TRIES * count):
        if len(found) == count:
            break
        path = topology.sample(random)
        if costs.of(path.edges, path.operations)[1] <= most_megabytes:
            codes = rows(path.edges), rows(path.operations * path.edges)
            found.setdefault(codes, Architecture(f"candidate {len(found) + 1}", *codes, like.channel_mul))
    if len(found) < count:
        raise InvalidSettings(
            f"Only {len(found)} of {TRIES * count:,} random architectures keep to {most_megabytes:g} MB of "
            "activations: allow more memory, or ask for fewer candidates."
        )
    return list(found.values())


def counted_costs(architectures: Sequence[Architecture], patch: Size) -> dict[str, Values]:
    """(architecture,) millions of parameters of the cells, GFLOPs and activation megabytes for one patch."""
    first = architectures[0]
    costs = edge_costs(first.depths, first.channel_mul, 4, 4, patch)
    counted = [costs.of(one.arch_code_a, one.arch_code_c) for one in architectures]
    return {
        "parameters": np.array([_parameters(costs, one) for one in architectures]) / 1e6,
        "gflops": np.array([gflops for gflops, _ in counted]),
        "activation_megabytes": np.array([megabytes for _, megabytes in counted]),
    }


def _parameters(costs: EdgeCosts, architecture: Architecture) -> int:
    layers, numbers = np.nonzero(np.asarray(architecture.arch_code_a))
    return int(costs.parameters[numbers, np.asarray(architecture.arch_code_c)[layers, numbers]].sum())
