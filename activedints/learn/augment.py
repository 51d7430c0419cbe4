"""Cheap augmentation of a batch on its device; every choice is drawn from the random stream that is handed in."""

import numpy as np
import torch
import torch.nn.functional as F

from activedints.core.volume import IGNORE


def augment(image: torch.Tensor, label: torch.Tensor, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """(batch, channel, x, y, z), (batch, x, y, z) uint8 -> the same shapes, each item changed in its own way.

    Flips always, rotation and zoom for a third of the items, then intensity. Zero voxels (outside the brain) and
    absent channels stay zero; what is turned in from outside the patch is ignored by the loss.
    """
    images, labels = [], []
    for item, mask in zip(image, label):
        if random.random() < 0.33:
            item, mask = _turn(item, mask, random)
        axes = [axis for axis in (1, 2, 3) if random.random() < 0.5]
        item, mask = item.flip(axes), mask.flip([axis - 1 for axis in axes])
        images.append(_intensity(item, random))
        labels.append(mask)
    return torch.stack(images), torch.stack(labels)


def _turn(item: torch.Tensor, mask: torch.Tensor, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotate by up to 20 degrees about each axis and zoom by 0.8 to 1.25."""
    a, b, c = random.uniform(-np.pi / 9, np.pi / 9, 3)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    matrix = about_x @ about_y @ about_z * np.exp(random.uniform(np.log(0.8), np.log(1.25)))
    theta = torch.tensor(np.c_[matrix, np.zeros(3)], dtype=torch.float32, device=item.device)[None]
    grid = F.affine_grid(theta, [1, 1, *mask.shape], align_corners=False)
    turned = F.grid_sample(item[None], grid, mode="bilinear", padding_mode="zeros", align_corners=False)[0]
    shifted = (mask.float() + 1)[None, None]  # 0 then means "from outside"
    inside = F.grid_sample(shifted, grid, mode="nearest", padding_mode="zeros", align_corners=False)[0, 0] - 1
    return turned, torch.where(inside < 0, float(IGNORE), inside).to(torch.uint8)


def _intensity(item: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Per channel: scale, shift, gamma, noise, lower resolution; now and then a channel goes missing."""
    channels = item.shape[0]
    column = lambda values: torch.tensor(values, dtype=torch.float32, device=item.device).view(-1, 1, 1, 1)  # noqa: E731
    inside = item != 0
    scale, shift = random.uniform(0.8, 1.25, channels), random.uniform(-0.15, 0.15, channels)
    changed = item * column(scale) + column(shift)
    if random.random() < 0.3:
        power = column(np.exp(random.uniform(-0.35, 0.35, channels)))
        changed = changed.sign() * (changed.abs() + 1e-6) ** power
    if random.random() < 0.2:
        chosen = int(random.integers(channels))
        factor = random.uniform(0.3, 0.8)
        small = F.interpolate(changed[None, chosen : chosen + 1], scale_factor=factor, mode="trilinear")
        changed[chosen] = F.interpolate(small, size=changed.shape[1:], mode="trilinear")[0, 0]
    if random.random() < 0.2:
        stream = torch.Generator(item.device).manual_seed(int(random.integers(2**62)))
        noise = torch.randn(changed.shape, generator=stream, device=item.device)
        changed = changed + noise * float(random.uniform(0.0, 0.25))
    changed = changed * inside
    if channels > 1 and random.random() < 0.05:
        changed[int(random.integers(channels))] = 0
    return changed
