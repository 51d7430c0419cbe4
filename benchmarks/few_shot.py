"""Few-shot learning on Omniglot (Lake split, upright classes, fixed lists of episodes): issue 7's figures.

    activedints bench few-shot                    the quick recipe, MAML, MetaNAS, the core, one adaptation
    activedints bench few-shot --part uniform     one part: quick, maml, metanas, uniform, auto, long, core, mri

Every accuracy is a mean over episodes with its 95 % interval and its batch-norm mode. Seconds are CPU seconds of one
thread. The reference of an accuracy is what needs no training: the nearest support image by cosine of raw pixels, on
the same episodes. Published, quoted and not ours (Omniglot 20-way 1-shot): MAML 95.8, MAML++ 97.65, REPTILE 89.43,
MetaNAS 97.74.
"""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.core.cell import INTO
from activedints.core.job import silent
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot import episode_trace, meta_checkpoint, metanas, omniglot, pruning, recipes
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import Episodes, ImageClasses, evaluation_list, gather
from activedints.nas.few_shot.evaluation import MODES, Adapted, Figure, Mode, evaluate
from activedints.nas.few_shot.functional import Conv4, keep_heap, stack
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from benchmarks.few_shot_auto import auto_figures
from benchmarks.few_shot_mri import mri_figures
from benchmarks.figures import figure, printed, result

