"""Episodes: N classes with K examples each to learn from (support), and others of the same classes to be told (target).

An ``EpisodePlan`` is a list of numbers (which classes, turned how, which examples), made from a seed and nothing else,
so that an evaluation list can be named by its fingerprint; ``gather`` turns it into tensors. Images are ink-on-paper or
MRI patches alike: ``(class, example, channel, y, x)`` uint8 with 0 for the background.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from activedints.core.errors import InvalidFile, InvalidSettings

SIZE = 28
"""Side of every image in pixels."""

EVALUATION_SEED = 20_201
"""Seed of the fixed evaluation lists."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ImageClasses:
    """``images`` (class, example, channel, y, x) uint8 and one name per class."""

    images: npt.NDArray[np.uint8]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.images.ndim != 5 or self.images.dtype != np.uint8 or self.images.shape[3:] != (SIZE, SIZE):
            raise InvalidFile(
                f"Few-shot images must be (class, example, channel, {SIZE}, {SIZE}) uint8; these are "
                f"{self.images.shape} {self.images.dtype}: resize and convert them."
            )
        if len(self.names) != len(self.images):
            raise InvalidFile(f"{len(self.images)} classes need as many names; there are {len(self.names)}.")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def groups(self) -> tuple[Numbers, ...]:
        """Classes by the part of their name before the last "/": an alphabet, or a scan."""
        of = [name.rpartition("/")[0] for name in self.names]
        return tuple(np.flatnonzero(np.array(of) == group) for group in dict.fromkeys(of))

    def subset(self, classes: npt.ArrayLike) -> "ImageClasses":
        """These classes only, in this order."""
        chosen = np.asarray(classes)
        return ImageClasses(self.images[chosen], tuple(np.asarray(self.names)[chosen].tolist()))


@dataclass(frozen=True)
class EpisodePlan:
    """``classes`` and ``turns`` (episode, way), ``examples`` (episode, way, shot + target); quarter turns."""

    classes: Numbers
    turns: Numbers
    examples: Numbers
    shot: int

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def way(self) -> int:
        return int(self.classes.shape[1])

    def part(self, lo: int, hi: int) -> "EpisodePlan":
        """Episodes ``lo`` to ``hi`` (half-open)."""
        return EpisodePlan(self.classes[lo:hi], self.turns[lo:hi], self.examples[lo:hi], self.shot)

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that name this list of episodes."""
        parts = (np.ascontiguousarray(v, np.int64).tobytes() for v in (self.classes, self.turns, self.examples))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


@dataclass(frozen=True)
class Episodes:
    """``support`` (episode, way * shot, channel, y, x) and ``target`` float32 in 0..1, both class by class."""

    support: Tensor
    target: Tensor
    way: int
    shot: int

    @property
    def support_labels(self) -> Tensor:
        """(way * shot,) the same for every episode: 0 .. 0, 1 .. 1, and so on."""
        return torch.arange(self.way).repeat_interleave(self.support.shape[1] // self.way)

    @property
    def target_labels(self) -> Tensor:
        return torch.arange(self.way).repeat_interleave(self.target.shape[1] // self.way)


def plan(
    images: ImageClasses,
    way: int,
    shot: int,
    target: int,
    episodes: int,
    generator: np.random.Generator,
    turned: bool = False,
    grouped: bool = False,
) -> EpisodePlan:
    """Plan ``episodes`` of ``way`` classes with ``shot`` support and ``target`` target examples each.

    ``turned`` makes every class four, by quarter turns; ``grouped`` takes all classes of an episode from one group (one
    alphabet, one scan), among the groups that have enough. InvalidSettings where the images are too few.
    """
    total, each = images.images.shape[:2]
    turns = 4 if turned else 1
    groups = images.groups if grouped else (np.arange(total),)
    most = turns * max(map(len, groups))
    if not 2 <= way <= most:
        raise InvalidSettings(
            f"{way}-way episodes need that many classes{' in a group' if grouped else ''} and 2 to {most} are there: "
            "choose fewer."
        )
    if shot < 1 or target < 1 or shot + target > each:
        raise InvalidSettings(
            f"{shot} support and {target} target examples need {shot + target} images per class; each class has {each}."
        )
    enough = [group for group in groups if turns * len(group) >= way]
    classes, quarters = np.empty((2, episodes, way), np.int64)
    for episode in range(episodes):
        group = enough[generator.integers(len(enough)) if grouped else 0]
        kind = generator.permutation(turns * len(group))[:way]
        classes[episode], quarters[episode] = group[kind % len(group)], kind // len(group)
    examples = generator.random((episodes, way, each)).argsort(-1)[..., : shot + target]
    return EpisodePlan(classes, quarters, examples, shot)


def evaluation_list(images: ImageClasses, way: int, shot: int, target: int = 5, episodes: int = 600) -> EpisodePlan:
    """The fixed list on which figures are reported: upright classes, always the same for the same images."""
    return plan(images, way, shot, target, episodes, np.random.default_rng([EVALUATION_SEED, way, shot]))


def gather(images: ImageClasses, wanted: EpisodePlan) -> Episodes:
    """Fetch, turn and scale the images of a plan."""
    pixels = images.images[wanted.classes[..., None], wanted.examples]
    for quarter in (1, 2, 3):
        at = wanted.turns == quarter
        if at.any():
            pixels[at] = np.rot90(pixels[at], quarter, axes=(-2, -1))
    tensor = torch.from_numpy(pixels).float().div_(255)
    support, target = tensor[:, :, : wanted.shot], tensor[:, :, wanted.shot :]
    return Episodes(support.flatten(1, 2), target.flatten(1, 2), wanted.way, wanted.shot)


def from_drawings(drawings: list[list[npt.NDArray[np.uint8]]], names: list[str] | None = None) -> ImageClasses:
    """Classes that a visitor drew or picked: for each class the same number of (28, 28) uint8 images, ink bright on 0.

    InvalidSettings for fewer than two classes or unequal numbers; InvalidFile for another size or mode, or a blank
    drawing.
    """
    counts = sorted({len(examples) for examples in drawings})
    if len(drawings) < 2 or len(counts) != 1 or counts[0] < 1:
        raise InvalidSettings(
            f"An episode needs two classes or more with equally many examples; there are {len(drawings)} with {counts}."
        )
    for number, examples in enumerate(drawings, 1):
        for image in examples:
            check_drawing(image, f"class {number}")
    labels = names or [f"class {number}" for number in range(1, len(drawings) + 1)]
    return ImageClasses(np.stack([np.stack(examples)[:, None] for examples in drawings]), tuple(labels))


def check_drawing(image: npt.NDArray[np.uint8], of: str) -> None:
    """InvalidFile unless the image is (28, 28) uint8 and not blank."""
    if image.shape != (SIZE, SIZE) or image.dtype != np.uint8:
        raise InvalidFile(
            f"A drawing of {of} must be {SIZE} x {SIZE} grey uint8; it is {image.shape} {image.dtype}: convert it."
        )
    if np.ptp(image) < 16:
        raise InvalidFile(f"A drawing of {of} is blank (grey values within {np.ptp(image)}): draw a stroke on it.")
