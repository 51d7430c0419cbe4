"""FUSE: which of a few candidate cells serves a data set, by a mixture that is trained on it (Le et al., 2103.00241).

o(x) = sum_k softmax(c)_k f_k(x): weights of all candidates and the mixing weights c learn in turns, and the candidate
with the largest c is kept. c learns on validation images; the reference code tunes it on its test images, which is
not done here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from activedints.core.errors import InvalidSettings
from activedints.nas.measured.image_sets import ImageSet
from activedints.nas.measured.networks import Networks, Order, Schedule, batches

CANDIDATES = 5


@dataclass(frozen=True)
class Fused:
    """``mixture`` (step, candidate): softmax(c) along the way; ``chosen``: the candidate with most of it."""

    mixture: npt.NDArray[np.float64]

    @property
    def chosen(self) -> int:
        return int(self.mixture[-1].argmax())


def fuse(
    codes: npt.NDArray[np.int8], images: ImageSet, plan: Schedule | None = None, seed: int = 0, rate: float = 0.05
) -> Fused:
    """Choose among candidates ``codes`` (candidate, 4, 4). InvalidSettings for fewer than two, or a set without
    validation images."""
    if len(codes) < 2 or not len(images.validation):
        raise InvalidSettings("FUSE chooses among two candidates or more, on a data set with validation images.")
    plan = plan or Schedule()
    networks = Networks(codes, [seed] * len(codes), [images.classes] * len(codes), plan.channels)
    mixing = torch.zeros(len(codes), requires_grad=True)
    descent = torch.optim.AdamW(networks.parameters(), lr=plan.rate / 2, weight_decay=plan.decay)
    ascent, rng, kept = torch.optim.Adam([mixing], rate), np.random.default_rng(seed), []
    orders: Sequence[Order] = [Order(codes[0], images, seed)]
    for step, (pixels, labels) in enumerate(batches(orders, plan)):
        if step % 2:
            rows = rng.choice(len(images.validation), plan.batch)
            pixels = torch.from_numpy(images.validation.images[rows])[:, None, None]
            labels = torch.from_numpy(images.validation.labels[rows])[None]
        said = networks(pixels.expand(-1, len(codes), -1, -1, -1))
        share = mixing.softmax(0)
        loss = F.cross_entropy((share[:, None, None] * said).sum(0), labels[0])
        turn = ascent if step % 2 else descent
        ascent.zero_grad()
        descent.zero_grad()
        loss.backward()
        turn.step()
        kept.append(share.detach().double().numpy())
    return Fused(np.stack(kept))
