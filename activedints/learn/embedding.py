"""What cases look like before anybody labelled one: handcrafted numbers and a self-supervised embedding.

The embedding is learned from the pool's images alone by contrast (SimCLR, Chen et al., ICML 2020): two changed views
of one case are to look alike, views of different cases unlike. Cases are seen at a coarse grid, so that it takes
seconds; it serves the cold start, where a few dozen cases have to be told apart.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from activedints.core.job import Report, silent
from activedints.learn.augment import augment
from activedints.learn.compute import threads
from activedints.learn.data import TrainingCase, bounding_box, normalise, resample

SIDE = 24
"""Voxels a side at which a whole brain is seen."""
STEPS = 150
BATCH = 16
WIDTH = 32
TEMPERATURE = 0.2
QUANTILES = (1, 10, 50, 90, 99)


def handcrafted(case: TrainingCase) -> npt.NDArray[np.float64]:
    """Brain size in litres, and per channel the quantiles of the normalised brain and how unlike its left is its right.

    A lesion shows in the upper quantiles and in the asymmetry.
    """
    box = bounding_box(case.brain)
    image, brain = normalise(case.image[(slice(None), *box)], case.brain[box]), case.brain[box]
    found = [float(case.brain.sum()) * float(np.prod(case.spacing)) / 1e6]
    for channel in image:
        found += [float(q) for q in np.percentile(channel[brain], QUANTILES)] if brain.any() else [0.0] * len(QUANTILES)
        found.append(float(np.abs(channel - channel[::-1])[brain].mean()) if brain.any() else 0.0)
    return np.array(found)


def embed_cases(
    cases: Sequence[TrainingCase], seed: int = 0, steps: int | None = None, report: Report = silent
) -> npt.NDArray[np.float64]:
    """(case, feature): handcrafted and self-supervised features side by side; no label is read.

    The same cases, seed and steps give the same numbers on one machine's CPU.
    """
    steps = STEPS if steps is None else steps
    plain = np.stack([handcrafted(case) for case in cases])
    with threads(1):
        learned = _contrasted(torch.stack([_small(case) for case in cases]), seed, steps, report)
    return np.concatenate([plain, learned], axis=1)


def _small(case: TrainingCase) -> torch.Tensor:
    """A whole brain (channel, SIDE, SIDE, SIDE)."""
    box = bounding_box(case.brain)
    return resample(torch.from_numpy(normalise(case.image[(slice(None), *box)], case.brain[box])), (SIDE,) * 3)


def _encoder(channels: int, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for before, after in ((channels, 8), (8, 16), (16, WIDTH)):
        layers += [nn.Conv3d(before, after, 3, stride=2, padding=1), nn.GroupNorm(4, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten())


def _contrasted(brains: torch.Tensor, seed: int, steps: int, report: Report) -> npt.NDArray[np.float64]:
    encoder = _encoder(brains.shape[1], seed)
    head = nn.Linear(WIDTH, WIDTH)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], 2e-3)
    nothing = torch.zeros((brains.shape[0], SIDE, SIDE, SIDE), dtype=torch.uint8)
    for step in range(steps if len(brains) > 2 else 0):
        random = np.random.default_rng((seed, step))
        pick = random.permutation(len(brains))[:BATCH]
        views = [augment(brains[pick], nothing[pick], random)[0] for _ in range(2)]
        first, second = (F.normalize(head(encoder(view)), dim=1) for view in views)
        logits = first @ second.T / TEMPERATURE
        target = torch.arange(len(pick))
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        report(step + 1, steps, "Learning what the cases look like")
    with torch.no_grad():
        return encoder(brains).double().numpy()
