"""MetaNAS (Elsken, Staffler, Metzen & Hutter, CVPR 2020): meta-learned weights *and* architecture.

Inside an episode (task learner) one pass of Adam moves weights and architecture weights together,

    w <- w - lambda grad_w L(w, alpha_tau),    alpha <- alpha - xi grad_alpha L(w, alpha_tau),

while the temperature tau falls, so that the mixture ends as one network; alpha is fixed after half of the steps
(Algorithm 3). Outside (meta learner) REPTILE pulls both: ``w += p_w mean_i(w_i - w)``, ``alpha += p_alpha
mean_i(alpha_i - alpha)``.

Ours and not the paper's: the classifier starts from the class means of the support (Proto-REPTILE) unless
``head="linear"``; and in meta-training the head comes from the support, the steps from support and target.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot import pruning
from activedints.nas.few_shot.adaptation import Head
from activedints.nas.few_shot.episodes import Episodes, ImageClasses
from activedints.nas.few_shot.evaluation import Adapted, predictor
from activedints.nas.few_shot.functional import Adam, Params, stack
from activedints.nas.few_shot.learners import REPORT_EVERY, EpisodeSource
from activedints.nas.few_shot.mixtures import ALPHA, Mixed, Pruned
from activedints.nas.few_shot.pruning import Annealing, Inputs
from activedints.nas.few_shot.supernet import Supernet

AS_PUBLISHED = Annealing(1.0, 0.05)
FIVE_EPISODES = EpisodeSource(episodes=5, shot=1, target=4)


@dataclass(frozen=True)
class Search:
    """How one episode adapts both. ``fixed_after``: share of the steps after which alpha stands still."""

    steps: int = 20
    rate: float = 5e-3
    alpha_rate: float = 5e-3
    annealing: Annealing = AS_PUBLISHED
    inputs: Inputs = "pairwise"
    fixed_after: float = 0.5
    drop: float = 0.05
    head: Head = "prototype"

    def __post_init__(self) -> None:
        if self.steps < 1 or self.rate <= 0 or self.alpha_rate < 0 or not 0 <= self.fixed_after <= 1:
            raise InvalidSettings(f"A search needs a step, positive rates and a share to fix alpha after; got {self}.")

    def network(self, supernet: Supernet, step: int) -> Mixed:
        """The mixture before step ``step``."""
        return Mixed(supernet, self.annealing.at(step, self.steps), self.inputs, self.drop)

    def without_annealing(self) -> "Search":
        """The control: the same at temperature 1 throughout."""
        return replace(self, annealing=Annealing(1.0, 1.0))


OnStep = Callable[[int, float, Params, Tensor], None]
"""``on_step(step, temperature, params, loss of each episode)``, before the first step (0) and after each."""


def adapt(
    supernet: Supernet,
    params: Params,
    support: Tensor,
    way: int,
    search: Search,
    learned: Tensor | None = None,
    on_step: OnStep | None = None,
) -> Params:
    """Stacked weights after Algorithm 3's steps on ``support`` (episode, way * shot, channel, y, x).

    ``learned`` (episode, way * n, channel, y, x; class by class) is what the steps learn from, if not the support
    alone.
    """
    learned = support if learned is None else learned
    labels = torch.arange(way).repeat_interleave(learned.shape[1] // way)
    if search.head != "linear":
        with torch.no_grad():
            head = inner.fitted_head(search.network(supernet, 0).features(params, support), way, search.head)
        params = params | {k: v.requires_grad_() for k, v in head.items()}
    optimiser = Adam(search.rate, rates={ALPHA: search.alpha_rate})
    for step in range(search.steps):
        network = search.network(supernet, step)
        moving = [k for k in params if not (k.startswith(ALPHA) and step >= search.fixed_after * search.steps)]
        scores = inner.logits(network.features(params, learned), params)
        loss = inner.loss_per_episode(scores, labels)
        if on_step:
            on_step(step, network.tau, params, loss.detach())
        gradients = torch.autograd.grad(loss.sum(), [params[k] for k in moving], allow_unused=True)
        params = optimiser.step(params, {k: g for k, g in zip(moving, gradients) if g is not None})
    if on_step:
        last = search.network(supernet, search.steps)
        with torch.no_grad():
            loss = inner.loss_per_episode(inner.logits(last.features(params, learned), params), labels)
        on_step(search.steps, last.tau, params, loss)
    return params


@dataclass(frozen=True)
class MetaNas:
    """Meta-training: REPTILE on weights and architecture weights of a supernet."""

    iterations: int
    search: Search = Search(steps=5, drop=0.01)
    source: EpisodeSource = FIVE_EPISODES
    pull: float = 1.0
    alpha_pull: float = 0.6

    def run(
        self, network: Mixed, params: Params, images: ImageClasses, seed: tuple[int, ...], report: Report = silent
    ) -> Params:
        """``network`` says which supernet; its temperature is of no account, ``search`` has its own."""
        meta = {k: v for k, v in params.items() if not k.startswith("head.") or self.search.head == "linear"}
        for iteration, batch in enumerate(self.source.batches(images, seed, self.iterations), 1):
            adapted = self.episode_batch(network.supernet, meta, batch)
            left = 1 - (iteration - 1) / self.iterations
            for name, weight in meta.items():
                pull = self.alpha_pull if name.startswith(ALPHA) else self.pull * left
                meta[name] = weight + pull * (adapted[name].detach().mean(0) - weight)
            if iteration % REPORT_EVERY == 0 or iteration == self.iterations:
                report(iteration, self.iterations, "MetaNAS", self.metrics(network.supernet, adapted, batch))
        return meta

    def episode_batch(self, supernet: Supernet, meta: Params, batch: Episodes) -> Params:
        """One batch of episodes, each adapted on its support and target together."""
        episodes = len(batch.support)
        both = [x.unflatten(1, (batch.way, -1)) for x in (batch.support, batch.target)]
        learned = torch.cat(both, 2).flatten(1, 2)
        return adapt(supernet, stack(meta, episodes), batch.support, batch.way, self.search, learned)

    @torch.no_grad()
    def metrics(self, supernet: Supernet, adapted: Params, batch: Episodes) -> dict[str, float]:
        """Accuracy on the images learned from, of the mixture and of the pruned network, and how sharp alpha became."""
        last = self.search.network(supernet, self.search.steps)
        ends = {"mixture": last, "pruned": Pruned(supernet, inputs=self.search.inputs)}
        found = {}
        for name, end in ends.items():
            scores = inner.logits(end.features(adapted, batch.target), adapted)
            found[name] = (scores.argmax(-1) == batch.target_labels).float().mean().item()
        return found | {"sharpness": pruning.sharpness(adapted, last.tau).mean().item()}


def ends(supernet: Supernet, params: Params, search: Search) -> Callable[[Episodes], Adapted]:
    """What ``evaluate`` wants: adapt once, then tell with the last mixture and with the pruned network."""
    last, pruned = search.network(supernet, search.steps), Pruned(supernet, inputs=search.inputs)

    def adapted(batch: Episodes) -> Adapted:
        fast = adapt(supernet, stack(params, len(batch.support)), batch.support, batch.way, search)
        return {"mixture": predictor(last, fast), "pruned": predictor(pruned, fast)}

    return adapted
