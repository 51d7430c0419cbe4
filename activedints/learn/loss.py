"""Dice + cross entropy that skips the ignore label."""

import torch
import torch.nn.functional as F

from activedints.core.volume import IGNORE


def dice_ce(logits: torch.Tensor, label: torch.Tensor, smooth: float = 1e-5) -> torch.Tensor:
    """Mean cross entropy plus one minus the mean foreground Dice, both over annotated voxels alone.

    ``logits`` (B, class, x, y, z), ``label`` (B, x, y, z) uint8 with 255 = ignore. The soft Dice is taken over the
    whole batch (nnU-Net's batch dice), so that a patch without a class does not dominate. A batch without one
    annotated voxel gives 0.
    """
    logits = logits.float().contiguous()
    valid = label != IGNORE
    target = torch.where(valid, label, 0).long()
    log_p = F.log_softmax(logits, 1)
    weight = valid.to(log_p.dtype)[:, None]
    one_hot = torch.zeros_like(log_p).scatter_(1, target[:, None], 1.0) * weight
    cross_entropy = -(one_hot * log_p).sum() / weight.sum().clamp(min=1)
    p = log_p.exp() * weight
    axes = (0, 2, 3, 4)
    overlap, total = (p * one_hot).sum(axes)[1:], (p + one_hot).sum(axes)[1:]
    dice = 1 - ((2 * overlap + smooth) / (total + smooth)).mean()
    return cross_entropy + dice * valid.any()
