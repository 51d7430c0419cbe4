"""NASWOT: a score of an untrained network from its rectifiers alone (Mellor et al., ICML 2021).

A batch of N images goes through the network once. Every rectifier sees each image as a binary code of its active units;
K counts, over all rectifiers, in how many units two images agree, and the score is log |det K|: the more differently
the images are seen, the higher. No label, no training. It is a prior and not a law: on the small networks of our
measured table it says next to nothing (docs/figures.md).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from activedints.core.errors import InvalidSettings
from activedints.core.settings import check_number
from activedints.nas.rank.cells import Codes, live_edges
from activedints.nas.rank.nasbench import OPERATIONS_201

Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Skeleton:
    """NAS-Bench-201's network around its cell (Dong and Yang 2020): three stages of ``repeats`` cells, residual blocks
    of stride 2 between them that double the channels."""

    channels: int = 16
    repeats: int = 5
    stages: int = 3

    def __post_init__(self) -> None:
        check_number("The number of channels of a network", self.channels, 512)
        check_number("The number of cells a stage", self.repeats, 100)


@dataclass
class Agreement:
    """K, (image, image), as codes come in; equal rectifiers of one tensor are counted ``times`` without being made."""

    kernel: torch.Tensor
    units: int = 0

    def see(self, x: torch.Tensor, times: int = 1) -> None:
        """Codes of a rectifier's input (image, ...): agreements are (units + s s^T) / 2 for signs s."""
        signs = torch.where(x.flatten(1) > 0, 1.0, -1.0)
        self.kernel.addmm_(signs, signs.T, alpha=times / 2).add_(times * signs.shape[1] / 2)
        self.units += times * signs.shape[1]


class Untrained:
    """A network as it comes from its seed, run once; weights are drawn as layers are met, by torch's own rule."""

    def __init__(self, edges: Codes, skeleton: Skeleton, seed: int):
        self.edges, self.skeleton = edges, skeleton
        self.draw = torch.Generator().manual_seed(seed)

    def conv(self, x: torch.Tensor, out: int, kernel: int, stride: int = 1) -> torch.Tensor:
        bound = (x.shape[1] * kernel * kernel) ** -0.5
        weight = torch.empty(out, x.shape[1], kernel, kernel).uniform_(-bound, bound, generator=self.draw)
        return F.conv2d(x, weight, stride=stride, padding=kernel // 2)

    def normed(self, x: torch.Tensor) -> torch.Tensor:
        return F.batch_norm(x, None, None, training=True)

    def cell(self, x: torch.Tensor, seen: Agreement) -> torch.Tensor:
        states: list[torch.Tensor | None] = [x, None, None, None]
        for i in range(4):
            before = states[i]
            if before is None:
                continue
            kinds = {j: OPERATIONS_201[code - 1] for j in range(i + 1, 4) if (code := int(self.edges[i, j]))}
            rectified = sum(one.kind == "conv" for one in kinds.values())
            active = before.relu() if rectified else before
            if rectified:
                seen.see(before, rectified)
            for j, one in kinds.items():
                if one.kind == "conv":
                    made = self.normed(self.conv(active, x.shape[1], one.kernel))
                elif one.kind == "pool":
                    made = F.avg_pool2d(before, 3, 1, 1, count_include_pad=False)
                else:
                    made = before
                states[j] = made if states[j] is None else states[j] + made
        last = states[-1]
        return torch.zeros_like(x) if last is None else last

    def reduction(self, x: torch.Tensor, seen: Agreement) -> torch.Tensor:
        out = 2 * x.shape[1]
        seen.see(x)
        first = self.normed(self.conv(x.relu(), out, 3, stride=2))
        seen.see(first)
        second = self.normed(self.conv(first.relu(), out, 3))
        return second + self.conv(F.avg_pool2d(x, 2), out, 1)

    def run(self, images: torch.Tensor) -> Agreement:
        seen = Agreement(torch.zeros(len(images), len(images)))
        x = self.normed(self.conv(images, self.skeleton.channels, 3))
        for stage in range(self.skeleton.stages):
            if stage:
                x = self.reduction(x, seen)
            for _ in range(self.skeleton.repeats):
                x = self.cell(x, seen)
        seen.see(self.normed(x))
        return seen


@torch.no_grad()
def naswot(edges: Codes, images: Images, skeleton: Skeleton | None = None, seed: int = 0) -> float:
    """The score of one cell (vertex, vertex) on images (image, channel, y, x); -inf for a cell that lets nothing
    through and for a network that sees two images alike. InvalidSettings for fewer than two images or a side that is
    not a multiple of 4.
    """
    if images.ndim != 4 or len(images) < 2 or images.shape[2] % 4 or images.shape[3] % 4:
        raise InvalidSettings(f"NASWOT needs two images or more whose sides are multiples of 4; it got {images.shape}.")
    if not live_edges(edges[None]).any():
        return float("-inf")
    seen = Untrained(edges, skeleton or Skeleton(), seed).run(torch.from_numpy(images))
    sign, score = torch.linalg.slogdet(seen.kernel.double())
    return float(score) if sign > 0 else float("-inf")


def log_determinant(codes: npt.NDArray[np.bool_]) -> float:
    """The score of given codes (image, unit), for those who want to check by hand.

    >>> round(log_determinant(np.array([[1, 0], [0, 1]], bool)), 6)  # K = [[2, 0], [0, 2]], det 4
    1.386294
    """
    both = codes.astype(float)
    sign, score = np.linalg.slogdet(both @ both.T + (1 - both) @ (1 - both).T)
    return float(score) if sign > 0 else float("-inf")
