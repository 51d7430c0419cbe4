"""Cells generated from the latent of a data set: MetaD2A's generator, meta-learned on the good cells of many sets.

q(z | D) is a normal whose mean and spread the set encoder says; the decoder writes a cell from z. Loss: -log p(cell |
z) + beta KL(q | standard normal), with little noise in z (scale 0.01), so that variety comes from sampling nodes and
edges. Cells are drawn without replacement (``whole_tree.py``).

What is good is ours: the paper's tables hold thousands of trained cells a set, ours some dozens, and a generator that
learned those alone would recite them. It therefore learns, for every meta-training set, the cells that the predictors
(trained on the same sets and no others) expect to be best of the whole space.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.advisor import landmarks, whole_tree
from activedints.nas.advisor.graphs import GraphDecoder, tokens_of, types_of, valid
from activedints.nas.advisor.predictor import Predictor
from activedints.nas.advisor.set_encoder import SetEncoder
from activedints.nas.advisor.set_views import Scaling, SetViews
from activedints.nas.measured import space

Tokens = npt.NDArray[np.int8]


@dataclass(frozen=True)
class GeneratorPlan:
    """``best``: share of the space that counts as good for a set; ``cells`` of them a set and step; ``noise``: scale of
    the latent's spread."""

    steps: int = 240
    draws: int = 12
    cells: int = 16
    rate: float = 1e-2
    decay: float = 0.01
    best: float = 0.12
    beta: float = 0.005
    noise: float = 0.01
    temperature: float = 1.0


class Generator(nn.Module):
    """See the module's text."""

    def __init__(self, features: int, latent: int = 32):
        super().__init__()
        self.sets, self.decoder = SetEncoder(features, latent), GraphDecoder(latent)
        self.latent = nn.Linear(latent + landmarks.FEATURES, 2 * latent)

    def posterior(self, sets: list[Tensor], facts: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of z, (set, latent) each."""
        mean, spread = self.latent(torch.cat([self.sets(sets), facts], 1)).chunk(2, 1)
        return mean, spread.clamp(-6, 2)


@torch.no_grad()
def promising(
    predictors: Sequence[Predictor], views: SetViews, scaling: Scaling, names: Sequence[str], share: float
) -> list[npt.NDArray[np.intp]]:
    """For each set the rows of ``space.everything()`` that the predictors expect to be its best ``share``."""
    types, found = types_of(space.everything()), []
    graphs = [one.of_graph(one.graphs(types)) for one in predictors]
    for name in names:
        said = torch.zeros(len(types))
        for images, facts in map(scaling.scaled, views.of[name]):
            for one, graph in zip(predictors, graphs):
                said += one.last((one.encoded([images], facts[None]) + graph).tanh())[:, 0]
        found.append(torch.topk(said, max(1, round(share * len(types)))).indices.numpy())
    return found


def fit(
    predictors: Sequence[Predictor],
    names: Sequence[str],
    views: SetViews,
    scaling: Scaling,
    plan: GeneratorPlan,
    seed: int,
    report: Report = silent,
) -> Generator:
    """Meta-train a generator on the promising cells of the sets ``names``."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    generator = Generator(scaling.features)
    types, good = types_of(space.everything()), promising(predictors, views, scaling, names, plan.best)
    adam = torch.optim.AdamW(generator.parameters(), lr=plan.rate, weight_decay=plan.decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, plan.rate, total_steps=plan.steps)
    for step in range(plan.steps):
        rows = rng.choice(len(names), min(plan.draws, len(names)), replace=False)
        mean, spread = generator.posterior(*scaling.drawn(views, [names[row] for row in rows], rng))
        z = mean + plan.noise * torch.randn_like(mean) * (spread / 2).exp()
        cells = np.concatenate([rng.choice(good[row], plan.cells) for row in rows])
        loss = generator.decoder.loss(z.repeat_interleave(plan.cells, 0), types[cells])
        loss = loss + plan.beta * (spread.exp() + mean.square() - 1 - spread).sum(1).mean() / 2
        adam.zero_grad()
        loss.backward()
        adam.step()
        cycle.step()
        if step % 20 == 19:
            report(step + 1, plan.steps, "Learning to generate", {"loss": loss.item()})
    return generator.eval()


@dataclass(frozen=True)
class Generated:
    """``tokens`` (cell, 6) in the order they were drawn; ``valid``, ``unique``: shares of them that let something
    through, and of those that are different. ``raw_valid``, ``raw_unique``: the same of as many plain samples, which
    are looked at for this comparison alone; ``chance``: that one plain sample is valid, summed over the tree."""

    tokens: Tokens
    valid: float
    unique: float
    raw_valid: float
    raw_unique: float
    chance: float


@torch.no_grad()
def generate(
    generator: Generator, scaling: Scaling, support: npt.NDArray[np.float32], number: int, seed: int, heat: float = 1.0
) -> Generated:
    """``number`` cells for a set (class, image, y, x), without replacement from what the decoder gives at the mean of
    q(z | D). InvalidSettings where it can give no such number."""
    one, facts = scaling.prepared(support)
    mean, _ = generator.posterior([one], facts[None])
    chances = whole_tree.cell_chances(whole_tree.leaves(generator.decoder, mean[0], heat))
    rows = whole_tree.drawn(chances, number, np.random.default_rng(seed))
    if len(rows) < number:
        raise InvalidSettings(f"The generator gave {len(rows)} different cells for this set; ask for so many or fewer.")
    types, leads = generator.decoder.sample(mean.expand(number, -1), torch.Generator().manual_seed(seed), heat)
    fits, tokens = valid(types, leads), space.everything()[rows]
    raw = shares(tokens_of(types)[fits])
    return Generated(tokens, *shares(tokens), float(fits.mean()), raw[1], float(chances.sum()))


def shares(tokens: Tokens) -> tuple[float, float]:
    """Of some cells: the share that let something through, and the share of different ones among these."""
    alive = space.essential(tokens[space.live(tokens)])
    return len(alive) / max(len(tokens), 1), len(np.unique(alive, axis=0)) / max(len(alive), 1)
