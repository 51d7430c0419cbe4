"""Data sets as the encoder reads them: descriptors and landmarks of the same few images a class, on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from activedints.nas.advisor import descriptors, landmarks
from activedints.nas.measured.image_sets import ImageSet

IMAGES = 20
"""Images a class that are looked at (MetaD2A's number)."""
DRAWS = 4
"""Different draws of a known set that its landmarks are computed for."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A draw of a set: descriptors (class, image, feature) and landmarks (feature,)."""

    images: Array
    facts: Array


def view_of(support: npt.NDArray[np.floating]) -> View:
    """(class, image, y, x) of mean 0 and deviation 1 as the encoder reads it."""
    classes, number = support.shape[:2]
    flat = descriptors.describe(support.reshape(classes * number, *support.shape[2:]))
    return View(flat.reshape(classes, number, -1), landmarks.landmarks(support))


@dataclass(frozen=True)
class SetViews:
    """Draws of known sets, by name."""

    of: dict[str, tuple[View, ...]]

    @classmethod
    def make(cls, sets: Sequence[ImageSet], seed: int = 0) -> "SetViews":
        rng = np.random.default_rng(seed)
        return cls({one.name: tuple(view_of(one.support(IMAGES, rng)) for _ in range(DRAWS)) for one in sets})


@dataclass(frozen=True)
class Scaling:
    """Means and deviations over the meta-training sets, by which every set is scaled."""

    mean: Array
    deviation: Array
    fact_mean: Array
    fact_deviation: Array

    @classmethod
    def of(cls, views: SetViews, names: Sequence[str]) -> "Scaling":
        rows = np.concatenate([view.images.reshape(-1, view.images.shape[2]) for n in names for view in views.of[n]])
        facts = np.stack([view.facts for name in names for view in views.of[name]])
        return cls(rows.mean(0), rows.std(0) + 1e-3, facts.mean(0), facts.std(0) + 1e-3)

    @cached_property
    def features(self) -> int:
        return len(self.mean)

    def scaled(self, view: View) -> tuple[Tensor, Tensor]:
        images = np.clip((view.images - self.mean) / self.deviation, -4, 4)
        facts = np.clip((view.facts - self.fact_mean) / self.fact_deviation, -3, 3)
        return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(facts.astype(np.float32))

    def prepared(self, support: npt.NDArray[np.floating]) -> tuple[Tensor, Tensor]:
        """A new set's descriptors and landmarks, scaled."""
        return self.scaled(view_of(support))

    def drawn(self, views: SetViews, names: Sequence[str], rng: np.random.Generator) -> tuple[list[Tensor], Tensor]:
        """A random draw of each of the sets; classes in random order, half of the images of a class left out at random
        by taking some twice."""
        sets, facts = [], []
        for name in names:
            images, fact = self.scaled(views.of[name][rng.integers(len(views.of[name]))])
            classes, number = images.shape[:2]
            order = torch.from_numpy(rng.permutation(classes))
            picked = torch.from_numpy(rng.integers(0, number, (classes, number)))
            sets.append(images[order].gather(1, picked[:, :, None].expand(-1, -1, images.shape[2])))
            facts.append(fact)
        return sets, torch.stack(facts)
