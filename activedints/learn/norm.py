"""The norms of our networks: instance norm that is fast on CPUs in channels-last memory, and batch norm.

Instance norm forgets how bright a window is beside the rest of the scan, and a window without a tumour then shows its
brightest tissue as one. Batch norm with running statistics (Ioffe & Szegedy, ICML 2015) remembers
(docs/decisions/0008-batch-norm.md).

PyTorch's own instance norm leaves the channels-last format, and its group norm takes ten times as long backwards in
bfloat16 (58 against 5 ms for 2 x 8 x 48^3 on one core). The batch norm of each item alone computes the same.
"""

import torch
import torch.nn.functional as F
from torch import nn

MOMENTUM = 0.05
"""Of the running statistics: a step shows two patches, which are not yet a data set."""
OWN = 0.1
"""Share of a window's own statistics when a network is used: a step towards a scanner that the training never saw
(Schneider et al., NeurIPS 2020)."""
FEW = 2.0
"""So many cases of a fine-tuning know as much as the window itself."""
UNMOVED = 12.0
"""The share is at most the number of cases in so many: where a fine-tuning is hardly believed, it hardly moved them."""


def own_share(cases: int) -> float:
    """The share after a fine-tuning: its few cases moved the running statistics towards themselves, so a window's own
    weigh more the fewer they were (the prior of Schneider et al.); but one or two moved them little
    (docs/decisions/0010-back-to-the-starter.md). Never less than OWN.

    >>> [round(own_share(cases), 2) for cases in (1, 2, 4, 6, 100)]
    [0.1, 0.17, 0.33, 0.25, 0.1]
    """
    return max(OWN, min(cases / UNMOVED, FEW / (FEW + cases)))


def use_own_share(network: nn.Module, share: float) -> None:
    """Let every batch norm below ``network`` use this share; ValueError outside 0..1."""
    if not 0 <= share <= 1:
        raise ValueError(f"the share of a window's own statistics is between 0 and 1; it is {share}")
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.own = share


class BatchNorm(nn.Module):
    """Batch norm with running statistics and no counter of steps: all its tensors are floats, as a model file's are."""

    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.eps = eps
        self.own = OWN

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        known = self.running_mean, self.running_var
        if self.training:
            return F.batch_norm(x, *known, self.weight, self.bias, True, MOMENTUM, self.eps)
        items = [F.batch_norm(i, *self._adapted(i), self.weight, self.bias, False, 0.0, self.eps) for i in x.split(1)]
        return torch.cat(items) if len(items) > 1 else items[0]

    def _adapted(self, item: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and variance by which one window is normalised: the training's, moved by ``own`` to the window's."""
        _, mean, inverse = torch.native_batch_norm(item, self.weight, self.bias, None, None, True, 0.0, self.eps)
        return self.running_mean.lerp(mean, self.own), self.running_var.lerp(inverse**-2 - self.eps, self.own)


class ChannelNorm(nn.Module):
    """Instance norm with weight and bias, kept in the memory format of its input."""

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.is_cuda:
            return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)
        items = [F.batch_norm(i, None, None, self.weight, self.bias, True, 0.0, self.eps) for i in x.split(1)]
        return torch.cat(items) if len(items) > 1 else items[0]


def use_channel_norm(module: nn.Module, kind: str = "instance") -> None:
    """Replace every norm of single channels below ``module`` by one of the same weights: ``"instance"``, or
    ``"batch"`` with running statistics."""
    for name, child in module.named_children():
        channels = getattr(child, "num_features", None) or getattr(child, "num_channels", None)
        single = isinstance(child, nn.InstanceNorm3d) or getattr(child, "num_groups", None) == channels
        if channels and single:
            made = (ChannelNorm if kind == "instance" else BatchNorm)(channels, child.eps)
            made.load_state_dict(made.state_dict() | child.state_dict())
            setattr(module, name, made)
        else:
            use_channel_norm(child, kind)
