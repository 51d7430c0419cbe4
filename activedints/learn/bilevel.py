"""The two learners of a DiNTS search: weights on one half of the labelled cases, alphas on the other.

One loss in every precision and on every device: L_seg + w (H_a + H_c + |sigma - ram| + .001 L_topology). Every random
choice is drawn from (seed, step), so that nothing but tensors and the step number is needed to go on.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from activedints.core.architecture import Architecture
from activedints.core.decode import Alphas, Decoded, decode
from activedints.core.settings import SearchSettings
from activedints.learn.augment import augment
from activedints.learn.compute import autocast, pick_device
from activedints.learn.cost import MEGABYTE, Cost, cost, edge_costs
from activedints.learn.data import PatchSampler, TrainingCase, prepare, resident
from activedints.learn.loss import dice_ce
from activedints.learn.parallel import ALONE, Group
from activedints.learn.supernet import Supernet
from activedints.learn.topology import Path, Topology
from activedints.learn.train import CLIP_NORM, learning_rate

EVALUATED = 8
"""Fixed patches of the alphas' half on which the decoded network is evaluated."""
WEIGHTS, ALPHAS, EVALUATION, SPLIT = range(4)  # streams of random numbers


class Bilevel:
    """Supernet and alphas with an optimiser each, and the two halves of the cases."""

    def __init__(
        self,
        cases: Sequence[TrainingCase],
        classes: int,
        settings: SearchSettings,
        start: Alphas | None = None,
        group: Group = ALONE,
        device: str | None = None,
    ) -> None:
        self.settings, self.device, self.group = settings, pick_device(device or settings.device), group
        self.channels, self.classes = cases[0].image.shape[0], classes
        self.costs = edge_costs(settings.depths, settings.channel_mul, self.channels, classes, settings.patch)
        torch.manual_seed(settings.seed)
        self.net = Supernet(
            settings.blocks, settings.depths, settings.channel_mul, self.channels, classes, settings.fine_skip
        )
        self.net = self.net.to(self.device, memory_format=torch.channels_last_3d)
        self.topology = Topology(settings.blocks, settings.depths, self.costs.megabytes, start)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.alpha_optimiser = torch.optim.Adam(
            self.topology.parameters(), settings.architecture_learning_rate, betas=(0.5, 0.999)
        )
        self.step, self.mean_loss, self.gflops = 0, 0.0, 0.0
        self.counted: tuple[Decoded, Cost] | None = None
        ready = [prepare(case, classes, settings.spacing, settings.patch) for case in cases]
        order = self.random(0, SPLIT).permutation(len(ready))
        ready, half = resident(ready, self.device), (len(ready) + 1) // 2
        self.for_weights = PatchSampler([ready[i] for i in order[:half]], settings.patch)
        self.for_alphas = PatchSampler([ready[i] for i in order[half:]], settings.patch)
        batches = range(-(-EVALUATED // settings.batch))
        self.fixed = [self.for_alphas.batch(settings.batch, self.random(i, EVALUATION)) for i in batches]

    def random(self, step: int, stream: int) -> np.random.Generator:
        return np.random.default_rng((self.settings.seed, step, stream))

    def own_random(self, shared: np.random.Generator, stream: int) -> np.random.Generator:
        """The stream that this process draws its batch from: all share the path, each has its own patches."""
        if self.group.size == 1:
            return shared
        return np.random.default_rng((self.settings.seed, self.step, stream, 1 + self.group.rank))

    def weight_step(self, progress: float) -> None:
        """One sampled network learns from one batch of the weights' half."""
        path, loss = self._weight_loss()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.settings.learning_rate, progress)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.group.average((p.grad for p in self.net.parameters() if p.grad is not None), self.device)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), CLIP_NORM)
        self.optimiser.step()
        share = max(0.02, 1 / (self.step + 1))
        self.mean_loss += (loss.item() - self.mean_loss) * share
        self.gflops += (self.costs.of(path.edges, path.operations)[0] - self.gflops) * share

    def alpha_step(self, penalty_weight: float) -> None:
        """The alphas learn from one batch of their half and from the penalty; the weights do not."""
        alphas = list(self.topology.parameters())
        gradients = torch.autograd.grad(self._alpha_loss(penalty_weight), alphas)
        self.group.average(gradients, self.device)
        for parameter, gradient in zip(alphas, gradients):
            parameter.grad = gradient
        self.alpha_optimiser.step()

    def _weight_loss(self) -> tuple[Path, torch.Tensor]:
        random = self.random(self.step, WEIGHTS)
        path = self.topology.sample(random)
        random = self.own_random(random, WEIGHTS)
        image, label = self.for_weights.batch(self.settings.batch, random)
        image, label = augment(image.to(self.device), label.to(self.device), random)
        return path, dice_ce(self._logits(image, path), label)

    def _alpha_loss(self, penalty_weight: float) -> torch.Tensor:
        random = self.random(self.step, ALPHAS)
        path = self.topology.sample(random, trials=True)
        image, label = self.for_alphas.batch(self.settings.batch, self.own_random(random, ALPHAS))
        loss = dice_ce(self._logits(image, path, learn_alphas=True), label.to(self.device))
        return loss.cpu().double() + penalty_weight * self.topology.penalty(self.settings.sigma)

    def _logits(self, image: torch.Tensor, path: Path, learn_alphas: bool = False) -> torch.Tensor:
        credit = self.topology.credit(path, self.device) if learn_alphas else None
        with autocast(self.device, self.settings.precision):
            return self.net(image.to(self.device).contiguous(memory_format=torch.channels_last_3d), path, credit)

    def metrics(self) -> dict[str, float]:
        """Numbers worth a curve. ``gflops``: forward pass of the mean sampled network, one patch."""
        with torch.no_grad():
            return {
                "loss": self.mean_loss,
                "edge_entropy": self.topology.edge_entropy().item(),
                "operation_entropy": self.topology.operation_entropy().item(),
                "ram": self.topology.ram_share().item(),
                "connection": self.topology.connection_loss().item(),
                "gflops": self.gflops,
            }

    def evaluation(self) -> dict[str, Any]:
        """The decoded network with the supernet's weights on fixed patches, and the alphas it was decoded from."""
        alphas = self.topology.alphas()
        found = decode(alphas)
        with torch.no_grad():
            chances = self.topology.edge_chances().numpy().round(4).tolist()
        return {
            "step": self.step,
            "validation_loss": self.path_loss(Path.of(found.architecture("now", self.settings.channel_mul))),
            **self.metrics(),
            "alphas": alphas.to_lists(),
            "chances": chances,
            "decoded": {"edges": found.edges, "operations": found.operations, "cost": found.cost},
            "network": asdict(self.decoded_cost(found)),
        }

    def decoded_cost(self, found: Decoded) -> Cost:
        """Counted cost of a decoded network; counted anew only when it changed."""
        if self.counted is None or not found.same_network(self.counted[0]):
            self.counted = found, self.cost_of(found.architecture("now", self.settings.channel_mul))
        return self.counted[1]

    def path_loss(self, path: Path) -> float:
        """Loss of one network with the supernet's weights on the fixed patches of the alphas' half."""
        with torch.no_grad():
            losses = [dice_ce(self._logits(x, path), y.to(self.device)).item() for x, y in self.fixed]
        return float(np.mean(losses))

    def cost_of(self, architecture: Architecture) -> Cost:
        """Counted cost of one network of the space for these channels and classes."""
        return cost(architecture, self.channels, self.classes, self.settings.patch)

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "topology": self.topology.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "alpha_optimiser": self.alpha_optimiser.state_dict(),
            "step": self.step,
            "mean_loss": self.mean_loss,
            "gflops": self.gflops,
        }

    def load(self, state: dict[str, Any]) -> None:
        for name in ("net", "topology", "optimiser", "alpha_optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.mean_loss, self.gflops = state["step"], state["mean_loss"], state["gflops"]

    def rehearse(self) -> tuple[float, float]:
        """Seconds of a weight step and of an alpha step, best of two after one; nothing learns from them."""
        weight, alpha = [], []
        for _ in range(3):
            start = time.perf_counter()
            self._weight_loss()[1].backward()
            self.net.zero_grad(set_to_none=True)
            between = time.perf_counter()
            torch.autograd.grad(self._alpha_loss(1.0), list(self.topology.parameters()))
            weight.append(between - start)
            alpha.append(time.perf_counter() - between)
        return min(weight[1:]), min(alpha[1:])

    def expected_megabytes(self) -> float:
        """Memory that learning adds: gradients and Adam's moments of all weights, activations of the mean network."""
        with torch.no_grad():
            chances = self.topology.edge_chances()[..., None] * self.topology.operation_chances()
        kept = float((chances.numpy() * self.costs.megabytes).sum()) + self.costs.stem_megabytes
        weights = sum(p.numel() * p.element_size() for p in self.net.parameters()) / MEGABYTE
        return 3 * weights + self.settings.batch * kept
