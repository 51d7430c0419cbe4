"""The DiNTS supernet, of which a step runs one network: sampled paths instead of all operations on all edges.

Weight steps run one sampled network, exactly as the decoded one will run (single-path one-shot training, Guo et al.,
ECCV 2020; GDAS, Dong & Yang, CVPR 2019). Alpha steps run one sampled network too, and beside it, forward only, one
other operation on each active edge (the two paths of ProxylessNAS, Cai et al., ICLR 2019) and the edges that a second
sample would add. What an output would gain the loss to first order, <dL/dnode, output>, is the gradient of its chance.
So the forward value is always that of a network of the space, and a step costs about one network instead of MONAI's
five operations on every edge.
"""

import contextlib
import io

import numpy as np
import torch
from monai.networks.nets.dints import Cell, DiNTS, TopologyConstruction
from torch import nn

from activedints.core.architecture import edge_ends
from activedints.learn.dints import stem_with_fine
from activedints.learn.norm import use_channel_norm
from activedints.learn.topology import Credit, Path


class Supernet(nn.Module):
    """All cells of the space, (B, channel, x, y, z) -> (B, class, x, y, z) along a Path; no alphas inside."""

    def __init__(
        self, blocks: int, depths: int, channel_mul: float, in_channels: int, classes: int, fine_skip: bool = False
    ) -> None:
        super().__init__()
        with contextlib.redirect_stdout(io.StringIO()):  # its constructor prints
            space = TopologyConstruction(channel_mul=channel_mul, num_blocks=blocks, num_depths=depths)
        whole = DiNTS(space, in_channels, classes)
        self.depths, self.fine_skip = depths, fine_skip
        self.stem_down = nn.ModuleDict({str(d): whole.stem_down[str(d)].mod for d in range(depths)})
        self.stem_up = nn.ModuleDict({str(d): whole.stem_up[str(d)].mod for d in range(depths)})
        self.cells = nn.ModuleDict(
            {
                f"{layer}_{edge}": space.cell_tree[str((layer, edge))]
                for layer in range(blocks)
                for edge in range(3 * depths - 2)
            }
        )
        self.final = whole.stem_finals
        use_channel_norm(self)

    def forward(self, x: torch.Tensor, path: Path, credit: Credit | None = None) -> torch.Tensor:
        """Logits of the path's network. With ``credit`` the loss has gradients for the chances too."""
        read = sorted({edge_ends(int(e))[0] for e in np.flatnonzero(path.edges[0])})
        nodes = {d: self.stem_down[str(d)](x) for d in read if d}
        fine = None
        if 0 in read:
            nodes[0], fine = stem_with_fine(self.stem_down["0"], x)
        for layer in range(len(path.edges)):
            nodes = self._layer(layer, nodes, path, credit)
        rising = self._rise(nodes)
        return self.final(rising + fine if self.fine_skip and fine is not None else rising)

    def _layer(
        self, layer: int, nodes: dict[int, torch.Tensor], path: Path, credit: Credit | None
    ) -> dict[int, torch.Tensor]:
        """Run the active edges of one layer: features by resolution -> features by resolution."""
        after: dict[int, torch.Tensor] = {}
        heard: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}
        for edge in map(int, np.flatnonzero(path.edges[layer])):
            start, end = edge_ends(edge)
            cell, operation = self.cells[f"{layer}_{edge}"], int(path.operations[layer, edge])
            inner = cell.preprocess(nodes[start])
            out = cell.op.ops[operation](inner)
            after[end] = after[end] + out if end in after else out
            if credit is not None:
                tried = run_apart(cell.op.ops[int(path.trial_operations[layer, edge])], inner)
                chance = credit.operations[layer, edge]
                heard.setdefault(end, []).append((credit.edges[layer, edge] + chance, out.detach()))
                heard[end].append((1 - chance, tried))
        if credit is not None:
            for edge in map(int, np.flatnonzero(path.trial_edges[layer])):
                start, end = edge_ends(edge)
                if start in nodes and end in after:
                    cell, operation = self.cells[f"{layer}_{edge}"], int(path.operations[layer, edge])
                    tried = run_apart(lambda x, c=cell, o=operation: c.op.ops[o](c.preprocess(x)), nodes[start])
                    heard[end].append((credit.edges[layer, edge], tried))
            for end, parts in heard.items():
                after[end] = Heard.apply(after[end], torch.stack([c for c, _ in parts]), *[o for _, o in parts])
        return after

    def _rise(self, nodes: dict[int, torch.Tensor]) -> torch.Tensor:
        """From the deepest active resolution back to the image's, adding what each resolution holds."""
        rising: torch.Tensor | None = None
        for d in range(max(nodes), -1, -1):
            here = nodes.get(d)
            total = rising if here is None else here if rising is None else here + rising
            rising = self.stem_up[str(d)](total)
        return rising

    def parts(self) -> tuple[Cell, ...]:
        """One layer's cells, edge by edge: what every layer is made of, for counting."""
        return tuple(self.cells[f"0_{edge}"] for edge in range(3 * self.depths - 2))


class Heard(torch.autograd.Function):
    """Identity on a node's value; tells the coefficient of each output how the loss would change with more of it."""

    @staticmethod
    def forward(ctx, total: torch.Tensor, coefficients: torch.Tensor, *outputs: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(*outputs)
        ctx.kind = coefficients.dtype
        return total.view_as(total)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        gains = [(gradient * out).sum(dtype=torch.float32) for out in ctx.saved_tensors]
        return gradient, torch.stack(gains).to(ctx.kind), *[None] * len(gains)


def run_apart(operation, x: torch.Tensor) -> torch.Tensor:
    """The operation's output, with no graph behind it."""
    with torch.no_grad():
        return operation(x.detach())
