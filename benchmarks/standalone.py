"""Networks trained alone for equal core-seconds on the simulated cohort or on a fold of the real cases, and measured
on the cases left out.

A core-second is a second of one thread's processor time: on a machine that other work shares, equal wall-clock time
would not be equal training. Steps are the budget divided by the network's measured core-seconds a step.
"""

import time
from statistics import fmean, median
from typing import Any

import torch

from activedints.core.architecture import Architecture
from activedints.core.settings import LabelSet, TrainSettings
from activedints.learn.compute import threads
from activedints.learn.cost import Trial
from activedints.learn.data import TrainingCase
from activedints.learn.networks import build
from activedints.learn.train import train
from benchmarks.arms import RUNS, remembered, shared_data
from benchmarks.figures import told
from benchmarks.loop_real import FOLDS
from benchmarks.search import cohort
from benchmarks.starter import dice_of, load_cases

PATCH = (48, 48, 48)
Network = Architecture | str
Split = tuple[list[TrainingCase], list[TrainingCase], tuple[str, ...], LabelSet]
"""Cases to learn from, cases left out, channels and labels."""


def core_seconds_a_step(network: Network, key: str, repeats: int = 7) -> float:
    """Median processor time of a training step of two patches on one thread, the first two left out."""

    def measure() -> float:
        made = build(network, 4, 4, patch=PATCH).to(memory_format=torch.channels_last_3d)
        trial, spent = Trial(made, 4, torch.device("cpu")), []
        with threads(1):
            for _ in range(repeats + 2):
                before = time.process_time()
                trial.train(PATCH, 2)
                spent.append(time.process_time() - before)
        return median(spent[2:])

    return float(remembered(f"step-{key}", measure))


def dice_after(network: Network, key: str, core_seconds: float, seed: int) -> dict[str, Any]:
    """Train for the budget, predict the holdout: ``cases`` (name: mean class Dice or None), ``any_foreground`` alike,
    ``steps``, ``path`` of the model."""
    name = f"alone-{key}-{core_seconds:g}-{seed}"
    return dict(remembered(name, lambda: _train(network, key, core_seconds, seed, name, cohort())))


def dice_on_real(network: Network, key: str, core_seconds: float, fold: int) -> dict[str, Any]:
    """The same on the eight BraTS cases (CC BY 4.0): trained without the two of ``fold``, measured on them."""
    name = f"real-{key}-{core_seconds:g}-{fold}"

    def split() -> Split:
        cases, channels, labels = load_cases(shared_data() / "brats2021_2mm")
        held, rest = ([c for c in cases if (c.case_id in FOLDS[fold]) is out] for out in (True, False))
        return rest, held, channels, labels

    return dict(remembered(name, lambda: _train(network, key, core_seconds, 0, name, split())))


def _train(network: Network, key: str, core_seconds: float, seed: int, name: str, split: Split) -> dict[str, Any]:
    training, holdout, channels, labels = split
    steps = max(1, round(core_seconds / core_seconds_a_step(network, key)))
    settings = TrainSettings(steps=steps, threads=1, seed=seed, patch=PATCH)
    done = train(training, network, channels, labels, settings, told, RUNS / name)
    found = dice_of(done.path, holdout, channels, labels, threads=1)
    return {
        "cases": {name: classes for name, (_, classes) in found.items()},
        "any_foreground": {name: union for name, (union, _) in found.items()},
        "steps": steps,
        "path": str(done.path),
    }


def mean_dice(found: dict[str, Any]) -> float:
    return fmean(value for value in found["cases"].values() if value is not None)
