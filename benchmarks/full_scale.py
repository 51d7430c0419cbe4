"""The paper's search and retraining as they run on this machine, on the simulated cohort at 1 mm
(``activedints bench full-scale``; made for a GPU, and right wherever it runs).

Search: the ``paper`` preset for ``--minutes``: seconds a step, peak memory. Waiting for data: the share of a weight
step's wall clock between asking for a batch and holding it on the device, every part finished before the next begins
(so nothing hides behind another). Retraining: seconds a step of the published DiNTS code at channel_mul 1, as it comes
and compiled by ``torch.compile``, median of steps, with the seconds that compiling takes; compiling pays where the
first is longer. ``--space small --spacing 2`` tries it all out on a small machine.
"""

import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import simulate_cohort
from activedints.core.search_space import PAPER, space_named
from activedints.core.settings import LabelSet, SearchSettings
from activedints.learn.bilevel import Bilevel
from activedints.learn.compute import pick_device
from activedints.learn.cost import Trial
from activedints.learn.data import PatchSampler, TrainingCase
from activedints.learn.networks import Network, build, shipped
from activedints.learn.plan import settings_for
from activedints.learn.search import search
from benchmarks.arms import RUNS
from benchmarks.figures import figure, printed, result, told
from benchmarks.starter import load_cases

SEED, CHANNELS, PROBED = 2026, 4, 10
WAIT = 0.05
"""At most so large a share of a step may be spent waiting for data."""


def cohort_at(spacing: float, cases: int) -> tuple[list[TrainingCase], tuple[str, ...], LabelSet]:
    """Cases of the frozen recipe at another spacing, their channels and labels."""
    folder = RUNS / f"cohort-{spacing:g}mm-{cases}"
    if not (folder / "dataset.json").is_file():
        recipe = replace(CohortSettings(), version=f"cohort-v1 at {spacing:g} mm", spacing=spacing)
        simulate_cohort(folder, cases, SEED, recipe, processes=os.cpu_count() or 1)
    return load_cases(folder)


def finished(device: torch.device) -> float:
    """The clock, once the device has done all it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class TimedSampler:
    """A sampler whose batches lie on the device when they are handed over; ``waited`` is the time of the last one."""

    def __init__(self, sampler: PatchSampler, device: torch.device) -> None:
        self.sampler, self.device, self.waited = sampler, device, 0.0

    def batch(self, n: int, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        start = finished(self.device)
        image, label = (part.to(self.device) for part in self.sampler.batch(n, random))
        self.waited = finished(self.device) - start
        return image, label


def share_waiting(cases: list[TrainingCase], classes: int, settings: SearchSettings) -> float:
    """Share of a weight step's wall clock spent on getting its batch: the median of ``PROBED`` steps."""
    learn, shares = Bilevel(cases, classes, settings), []
    sampler = TimedSampler(learn.for_weights, learn.device)
    learn.for_weights = sampler  # type: ignore[assignment]
    for learn.step in range(PROBED + 2):
        start = finished(learn.device)
        learn.weight_step(0.5)
        shares.append(sampler.waited / (finished(learn.device) - start))
    return median(shares[2:])


def retraining(network: Network, side: int, device: torch.device) -> tuple[float, float]:
    """Seconds of a training step of two patches (median), and of the first one, in which a compiler compiles."""
    trial = Trial(network, CHANNELS, device)
    spent = [trial.train((side,) * 3, 2) for _ in range(PROBED + 1)]
    return median(spent[1:]), spent[0]


def run(
    minutes: float = 20.0, cases: int = 24, spacing: float = 1.0, space: str = PAPER, device: str = "auto"
) -> dict[str, Any]:
    began, where = time.process_time(), pick_device(device)
    found, channels, labels = cohort_at(spacing, cases)
    settings = settings_for(space_named(space), seconds=60 * minutes, device=device)
    waiting = share_waiting(found, labels.classes, settings)
    with tempfile.TemporaryDirectory() as folder:
        done = search(found, channels, labels, settings, told, Path(folder))
        measured = json.loads(done.history_path.read_text())["measured"]
    side = settings.patch[0]
    architecture = replace(shipped("cvpr2021"), channel_mul=1.0 if space == PAPER else 0.25)
    network = build(architecture, CHANNELS, labels.classes, patch=settings.patch).to(where)
    network = network.to(memory_format=torch.channels_last_3d)
    plain, _ = retraining(network, side, where)
    compiled, compiling = retraining(torch.compile(network), side, where)
    figures = [
        figure("search_seconds_a_step", measured["seconds_per_step"], None, "s", n=done.steps),
        figure("search_peak_memory", measured["megabytes"], None, "MB"),
        figure("share_waiting_for_data", waiting, None, "of a step", n=PROBED, limit=WAIT),
        figure("retrain_seconds_a_step", plain, None, "s", n=PROBED),
        figure("retrain_compiled_seconds_a_step", compiled, plain, "s", n=PROBED),
        figure("seconds_of_compiling", compiling, None, "s"),
    ]
    minutes_spent = (time.process_time() - began) / 60
    return result("full-scale", figures, minutes_spent, cohort=f"cohort-v1 at {spacing:g} mm") | {
        "device": str(where),
        "reason": done.reason,
    }


if __name__ == "__main__":
    printed(run())
