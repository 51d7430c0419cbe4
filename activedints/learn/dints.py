"""DiNTS (He et al., CVPR 2021) made lean: MONAI's own modules and weights, computed without what nobody reads.

The same numbers as ``monai.networks.nets.DiNTS`` with the same weights (tested), but the stem of an inactive
resolution is neither built nor computed (MONAI computes it and multiplies by zero), a node's ReLU is computed once
for all its edges, and norms keep channels-last memory (``norm.py``).
"""

import contextlib
import io

import numpy as np
import torch
from monai.networks.nets.dints import DiNTS, TopologyInstance
from torch import nn

from activedints.core.architecture import Architecture, edge_ends
from activedints.learn.norm import use_channel_norm


def monai_dints(architecture: Architecture, in_channels: int, classes: int) -> DiNTS:
    """MONAI's network of this architecture, as it comes."""
    with contextlib.redirect_stdout(io.StringIO()):  # its constructor prints
        space = TopologyInstance(
            arch_code=[np.array(architecture.arch_code_a), np.array(architecture.arch_code_c)],
            channel_mul=architecture.channel_mul,
            num_blocks=architecture.blocks,
            num_depths=architecture.depths,
            use_downsample=architecture.use_downsample,
        )
    return DiNTS(
        space,
        in_channels,
        classes,
        use_downsample=architecture.use_downsample,
        node_a=np.array(architecture.node_a),
    )


def stem_with_fine(stem: nn.Sequential, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What a stem gives, and its features at the input's own resolution, before its activation halves them."""
    keep = next(i for i, part in enumerate(stem) if isinstance(part, nn.Conv3d)) + 2
    fine = stem[:keep](x)
    return stem[keep:](fine), fine


class DintsTrunk(nn.Module):
    """(B, channel, x, y, z) -> (B, features, x, y, z): stem, cells and stem again, up to before the last 1x1x1."""

    def __init__(self, architecture: Architecture, in_channels: int) -> None:
        super().__init__()
        whole = monai_dints(architecture, in_channels, 2)
        nodes = architecture.node_a
        self.features = whole.filter_nums[0]
        self.deepest = max(d for d, active in enumerate(nodes[-1]) if active)
        self.stem_down = nn.ModuleDict({str(d): whole.stem_down[str(d)].mod for d, on in enumerate(nodes[0]) if on})
        self.stem_up = nn.ModuleDict({str(d): whole.stem_up[str(d)].mod for d in range(self.deepest + 1)})
        self.edges = [[e for e, active in enumerate(codes) if active] for codes in architecture.arch_code_a]
        self.cells = nn.ModuleDict(
            {
                f"{layer}_{e}": whole.dints_space.cell_tree[str((layer, e))]
                for layer, row in enumerate(self.edges)
                for e in row
            }
        )
        self.final = whole.stem_finals[0]
        self.fine_skip = architecture.fine_skip and "0" in self.stem_down
        use_channel_norm(self, architecture.norm)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        nodes: dict[int, torch.Tensor] = {int(d): stem(x) for d, stem in self.stem_down.items() if d != "0"}
        fine = None
        if "0" in self.stem_down:
            nodes[0], fine = stem_with_fine(self.stem_down["0"], x)
        for layer, row in enumerate(self.edges):
            after: dict[int, torch.Tensor] = {}
            for e in row:
                start, end = edge_ends(e)
                if start in nodes:  # an edge out of a node that nothing reaches carries nothing
                    out = self.cells[f"{layer}_{e}"](nodes[start], None)
                    after[end] = after[end] + out if end in after else out
            nodes = after
        rising: torch.Tensor | None = None
        for d in range(self.deepest, -1, -1):
            here = nodes.get(d)
            total = rising if here is None else here if rising is None else here + rising
            rising = self.stem_up[str(d)](total)
        return self.final(rising + fine if self.fine_skip else rising)

    def weights_from_monai(self, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The state of MONAI's ``DiNTS`` under this trunk's names; weights of unused parts are left out."""
        renamed = {}
        for name, value in state.items():
            name = name.replace("dints_space.cell_tree.(", "cells.").replace(", ", "_").replace(")", "")
            name = name.replace(".mod.", ".").replace("stem_finals.0.", "final.")
            renamed[name] = value
        return {name: renamed[name] for name in self.state_dict()}
