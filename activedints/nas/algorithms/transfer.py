"""Transfer Neural AutoML (Wong et al., NeurIPS 2018): one controller for many data sets, told which one by an
embedding.

A recurrent controller writes a cell token by token from (last token, embedding z). It learns by REINFORCE with each
data set's own baseline and scale, A = (R - b) / s. Trained on many sets first, it keeps its weights on a new one and
learns a new z; from scratch, it learns everything.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from activedints.core.job import Report, silent
from activedints.nas.algorithms.walk import Walk
from activedints.nas.measured import space
from activedints.nas.measured.table import MeasuredTable

EDGES = len(space.EDGES)


class Controller(nn.Module):
    """Probabilities of six tokens; ``sets`` embeddings of size ``told``."""

    def __init__(self, sets: int, size: int = 32, told: int = 8):
        super().__init__()
        self.sets = nn.Parameter(0.1 * torch.randn(sets, told))
        self.first = nn.Embedding(space.TOKENS + 1, 8)
        self.cell, self.out = nn.GRUCell(8 + told, size), nn.Linear(size, space.TOKENS)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def write(self, z: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """One cell a row of z: tokens (row, 6), log-probability (row,) and mean entropy in nats (row,)."""
        state = z.new_zeros(len(z), self.cell.hidden_size)
        last = torch.full((len(z),), space.TOKENS)
        tokens, logs, entropy = [], z.new_zeros(len(z)), z.new_zeros(len(z))
        for _ in range(EDGES):
            state = self.cell(torch.cat([self.first(last), z], 1), state)
            chances = self.out(state).log_softmax(1)
            last = torch.multinomial(chances.detach().exp(), 1, generator=draw)[:, 0]
            logs = logs + chances.gather(1, last[:, None])[:, 0]
            entropy = entropy - (chances.exp() * chances).sum(1) / EDGES
            tokens.append(last)
        return torch.stack(tokens, 1), logs, entropy


@dataclass
class Running:
    """Baseline and scale of the rewards of one data set, as they come in."""

    mean: float = 0.0
    square: float = 0.0
    number: int = 0

    def advantage(self, reward: float) -> float:
        """(R - b) / s with b and s of the rewards before this one; 0 for the first."""
        spread = max(self.square - self.mean**2, 1.0) ** 0.5
        told = (reward - self.mean) / spread if self.number else 0.0
        self.number += 1
        share = max(1 / self.number, 0.05)
        self.mean += share * (reward - self.mean)
        self.square += share * (reward**2 - self.square)
        return max(-3.0, min(3.0, told))


@dataclass(frozen=True)
class TransferPlan:
    steps: int = 400
    rate: float = 5e-3
    entropy: float = 0.02


def pretrained(
    table: MeasuredTable, seed: int, plan: TransferPlan | None = None, report: Report = silent
) -> Controller:
    """A controller trained on all data sets of ``table`` at once: one cell of each a step."""
    plan = plan or TransferPlan()
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed)
    controller, rewards = Controller(len(table.names)), [Running() for _ in table.names]
    adam = torch.optim.Adam(controller.parameters(), plan.rate)
    for step in range(plan.steps):
        tokens, logs, entropy = controller.write(controller.sets, draw)
        rows = [table.row_of(own) for own in tokens.numpy()]
        told = [rewards[place].advantage(reward_of(table, place, row)) for place, row in enumerate(rows)]
        loss = -(torch.tensor(told) * logs + plan.entropy * entropy).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step % 20 == 19:
            report(step + 1, plan.steps, "Training the controller", {"reward": float(np.mean(told))})
    return controller


def reward_of(table: MeasuredTable, place: int, row: int) -> float:
    """Validation accuracy in %; a dead cell guesses, which is below all: 0."""
    return float(table.validation[place, row]) if row >= 0 else 0.0


@dataclass(frozen=True)
class Transfer:
    """A search by the controller. ``known``: a pretrained one, of which only z is learned; None: from scratch."""

    known: Controller | None = None
    rate: float = 0.02
    scratch_rate: float = 5e-3
    entropy: float = 0.02
    writes: int = 400
    """Cells written at most, many of which may stand for a cell that was trained already."""

    def __call__(self, walk: Walk, rng: np.random.Generator) -> None:
        seed = int(rng.integers(1 << 31))
        torch.manual_seed(seed)
        draw, rewards = torch.Generator().manual_seed(seed), Running()
        controller = Controller(1) if self.known is None else deepcopy(self.known)
        start = controller.sets.detach().mean(0, keepdim=True)
        z = nn.Parameter(start.clone())
        learned: Sequence[nn.Parameter] = [z] if self.known is not None else [z, *controller.parameters()]
        adam = torch.optim.Adam(learned, self.rate if self.known is not None else self.scratch_rate)
        for _ in range(self.writes):
            if walk.over:
                return
            tokens, logs, entropy = controller.write(z, draw)
            row = walk.row_of(tokens[0].numpy())
            told = rewards.advantage(walk.train(row) if row >= 0 else 0.0)
            loss = -(told * logs + self.entropy * entropy).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
