"""Instance norm that is fast on CPUs in channels-last memory.

PyTorch's own instance norm leaves the channels-last format, and its group norm takes ten times as long backwards in
bfloat16 (58 against 5 ms for 2 x 8 x 48^3 on one core). The batch norm of each item alone computes the same.
"""

import torch
import torch.nn.functional as F
from torch import nn


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


def use_channel_norm(module: nn.Module) -> None:
    """Replace every norm of single channels below ``module`` by a ChannelNorm of the same weights."""
    for name, child in module.named_children():
        channels = getattr(child, "num_features", None) or getattr(child, "num_channels", None)
        single = isinstance(child, nn.InstanceNorm3d) or getattr(child, "num_groups", None) == channels
        if channels and single:
            norm = ChannelNorm(channels, child.eps)
            norm.load_state_dict(child.state_dict())
            setattr(module, name, norm)
        else:
            use_channel_norm(child)
