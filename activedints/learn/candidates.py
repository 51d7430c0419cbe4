"""Architectures drawn from a DiNTS space, and their counted costs: what a ranking chooses among."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
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
ALSO = 2_000
"""So many draws for each wanted architecture, and also these, before a budget is called too small."""
TOLERANCE = 0.03
"""How far from a memory ``random_like`` may be, as a share of it."""


def draw_candidates(
    count: int, seed: int, like: Architecture, patch: Size, most_megabytes: float = np.inf, least_megabytes: float = 0.0
) -> list[Architecture]:
    """``count`` different architectures of the space of ``like``, drawn uniformly, whose counted activations for one
    patch (x, y, z) take at most ``most_megabytes``. InvalidSettings for a budget that hardly any network keeps."""
    costs = edge_costs(like.depths, like.channel_mul, 4, 4, patch)
    topology, random = Topology(like.blocks, like.depths, costs.megabytes), np.random.default_rng(seed)
    found: dict[tuple[Any, ...], Architecture] = {}
    tries = TRIES * count + ALSO
    for path in islice(topology.samples(random), tries):
        if len(found) == count:
            break
        if least_megabytes <= costs.of(path.edges, path.operations)[1] <= most_megabytes:
            codes = rows(path.edges), rows(path.operations * path.edges)
            name = f"candidate {len(found) + 1}"
            found.setdefault(codes, replace(like, name=name, arch_code_a=codes[0], arch_code_c=codes[1], provenance=""))
    if len(found) < count:
        raise InvalidSettings(
            f"Only {len(found)} of {tries:,} random architectures keep to {most_megabytes:g} MB of activations: "
            "allow more memory, or ask for fewer candidates."
        )
    return list(found.values())


def random_like(count: int, seed: int, like: Architecture, patch: Size) -> list[Architecture]:
    """``count`` random architectures whose activations take as much memory as those of ``like``, within TOLERANCE."""
    wanted = float(counted_costs([like], patch)["activation_megabytes"][0])
    return draw_candidates(count, seed, like, patch, wanted * (1 + TOLERANCE), wanted * (1 - TOLERANCE))


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
