"""Which network a cell trains and what from, by the regime of Active-DiNTS that its arm follows.

weights-only keeps the plan's architecture; topology-only searches one on the cell's labels (refining the last cell's
alphas) and trains it from fresh weights; joint does the same and goes on from the last cell's weights while the
architecture stays the same.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from activedints.core.architecture import Architecture, same_network
from activedints.core.decode import Alphas
from activedints.core.job import Report
from activedints.core.settings import SearchSettings
from activedints.learn import networks
from activedints.learn.data import TrainingCase
from activedints.learn.model import read_card
from activedints.learn.search import search
from activedints.loop.experiments import STARTER
from activedints.worker.study.dataset import Data

if TYPE_CHECKING:
    from activedints.worker.study.cell import Cell


def network_named(name: str) -> Architecture | str:
    """A baseline's name, or an architecture that ships; a sentence with the names that there are for any other."""
    return name if name in networks.BASELINES else networks.shipped(name)


def architecture_for(
    cell: "Cell", data: Data, learning: Sequence[TrainingCase], folder: Path, report: Report, threads: int
) -> tuple[Architecture | str, Path | None]:
    """The architecture and the model file that the training starts from (None: random weights)."""
    architecture = network_named(data.plan.architecture)
    start = STARTER if cell.start == "starter" else None
    if cell.regime != "weights-only":
        architecture = _searched(cell, data, learning, folder, report, threads)
        last = folder / "models" / f"{cell.before}.safetensors"
        if cell.regime == "joint" and cell.before and same_network(read_card(last).architecture, architecture):
            return architecture, last
    if start is not None and not same_network(read_card(start).architecture, architecture):
        start = None
    return architecture, start


def _searched(
    cell: "Cell", data: Data, learning: Sequence[TrainingCase], folder: Path, report: Report, threads: int
) -> Architecture:
    """Search as long as a training takes, refining the alphas of the arm's last cell."""
    where = folder / "searches"
    kept = where / f"{cell.key}.json"
    if kept.is_file():
        return Architecture.from_json(json.dumps(json.loads(kept.read_text())["architecture"]))
    before = where / f"{cell.before}.json"
    alphas = Alphas.from_lists(json.loads(before.read_text())["alphas"]) if before.is_file() else None
    plan = data.plan
    settings = SearchSettings(
        steps=plan.steps,
        patch=(plan.patch,) * 3,
        seed=cell.seed * 1009 + cell.cycle,
        spacing=(plan.spacing,) * 3 if plan.spacing else None,
        threads=threads,
        device="cpu",
    )
    found = search(
        learning, data.channels, data.labels, settings, report, folder / "work" / f"{cell.key}-search", alphas
    )
    where.mkdir(exist_ok=True)
    facts = {"architecture": json.loads(found.architecture.to_json()), "alphas": found.alphas.to_lists()}
    partial = kept.with_suffix(".partial")
    partial.write_text(json.dumps(facts))
    partial.replace(kept)
    return found.architecture
