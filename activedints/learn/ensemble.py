"""Deep ensembles (Lakshminarayanan et al., NIPS 2017): Members that differ in nothing but their seed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from activedints.core.architecture import Architecture
from activedints.core.errors import InvalidSettings
from activedints.core.job import Report
from activedints.core.settings import LabelSet, TrainSettings
from activedints.learn.data import TrainingCase
from activedints.learn.train import TrainedModel, train

APART = 100_003
"""Between the seeds of two Members."""


def train_ensemble(
    cases: Sequence[TrainingCase],
    architecture: Architecture | str,
    channels: tuple[str, ...],
    labels: LabelSet,
    settings: TrainSettings,
    report: Report,
    folder: Path,
    number: int,
    start: Path | None = None,
) -> TrainedModel:
    """``number`` trainings one after the other, each resumable in a folder of its own; the first is the model, the
    others its Members. Costs ``number`` times one training."""
    if number < 2:
        raise InvalidSettings(f"An ensemble has two Members or more; {number} were asked for.")
    made = []
    for member in range(number):
        plan = replace(settings, seed=settings.seed + member * APART)
        where = folder if member == 0 else folder / f"member-{member}"
        made.append(train(cases, architecture, channels, labels, plan, report, where, start))
    seconds = sum(one.seconds for one in made)
    return replace(made[0], seconds=seconds, members=tuple(one.path for one in made[1:]))
