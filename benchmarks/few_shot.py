"""Few-shot learning on Omniglot (Lake split, upright classes, fixed lists of episodes): issue 7's figures.

    activedints bench few-shot                                  the quick recipe, MAML, MetaNAS, the core, one
    adaptation activedints bench few-shot --part metanas --episodes 200    one part: quick, maml, metanas, uniform,
    long, core, mri

Every accuracy is a mean over episodes with its 95 % interval and its batch-norm mode. Seconds are CPU seconds of one
thread. The reference of an accuracy is what needs no training: the nearest support image by cosine of raw pixels, on
the same episodes. Published, quoted and not ours (Omniglot 20-way 1-shot): MAML 95.8, MAML++ 97.65, REPTILE 89.43,
MetaNAS 97.74.
"""

import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.job import silent
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot import episode_trace, omniglot, recipes
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import Episodes, ImageClasses, evaluation_list, gather
from activedints.nas.few_shot.evaluation import MODES, Adapted, Figure, Mode, by_adaptation, evaluate
from activedints.nas.few_shot.functional import Conv4, keep_heap, stack
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import ends
from benchmarks.few_shot_mri import mri_figures
from benchmarks.figures import figure, printed, result

PARTS = ("quick", "maml", "metanas", "core")
Figures = list[dict[str, Any]]


