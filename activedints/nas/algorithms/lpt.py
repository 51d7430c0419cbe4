"""Learning by passing tests (Du, Zhang and Xie, arXiv 2011.15102): a tester makes ever harder tests for the learner.

The learner has weights W and architecture A, the tester an encoder E and a head X, and the creator C gives every
image of a bank a weight s in (0, 1) of being in the test. In turns

    W   descends   L(W, A; the learner's images)
    E, X descend   L(E, X; the tester's images) + gamma * the test's weighted loss of E, X
    C   ascends    the test's weighted loss of W, A
    A   descends   the same

First order only: every gradient is the direct one; that C changes E, and A changes W, is not followed, and the paper's
term lambda L(E, X; validation), which reaches C only through E, is therefore reported and steers nothing.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.job import Report, silent
from activedints.nas.algorithms import darts, supernet
from activedints.nas.algorithms.darts import Darts, Found, alternate, drawn
from activedints.nas.few_shot.darts import Loss, gradient, leaves
from activedints.nas.few_shot.functional import Params
from activedints.nas.measured.image_sets import ImageSet, Part

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lpt:
    """``rounds`` of ``learning.steps`` / rounds steps; after each the test is looked at: the ``share`` of the bank with
    the largest weights."""

    learning: Darts = field(default_factory=lambda: Darts(steps=90))
    rounds: int = 3
    share: float = 0.2
    gamma: float = 1.0
    rate: float = 5e-3


@dataclass
class Round:
    """``rows`` of the bank in the test, hardest first; the learner's mean loss on them and on the whole bank (nats),
    and its and the tester's accuracy on validation images, %."""

    rows: npt.NDArray[np.intp]
    test_loss: float
    bank_loss: float
    learner: float
    tester: float

    @property
    def difficulty(self) -> float:
        """How many times harder the test is than a random one."""
        return self.test_loss / max(self.bank_loss, 1e-9)


@dataclass
class Story:
    found: Found
    bank: Part
    rounds: list[Round] = field(default_factory=list)


class Tester:
    """Two strided convolutions and a head, and the creator's linear weights on what they see."""

    def __init__(self, classes: int, seed: int, rate: float):
        draw = torch.Generator().manual_seed(10_000 + seed)
        normal = lambda *shape: torch.randn(*shape, generator=draw)  # noqa: E731
        self.params = leaves(
            {
                "first": normal(16, 1, 3, 3) / 2,
                "second": normal(32, 16, 3, 3) / 8,
                "head": normal(32, classes) * 32**-0.5,
                "bias": torch.zeros(classes),
            }
        )
        self.creator = leaves({"weight": torch.zeros(32), "bias": torch.zeros(())})
        self.descent = torch.optim.Adam(self.params.values(), rate)
        self.ascent = torch.optim.Adam(self.creator.values(), 4 * rate, weight_decay=1e-3)

    def seen(self, images: Tensor) -> Tensor:
        x = supernet.normed(F.conv2d(images, self.params["first"], stride=2, padding=1)).relu()
        x = supernet.normed(F.conv2d(x, self.params["second"], stride=2, padding=1)).relu()
        return x.mean((2, 3))

    def scores(self, images: Tensor) -> Tensor:
        return self.seen(images) @ self.params["head"] + self.params["bias"]

    def chosen(self, images: Tensor) -> Tensor:
        """(image,) weight of every image in the test."""
        return (self.seen(images).detach() @ self.creator["weight"] + self.creator["bias"]).sigmoid()

    def step(self, own: darts.Batch, test: darts.Batch, gamma: float) -> None:
        s = self.chosen(test[0]).detach()
        hard = F.cross_entropy(self.scores(test[0]), test[1], reduction="none")
        loss = F.cross_entropy(self.scores(own[0]), own[1]) + gamma * (s * hard).sum() / s.sum()
        self.descent.zero_grad()
        loss.backward()
        self.descent.step()

    def harden(self, test: darts.Batch, losses: Tensor) -> None:
        """One step of the creator towards images on which the learner errs."""
        s = self.chosen(test[0])
        self.ascent.zero_grad()
        (-(s * losses).sum() / s.sum()).backward()
        self.ascent.step()


def weighted(s: Tensor, batch: darts.Batch) -> Loss:
    def loss(weights: Params, alphas: Params) -> Tensor:
        losses = F.cross_entropy(supernet.scores(weights, alphas, batch[0]), batch[1], reduction="none")
        return (s * losses).sum() / s.sum()

    return loss


def run(images: ImageSet, plan: Lpt | None = None, seed: int = 0, report: Report = silent) -> Story:
    """The whole game on the training part of a data set, a third of it each for learner, tester and bank."""
    plan, rng = plan or Lpt(), np.random.default_rng(seed)
    learn, own, bank = (Part(images.train.images[k::3], images.train.labels[k::3]) for k in range(3))
    tester, batch = Tester(images.classes, seed, plan.rate), plan.learning.batch
    story, done = Story(Found(), bank), 0

    def architect(weights: Params, alphas: Params, train: Loss, rate: float) -> Params:
        nonlocal done
        test = drawn(bank, batch, rng)
        tester.step(drawn(own, batch, rng), test, plan.gamma)
        with torch.no_grad():
            losses = F.cross_entropy(supernet.scores(weights, alphas, test[0]), test[1], reduction="none")
        tester.harden(test, losses)
        done += 1
        if done * plan.rounds // plan.learning.steps > len(story.rounds):
            story.rounds.append(looked_at(plan, tester, weights, alphas, bank, images.validation))
        a = leaves(alphas)
        return gradient(weighted(tester.chosen(test[0]).detach(), test)(leaves(weights), a), a)

    story.found = alternate(supernet.start(images.classes, seed), learn, plan.learning, architect, rng, report)
    return story


@torch.no_grad()
def looked_at(plan: Lpt, tester: Tester, weights: Params, alphas: Params, bank: Part, judge: Part) -> Round:
    images, labels = torch.from_numpy(bank.images)[:, None], torch.from_numpy(bank.labels)
    losses = F.cross_entropy(supernet.scores(weights, alphas, images), labels, reduction="none").numpy()
    order = np.argsort(-tester.chosen(images).numpy(), kind="stable")[: max(1, round(plan.share * len(bank)))]
    x, y = torch.from_numpy(judge.images)[:, None], torch.from_numpy(judge.labels)
    right = [
        100 * float((said.argmax(1) == y).float().mean())
        for said in (supernet.scores(weights, alphas, x), tester.scores(x))
    ]
    hardest = order[np.argsort(-losses[order], kind="stable")]
    return Round(hardest, float(losses[order].mean()), float(losses.mean()), *right)
