"""Meta-learners as stages of a recipe: each takes meta-weights and classes, and returns better meta-weights.

    recipe = (WarmUp(steps=900), Maml(iterations=400, second_order=False))
    params = meta_train(Conv4(), recipe, background, seed=0)

Finn et al. 2017 (MAML and its first-order form), Nichol et al. 2018 (REPTILE), Snell et al. 2017 (prototypes),
Triantafillou et al. 2020 (Proto-MAML); the supervised warm-up is the cosine baseline of Chen et al. 2019.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import Episodes, ImageClasses, gather, plan
from activedints.nas.few_shot.functional import Network, Params, keep_heap, spread, stack

REPORT_EVERY = 25

ONE_STEP = Adaptation(steps=1, rate=0.4, head="linear")
FIVE_STEPS = Adaptation(steps=5, rate=1e-3, optimiser="adam", head="linear")


class Stage(Protocol):
    """One stretch of meta-training."""

    def run(
        self, network: Network, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report
    ) -> Params: ...


def meta_train(
    network: Network, recipe: tuple[Stage, ...], images: ImageClasses, seed: int = 0, report: Report = silent
) -> Params:
    """Run the stages one after the other from the network's first weights. Same seed and one thread: same weights."""
    keep_heap()
    params = network.start(seed)
    for number, stage in enumerate(recipe):
        params = stage.run(network, params, images, (seed, number), report)
    return params


@dataclass(frozen=True)
class EpisodeSource:
    """What a meta-learner is fed: ``episodes`` at a time; ``turned`` and ``grouped`` as in ``episodes.plan``."""

    episodes: int = 16
    way: int = 5
    shot: int = 1
    target: int = 5
    turned: bool = True
    grouped: bool = False

    def batches(self, images: ImageClasses, seed: tuple[int, ...], number: int) -> Iterator[Episodes]:
        generator = np.random.default_rng(seed)
        for _ in range(number):
            counts = self.way, self.shot, self.target, self.episodes
            yield gather(images, plan(images, *counts, generator, self.turned, self.grouped))


def outer_optimiser(
    params: Params, rate: float, steps: int
) -> tuple[torch.optim.Adam, torch.optim.lr_scheduler.LRScheduler]:
    """Adam on the meta-weights with a cosine to a hundredth of the rate."""
    optimiser = torch.optim.Adam(params.values(), rate)
    return optimiser, torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, rate / 100)


def leaves(params: Params) -> Params:
    return {k: v.detach().clone().requires_grad_() for k, v in params.items()}


def detached(params: Params) -> Params:
    return {k: v.detach() for k, v in params.items()}