def data_folder() -> Path:
    """Where the shared real data lie (``ACTIVEDINTS_SHARED_DATA``, else ``../shared/data``)."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("ACTIVEDINTS_SHARED_DATA", default))


def pixels(batch: Episodes) -> Adapted:
    """Nothing learned: cosine to the mean support image."""

    def predict(images: Tensor) -> Tensor:
        means = inner.prototypes(F.normalize(batch.support.flatten(2), dim=-1), batch.way)
        return torch.bmm(F.normalize(images.flatten(2), dim=-1), F.normalize(means, dim=-1).transpose(1, 2))

    return {"pixels": predict}


def accuracy(what: str, found: Figure, reference: float | None, bar: float | None = None) -> dict[str, Any]:
    interval = (found.mean - found.interval, found.mean + found.interval)
    return figure(
        what, found.mean, reference, "%", n=found.episodes, interval=interval, limit=bar, smaller_is_better=False
    )


def seconds(what: str, spent: float, bar: float) -> dict[str, Any]:
    return figure(what, spent, None, "CPU s", limit=bar)


class Bench:
    """Background classes to learn from, evaluation classes to report on, and one seed."""

    def __init__(self, seed: int, episodes: int):
        self.background, self.evaluation = omniglot.read(data_folder() / "omniglot")
        self.seed, self.episodes = seed, episodes

    def score(self, made: MetaCheckpoint, way: int, modes: tuple[Mode, ...] = MODES) -> dict[tuple[str, Mode], Figure]:
        wanted = evaluation_list(self.evaluation, way, 1, episodes=self.episodes)
        adapted = by_adaptation(made.network, made.params, made.adapting)
        return evaluate(adapted, self.evaluation, wanted, modes)

    def pixels(self, way: int) -> float:
        wanted = evaluation_list(self.evaluation, way, 1, episodes=self.episodes)
        return evaluate(pixels, self.evaluation, wanted, ("transductive",))["pixels", "transductive"].mean

    def train(self, name: str) -> MetaCheckpoint:
        return recipes.train(name, self.background, "Omniglot background", self.seed, silent)

    def quick(self) -> Figures:
        made = self.train("quick")
        five, twenty = self.score(made, 5), self.score(made, 20, ("transductive",))
        return [
            accuracy("transductive", five["adapted", "transductive"], self.pixels(5), 95.0),
            accuracy("one_target", five["adapted", "one target"], self.pixels(5), 92.0),
            accuracy("transductive_20_way", twenty["adapted", "transductive"], self.pixels(20), 85.0),
            seconds("quick_seconds", made.made["cpu_seconds"], 150.0),
        ]

    def maml(self) -> Figures:
        made = self.train("maml")
        found = self.score(made, 5, ("transductive",))["adapted", "transductive"]
        return [
            accuracy("maml_second_order", found, self.pixels(5), 88.0),
            seconds("maml_seconds", made.made["cpu_seconds"], 120.0),
        ]

    def long(self) -> Figures:
        made = self.train("long")
        found = self.score(made, 20)
        return [
            accuracy("long_20_way", found["adapted", "transductive"], self.pixels(20), 93.0),
            accuracy("long_20_way_one_target", found["adapted", "one target"], self.pixels(20)),
            seconds("long_seconds", made.made["cpu_seconds"], 1800.0),
        ]

    def metanas(self) -> Figures:
        """The pruned network beside the mixture that it comes from, and what pruning costs without annealing."""
        made, control = self.train("metanas"), self.train("metanas-unannealed")
        wanted = evaluation_list(self.evaluation, 5, 1, episodes=self.episodes)
        found = evaluate(ends(made.network, made.params, made.adapting), self.evaluation, wanted, MODES)
        off = made.adapting.without_annealing()
        same = evaluate(ends(made.network, made.params, off), self.evaluation, wanted, ("transductive",))
        never = evaluate(
            ends(control.network, control.params, control.adapting), self.evaluation, wanted, ("transductive",)
        )
        raw, trans = self.pixels(5), "transductive"
        pruned, mixture = found["pruned", trans], found["mixture", trans]
        lost = figure("metanas_pruning_costs", mixture.mean - pruned.mean, None, "points", n=self.episodes, limit=2.0)
        gap = pruned.mean - never["pruned", trans].mean
        return [
            accuracy("metanas_pruned", pruned, raw, 90.0),
            accuracy("metanas_pruned_one_target", found["pruned", "one target"], raw),
            accuracy("metanas_mixture", mixture, raw),
            lost,
            accuracy("pruned_never_annealed", never["pruned", trans], raw),
            accuracy("mixture_never_annealed", never["mixture", trans], raw),
            accuracy("pruned_not_annealed_in_adaptation", same["pruned", trans], raw),
            figure("annealing_gains", gap, None, "points", n=self.episodes, limit=15.0, smaller_is_better=False),
            seconds("metanas_seconds", made.made["cpu_seconds"], 480.0),
            adaptation_seconds(made, self.evaluation),
        ]

    def core(self) -> Figures:
        """One adaptation of 16 five-way one-shot episodes, together and one after the other."""
        keep_heap()
        network, settings = Conv4(), Adaptation(5, 0.05, "adam", "linear")
        start = network.start(self.seed) | inner.linear_head(128, 5)
        batch = gather(self.evaluation, evaluation_list(self.evaluation, 5, 1, episodes=16))

        def together() -> Tensor:
            fast = inner.adapt(network, stack(start, 16), batch.support, 5, settings)
            return fast["0.weight"].detach()

        def alone() -> Tensor:
            parts = [inner.adapt(network, stack(start, 1), x[None], 5, settings) for x in batch.support]
            return torch.cat([part["0.weight"].detach() for part in parts])

        spent, weights = zip(*(fastest(way) for way in (together, alone)))
        apart = (weights[0] - weights[1]).abs().max().item()
        return [
            figure("episodes_per_second", 16 / spent[0], 16 / spent[1], "1/s", n=16, bar=2.0, smaller_is_better=False),
            figure("batched_minus_single", apart, None, "weight", n=16, limit=1e-5),
        ]

    def mri(self) -> Figures:
        return mri_figures(data_folder(), self.seed, self.episodes)


def fastest(work: Any, repeats: int = 7) -> tuple[float, Tensor]:
    """Least CPU seconds of a few runs (the first is not counted), and the result."""
    outcome, spent = work(), []
    for _ in range(repeats):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent), outcome


def adaptation_seconds(made: MetaCheckpoint, images: ImageClasses) -> dict[str, Any]:
    """One adaptation as the page does it: five classes, one example each, every step told and drawn."""
    batch = gather(images, evaluation_list(images, 5, 1, episodes=1))
    names = tuple(str(n) for n in range(5))

    def once() -> Tensor:
        told = episode_trace.adapt(made, batch.support[0], batch.target[0], names, batch.target_labels)
        return torch.tensor(len(told["steps"]))

    return seconds("adaptation_seconds", fastest(once, 3)[0], 2.0)


def run(part: str = "all", seed: int = 0, episodes: int = 600) -> dict[str, Any]:
    """The JSON object of ``activedints bench few-shot``."""
    torch.set_num_threads(1)
    bench, began = Bench(seed, episodes), time.process_time()
    parts = PARTS if part == "all" else (part,)
    figures = [made for name in parts for made in getattr(bench, name)()]
    return result("few-shot", figures, (time.process_time() - began) / 60)


if __name__ == "__main__":
    import sys

    words = dict(zip((w.removeprefix("--") for w in sys.argv[1::2]), sys.argv[2::2]))
    printed(run(words.get("part", "all"), int(words.get("seed", 0)), int(words.get("episodes", 600))))
