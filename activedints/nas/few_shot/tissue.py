"""Episodes of tissue: examples from one scan, targets from another, as when a new lesion kind is to be triaged.

Classes are ``SCAN/KIND`` (``patches.py``); the same kinds in two scans make an episode. A learner is measured on scans
that it never saw, beside a logistic regression on intensities that needs no learning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot.episodes import EpisodePlan, Episodes, ImageClasses, gather
from activedints.nas.few_shot.learners import EpisodeSource

Kinds = dict[str, dict[str, int]]


def kinds_of(images: ImageClasses) -> Kinds:
    """For each scan its kinds of tissue and their class numbers.

    >>> some = ImageClasses(np.zeros((3, 2, 1, 28, 28), np.uint8), ("a/edema", "a/healthy", "b/edema"))
    >>> kinds_of(some)
    {'a': {'edema': 0, 'healthy': 1}, 'b': {'edema': 2}}
    """
    found: Kinds = {}
    for number, name in enumerate(images.names):
        scan, _, kind = name.rpartition("/")
        found.setdefault(scan, {})[kind] = number
    return found


def pairs_of(images: ImageClasses, most: int) -> tuple[int, list[tuple[dict[str, int], dict[str, int], list[str]]]]:
    """The number of kinds of an episode (``most`` at most), and every two scans, in both orders, that share so many.

    InvalidSettings where no two scans share two kinds.
    """
    both = [(a, b, sorted(a.keys() & b.keys())) for a, b in permutations(kinds_of(images).values(), 2)]
    way = min(most, max((len(shared) for _, _, shared in both), default=0))
    if way < 2:
        raise InvalidSettings(
            "No two scans share two kinds of tissue with enough voxels, so there is no episode across scans: annotate "
            "one more case."
        )
    return way, [pair for pair in both if len(pair[2]) >= way]


def crossed(
    images: ImageClasses,
    most: int,
    shot: int,
    target: int,
    episodes: int,
    generator: np.random.Generator,
    turned: bool = False,
) -> Episodes:
    """Episodes with support from one scan and targets from another; ``turned`` gives each one quarter turn of its own.

    InvalidSettings where examples or scans are too few.
    """
    way, pairs = pairs_of(images, most)
    each = images.images.shape[1]
    if not (0 < shot <= each and 0 < target <= each):
        raise InvalidSettings(f"{shot} support and {target} target patches are asked for; each class has {each}.")
    sides = np.empty((2, episodes, way), np.int64)
    turns = np.zeros((episodes, way), np.int64)
    for episode in range(episodes):
        near, far, shared = pairs[generator.integers(len(pairs))]
        chosen = [shared[index] for index in generator.permutation(len(shared))[:way]]
        sides[:, episode] = [[scan[kind] for kind in chosen] for scan in (near, far)]
        if turned:
            turns[episode] = generator.integers(4)
    parts = []
    for classes, number in zip(sides, (shot, target)):
        examples = generator.random((episodes, way, each)).argsort(-1)[..., :number]
        parts.append(gather(images, EpisodePlan(classes, turns, examples, number)).support)
    return Episodes(parts[0], parts[1], way, shot)


@dataclass(frozen=True)
class AcrossScans(EpisodeSource):
    """What a learner of tissue is fed; ``way`` is the most, where scans show fewer kinds it is fewer."""

    def batches(self, images: ImageClasses, seed: tuple[int, ...], number: int) -> Iterator[Episodes]:
        generator = np.random.default_rng(seed)
        for _ in range(number):
            yield crossed(images, self.way, self.shot, self.target, self.episodes, generator, self.turned)


def intensities(images: Tensor) -> Tensor:
    """Mean of the whole patch and of its middle, by channel: (episode, image, 2 * channel)."""
    return torch.cat([images.mean((-2, -1)), images[..., 11:17, 11:17].mean((-2, -1))], -1)


def regression(batch: Episodes) -> npt.NDArray[np.float64]:
    """Accuracy (0..1) of a logistic regression on intensities, fitted to each episode's support."""
    found = []
    for near, far in zip(intensities(batch.support), intensities(batch.target)):
        middle, spread = near.mean(0), near.std(0).clamp_min(0.01)
        model = LogisticRegression(max_iter=1000).fit((near - middle) / spread, batch.support_labels)
        found.append((model.predict((far - middle) / spread) == batch.target_labels.numpy()).mean())
    return np.array(found)
