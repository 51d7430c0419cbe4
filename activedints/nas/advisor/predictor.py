"""Accuracy of cells on a data set, predicted from the set and the graph: MetaD2A's predictor, meta-learned over sets.

The head reads [set vector, landmarks, graph vector]: linear, tanh, linear. What it says is relative to the set (z over
cells); two more outputs say the set's level and spread, so that a screen can speak of per cent. Trained on all measured
cells of all meta-training sets at once, with fresh draws of images: squared error plus a hinge on the order of pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from activedints.core.job import Report, silent
from activedints.nas.advisor import landmarks
from activedints.nas.advisor.graphs import GraphEncoder, types_of
from activedints.nas.advisor.set_encoder import SetEncoder
from activedints.nas.advisor.set_views import Scaling, SetViews
from activedints.nas.measured.table import MeasuredTable

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PredictorPlan:
    """``draws``: sets a step; ``hinge``: weight of the order of pairs; ``hidden``: width of the head."""

    steps: int = 200
    draws: int = 8
    rate: float = 4e-3
    decay: float = 0.05
    hinge: float = 0.5
    hidden: int = 64
    dropout: float = 0.2


class Predictor(nn.Module):
    """See the module's text."""

    def __init__(self, features: int, hidden: int = 64, size: int = 32, dropout: float = 0.2):
        super().__init__()
        self.sets, self.graphs = SetEncoder(features, size), GraphEncoder(out=size)
        self.of_set = nn.Sequential(nn.Dropout(dropout), nn.Linear(size + landmarks.FEATURES, hidden))
        self.of_graph = nn.Linear(size, hidden)
        self.last = nn.Linear(hidden, 1)
        self.level = nn.Linear(hidden, 2)

    def encoded(self, sets: list[Tensor], facts: Tensor) -> Tensor:
        """(set, hidden) from descriptors (class, image, feature) a set and landmarks (set, feature)."""
        return self.of_set(torch.cat([self.sets(sets), facts], 1))

    def forward(self, encoded: Tensor, types: Tensor) -> Tensor:
        """(set, hidden), (cell, 8) -> (set, cell) in deviations from the set's mean."""
        both = encoded[:, None] + self.of_graph(self.graphs(types))[None]
        return self.last(both.tanh())[:, :, 0]

    def levels(self, encoded: Tensor) -> Tensor:
        """(set, 2): logit of the mean accuracy over cells, logarithm of the spread in points."""
        return self.level(encoded.tanh())


def relative(values: Array) -> Array:
    """(set, cell) accuracies in deviations from the mean over cells of their set."""
    return (values - values.mean(1, keepdims=True)) / (values.std(1, keepdims=True) + 1e-6)


def learned_from(table: MeasuredTable) -> Array:
    """(set, cell) what may be learned on meta-training sets: accuracy on all images that were not trained on, over
    all seeds. Of a held-out set, none of this is ever read before the figures."""
    both = np.concatenate([table.runs["validation"], table.runs["test"]], 2)
    return np.nanmean(both, 2)


def fit(
    table: MeasuredTable, views: SetViews, scaling: Scaling, plan: PredictorPlan, seed: int, report: Report = silent
) -> Predictor:
    """Meta-train a predictor on the sets of ``table``."""
    generator, rng = torch.manual_seed(seed), np.random.default_rng(seed)
    del generator
    predictor = Predictor(scaling.features, plan.hidden, dropout=plan.dropout)
    values = learned_from(table)
    goal = torch.tensor(relative(values), dtype=torch.float32)
    share = torch.tensor(values.mean(1) / 100, dtype=torch.float32)
    levels = torch.stack([torch.logit(share, 1e-3), torch.tensor(np.log(values.std(1) + 0.1), dtype=torch.float32)], 1)
    types = types_of(table.tokens)
    adam = torch.optim.AdamW(predictor.parameters(), lr=plan.rate, weight_decay=plan.decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, plan.rate, total_steps=plan.steps)
    for step in range(plan.steps):
        rows = rng.choice(len(table.names), min(plan.draws, len(table.names)), replace=False)
        sets, facts = scaling.drawn(views, [table.names[row] for row in rows], rng)
        encoded = predictor.encoded(sets, facts)
        said, true = predictor(encoded, types), goal[rows]
        loss = (said - true).square().mean() + plan.hinge * pair_loss(said, true)
        loss = loss + 0.1 * (predictor.levels(encoded) - levels[rows]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        cycle.step()
        if step % 20 == 19:
            report(step + 1, plan.steps, "Learning to predict", {"loss": loss.item()})
    return predictor.eval()


def pair_loss(said: Tensor, true: Tensor) -> Tensor:
    """Hinge on pairs of cells of a set: the better one by a margin that grows with how much better it is."""
    gap, wanted = said[:, :, None] - said[:, None], true[:, :, None] - true[:, None]
    margin = wanted.clamp(0, 0.5)
    return ((margin - gap).relu() * (wanted > 0)).mean()


@torch.no_grad()
def predict(
    predictors: Sequence[Predictor],
    scaling: Scaling,
    supports: Sequence[npt.NDArray[np.float32]],
    tokens: npt.NDArray[np.integer],
) -> tuple[Array, Array]:
    """Relative accuracies (draw, cell) of every predictor on every support (class, image, y, x), and levels (draw, 2):
    mean accuracy in % and spread in points. A screen shows mean and deviation over draws."""
    types, found, levels = types_of(tokens), [], []
    prepared = [scaling.prepared(support) for support in supports]
    for predictor in predictors:
        graphs = predictor.of_graph(predictor.graphs(types))
        for one, facts in prepared:
            encoded = predictor.encoded([one], facts[None])
            found.append(predictor.last((encoded + graphs).tanh())[:, 0].double().numpy())
            mean, spread = predictor.levels(encoded)[0].double()
            levels.append((100 * float(mean.sigmoid()), float(spread.exp())))
    return np.stack(found), np.array(levels)