RUNS = Path(__file__).resolve().parents[1] / ".run"
PARTS = ("quick", "maml", "metanas", "core")
SEEDS, T_OF_THREE = 3, 4.303
"""Seeds of the uniform control, and Student's t for its 95 % interval (two degrees of freedom)."""
OF_CONTROLS = 200
"""Episodes that a control is measured on: none of its figures is near a bar, and mixtures at temperature 1 are dear."""
SHARE = 0.4
"""Of a recipe's steps in the comparison with uniform alphas: six trainings in the time of two."""
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
    """Background classes to learn from, evaluation classes to report on, and one seed.

    Every learner is kept with its figures in ``.run/few_shot`` as soon as it is measured, so that an interrupted
    benchmark goes on; `activedints metanas train --out .run/few_shot/RECIPE-SEED` makes the same files.
    """

    def __init__(self, seed: int, episodes: int):
        self.background, self.evaluation = omniglot.read(data_folder() / "omniglot")
        self.seed, self.episodes = seed, episodes

    def pixels(self, way: int) -> float:
        wanted = evaluation_list(self.evaluation, way, 1, episodes=self.episodes)
        return evaluate(pixels, self.evaluation, wanted, ("transductive",))["pixels", "transductive"].mean

    def learned(
        self,
        name: str,
        seed: int | None = None,
        ways: tuple[int, ...] = (5,),
        most: int | None = None,
        share: float = 1.0,
    ) -> MetaCheckpoint:
        """The learner of a recipe (of a ``share`` of its steps), measured on as many episodes as asked for.

        On ``most`` of them at most; trained if it is not kept yet, or by other stages.
        """
        episodes, seed = min(self.episodes, most or self.episodes), self.seed if seed is None else seed
        stem = RUNS / "few_shot" / (f"{name}-{seed}" + (f"-{share}" if share < 1 else "").replace(".", "_"))
        made = meta_checkpoint.load(stem) if stem.with_suffix(".json").is_file() else None
        if made is None or made.made["stages"] != recipes.described(recipes.named(name, share)):
            made = recipes.train(name, self.background, "omniglot", seed, silent, share)
            stem.parent.mkdir(parents=True, exist_ok=True)
            meta_checkpoint.save(made, stem)
        known = made.made.setdefault("figures", [])
        for way in ways:
            if not any(row["way"] == way and row["episodes"] >= episodes for row in known):
                known[:] = [row for row in known if row["way"] != way]
                modes: tuple[Mode, ...] = MODES if most is None else ("transductive",)
                known += recipes.figures(made, self.evaluation, episodes, way=way, modes=modes)
                meta_checkpoint.save(made, stem)
        return made

    def quick(self) -> Figures:
        made = self.learned("quick", ways=(5, 20))
        return [
            accuracy("transductive", told(made, "adapted", "transductive"), self.pixels(5), 95.0),
            accuracy("one_target", told(made, "adapted", "one target"), self.pixels(5), 92.0),
            accuracy("transductive_20_way", told(made, "adapted", "transductive", 20), self.pixels(20), 85.0),
            seconds("quick_seconds", made.made["cpu_seconds"], 150.0),
        ]

    def maml(self) -> Figures:
        made = self.learned("maml")
        return [
            accuracy("maml_second_order", told(made, "adapted", "transductive"), self.pixels(5), 88.0),
            seconds("maml_seconds", made.made["cpu_seconds"], 120.0),
        ]

    def long(self) -> Figures:
        made = self.learned("long", ways=(20,))
        return [
            accuracy("long_20_way", told(made, "adapted", "transductive", 20), self.pixels(20), 93.0),
            accuracy("long_20_way_one_target", told(made, "adapted", "one target", 20), self.pixels(20)),
            seconds("long_seconds", made.made["cpu_seconds"], 1800.0),
        ]

    def metanas(self) -> Figures:
        """The pruned network beside the mixture that it comes from, and what pruning costs without annealing."""
        made, control = self.learned("metanas"), self.learned("metanas-unannealed", most=OF_CONTROLS)
        raw, trans = self.pixels(5), "transductive"
        pruned, mixture, never = (
            told(made, "pruned", trans),
            told(made, "mixture", trans),
            told(control, "pruned", trans),
        )
        n, gap = pruned.episodes, pruned.mean - never.mean
        apart = 1.96 * ((pruned.interval / 1.96) ** 2 + (never.interval / 1.96) ** 2) ** 0.5
        return [
            accuracy("metanas_pruned", pruned, raw, 90.0),
            accuracy("metanas_pruned_one_target", told(made, "pruned", "one target"), raw),
            accuracy("metanas_mixture", mixture, raw),
            figure("metanas_pruning_costs", mixture.mean - pruned.mean, None, "points", n=n, limit=2.0),
            self.without_annealing(made),
            *self.pruned_shape(made),
            accuracy("pruned_never_annealed", never, raw),
            accuracy("mixture_never_annealed", told(control, "mixture", trans), raw),
            figure(
                "annealing_gains", gap, None, "points", n=n, interval=(gap - apart, gap + apart), limit=15.0,
                smaller_is_better=False,
            ),
            seconds("metanas_seconds", made.made["cpu_seconds"], 480.0),
            adaptation_seconds(made, self.evaluation),
        ]  # fmt: skip

    def without_annealing(self, made: MetaCheckpoint) -> dict[str, Any]:
        """The same learner, its temperature kept at 1 in the episode alone, then pruned."""
        warm = replace(made, adapting=made.adapting.without_annealing())
        wanted = evaluation_list(self.evaluation, 5, 1, episodes=min(OF_CONTROLS, self.episodes))
        found = evaluate(recipes.adapting_to(warm), self.evaluation, wanted, ("transductive",))
        return accuracy("pruned_not_annealed_in_the_episode", found["pruned", "transductive"], None)

    def pruned_shape(self, made: MetaCheckpoint) -> Figures:
        """Least and most inputs of a node and operations of an edge, after 20 episodes' adaptation."""
        batch = gather(self.evaluation, evaluation_list(self.evaluation, 5, 1, episodes=20))
        fast = metanas.adapt(made.network, stack(made.params, 20), batch.support, 5, made.adapting)
        left = torch.stack(pruning.hard_mixes(fast, made.adapting.inputs), 1)  # (episode, cell, edge, operation)
        inputs = torch.stack([left[:, :, list(edges)].sum((2, 3)) for edges in INTO])
        operations = left.sum(-1)[left.sum(-1) > 0]
        return [
            figure("inputs_a_node_least", inputs.min().item(), None, "", n=20, limit=2.0, smaller_is_better=False),
            figure("inputs_a_node_most", inputs.max().item(), None, "", n=20, limit=2.0),
            figure("operations_an_edge_most", operations.max().item(), None, "", n=20, limit=1.0),
        ]

    def uniform(self) -> Figures:
        """MetaNAS's pruned network and mixture against the mixture of a supernet whose alphas stay uniform.

        With ``SHARE`` of both recipes' steps, which cost the same seconds; the episodes are the same.
        """
        ours, control = (
            [self.learned(name, seed, most=OF_CONTROLS, share=SHARE) for seed in range(SEEDS)]
            for name in ("metanas", "metanas-uniform")
        )
        found = []
        for network in ("pruned", "mixture"):
            pairs = zip(ours, control)
            apart = [told(a, network, "transductive").mean - told(b, "mixture", "transductive").mean for a, b in pairs]
            mean, half = float(np.mean(apart)), float(T_OF_THREE * np.std(apart, ddof=1) / SEEDS**0.5)
            what = f"{network}_minus_uniform"
            found.append(figure(what, mean, None, "points", n=SEEDS, interval=(mean - half, mean + half)))
        for name, group, network in (("metanas", ours, "pruned"), ("uniform", control, "mixture")):
            means = [told(made, network, "transductive").mean for made in group]
            found.append(figure(f"{name}_{network}_mean", float(np.mean(means)), None, "%", n=SEEDS))
            spent = float(np.mean([made.made["cpu_seconds"] for made in group]))
            found.append(figure(f"{name}_training", spent, None, "CPU s", n=SEEDS))
        return found

    def auto(self) -> Figures:
        return auto_figures(self.background, self.evaluation, self.seed, min(300, self.episodes))

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
        return mri_figures(data_folder(), self.seed, min(OF_CONTROLS, self.episodes))


def told(made: MetaCheckpoint, network: str, mode: Mode, way: int = 5) -> Figure:
    """A measured figure of a learner, from its card."""
    rows = (r for r in made.made["figures"] if (r["network"], r["mode"], r["way"]) == (network, mode, way))
    row = next(rows)
    return Figure(row["mean"], row["interval"], row["episodes"], mode, row["seconds"])


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