@dataclass(frozen=True)
class Maml:
    """MAML, first-order MAML (``second_order=False``) and, with a prototype head, Proto-MAML."""

    iterations: int
    second_order: bool = True
    adaptation: Adaptation = ONE_STEP
    source: EpisodeSource = EpisodeSource()
    rate: float = 1e-3

    def run(
        self, network: Network, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        params = with_head(network, params, images, self.adaptation, self.source)
        meta = leaves(params)
        optimiser, schedule = outer_optimiser(meta, self.rate, self.iterations)
        for iteration, batch in enumerate(self.source.batches(images, seed, self.iterations), 1):
            loss, right = self.target_loss(network, meta, batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if iteration % REPORT_EVERY == 0 or iteration == self.iterations:
                report(iteration, self.iterations, "MAML", {"loss": loss.item(), "accuracy": right})
        return detached(meta)

    def target_loss(self, network: Network, meta: Params, batch: Episodes) -> tuple[Tensor, float]:
        """Mean target loss after adaptation, differentiable in the meta-weights, and the accuracy."""
        head = self.adaptation.head
        if self.second_order:
            start = spread(meta, batch.support.shape[0])
            adapted = inner.adapt(network, start, batch.support, batch.way, self.adaptation, second_order=True)
        else:
            fast = inner.adapt(network, stack(meta, batch.support.shape[0]), batch.support, batch.way, self.adaptation)
            adapted = inner.first_order(network, meta, fast, batch.support, batch.way, head)
        scores = inner.logits(network.features(adapted, batch.target), adapted)
        right = (scores.detach().argmax(-1) == batch.target_labels).float().mean().item()
        return inner.loss_per_episode(scores, batch.target_labels).mean(), right


def with_head(
    network: Network, params: Params, images: ImageClasses, adaptation: Adaptation, source: EpisodeSource
) -> Params:
    """Add the meta-learned linear head where the adaptation wants one and there is none."""
    if adaptation.head != "linear" or "head.weight" in params:
        return params
    blank = torch.zeros(1, 2, *images.images.shape[2:])
    with torch.no_grad():
        width = network.features(spread(params, 1), blank).shape[-1]
    return params | inner.linear_head(width, source.way)


@dataclass(frozen=True)
class Reptile:
    """REPTILE: ``theta += pull * mean_i(phi_i - theta)``, support and target alike used to learn from."""

    iterations: int
    adaptation: Adaptation = FIVE_STEPS
    source: EpisodeSource = EpisodeSource(episodes=5, shot=2, target=1)
    pull: float = 1.0

    def run(
        self, network: Network, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        meta = with_head(network, params, images, self.adaptation, self.source)
        for iteration, batch in enumerate(self.source.batches(images, seed, self.iterations), 1):
            adapted = inner.adapt(network, stack(meta, len(batch.support)), batch.support, batch.way, self.adaptation)
            pull = self.pull * (1 - (iteration - 1) / self.iterations)
            meta = {k: v + pull * (adapted[k].detach().mean(0) - v) for k, v in meta.items()}
            if iteration % REPORT_EVERY == 0 or iteration == self.iterations:
                report(iteration, self.iterations, "REPTILE", {"accuracy": target_accuracy(network, adapted, batch)})
        return meta


@torch.no_grad()
def target_accuracy(network: Network, adapted: Params, batch: Episodes) -> float:
    """Share of targets told right by adapted weights (transductive)."""
    scores = inner.logits(network.features(adapted, batch.target), adapted)
    return (scores.argmax(-1) == batch.target_labels).float().mean().item()


@dataclass(frozen=True)
class Prototypes:
    """Prototypical networks: no adaptation; the features are trained so that the nearest class mean is right."""

    iterations: int
    source: EpisodeSource = EpisodeSource(episodes=1, way=40, target=4)
    rate: float = 1e-3

    def run(
        self, network: Network, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        nearest = Adaptation(steps=0, head="prototype")
        return Maml(self.iterations, True, nearest, self.source, self.rate).run(network, params, images, seed, report)


@dataclass(frozen=True)
class WarmUp:
    """Supervised training on all classes at once with a cosine classifier, which is then thrown away.

    ``shift`` moves every image by up to so many pixels; ``turned`` makes quarter turns further classes.
    """

    steps: int
    batch: int = 128
    rate: float = 3e-3
    scale: float = 10.0
    shift: int = 2
    turned: bool = False
    warped: float = 0.0
    smoothing: float = 0.0
    spread: float = 0.1

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 2:
            raise InvalidSettings(f"A warm-up needs a step and a batch of two or more; got {self}.")

    def run(
        self, network: Network, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        generator = np.random.default_rng(seed)
        with torch.no_grad():
            width = network.features(spread(params, 1), torch.zeros(1, 2, *images.images.shape[2:])).shape[-1]
        classes = len(images) * (4 if self.turned else 1)
        start = self.spread * torch.randn(
            classes, width, generator=torch.Generator().manual_seed(int(generator.integers(1 << 31)))
        )
        meta = leaves(params) | {"classifier": start.requires_grad_()}
        optimiser, schedule = outer_optimiser(meta, self.rate, self.steps)
        for step in range(1, self.steps + 1):
            pixels, labels = self.pick(images, generator)
            features = network.features({k: v[None] for k, v in meta.items() if k != "classifier"}, pixels[None])[0]
            scores = self.scale * F.normalize(features, dim=1) @ F.normalize(meta["classifier"], dim=1).T
            loss = F.cross_entropy(scores, labels, label_smoothing=self.smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if step % REPORT_EVERY == 0 or step == self.steps:
                right = (scores.detach().argmax(1) == labels).float().mean().item()
                report(step, self.steps, "warm-up", {"loss": loss.item(), "accuracy": right})
        del meta["classifier"]
        return detached(meta)

    def pick(self, images: ImageClasses, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """A batch of shifted (and turned) images (batch, channel, y, x) in 0..1 and their class numbers."""
        kind = generator.integers(len(images) * (4 if self.turned else 1), size=self.batch)
        of, quarter = kind % len(images), kind // len(images)
        pixels = images.images[of, generator.integers(images.images.shape[1], size=self.batch)]
        for turn in (1, 2, 3):
            if (quarter == turn).any():
                pixels[quarter == turn] = np.rot90(pixels[quarter == turn], turn, axes=(-2, -1))
        tensor = torch.from_numpy(pixels).float().div_(255)
        return shifted(tensor, self.shift, self.warped, generator), torch.from_numpy(kind)


def shifted(images: Tensor, pixels: int, warped: float, generator: np.random.Generator) -> Tensor:
    """Each image moved by up to ``pixels`` and, by an affine map of strength ``warped``, turned, scaled and sheared."""
    number, side = images.shape[0], images.shape[-1]
    theta = np.zeros((number, 2, 3), np.float32)
    theta[:, :, :2] = np.eye(2) + generator.uniform(-warped, warped, (number, 2, 2))
    theta[:, :, 2] = generator.uniform(-pixels, pixels, (number, 2)) * (2 / side)
    grid = F.affine_grid(torch.from_numpy(theta), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
