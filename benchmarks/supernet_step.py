"""How soon our search reaches the validation loss that MONAI's supernet step reaches in five minutes
(``activedints bench supernet-step``).

Small space: 6 blocks, D = 3, channel_mul .25, 48^3, 4 channels, batch 2, one thread, the same cases, halves and fixed
validation patches. MONAI's arm runs ``DiNTS(TopologySearch)``, all operations on all edges, by its released schedule
(half of the time weights alone, then weights and alphas in turn with its entropy, RAM and topology terms), in float32
as it comes, with our optimiser and learning rate; its loss is that of the whole supernet. Ours is the loss of the one
network that its alphas decode to. Seconds are core-seconds, evaluations left out, until the decoded network is at or
below MONAI's loss in two evaluations running.
"""

import contextlib
import io
import time
from statistics import fmean, median
from typing import Any

import torch
from monai.networks.nets.dints import DiNTS, TopologySearch

from activedints.core.settings import SearchSettings
from activedints.learn.augment import augment
from activedints.learn.bilevel import ALPHAS, WEIGHTS, Bilevel
from activedints.learn.compute import threads
from activedints.learn.loss import dice_ce
from activedints.learn.train import learning_rate
from benchmarks.arms import remembered
from benchmarks.figures import bootstrap, figure, printed, result, told
from benchmarks.search import cohort

SEEDS = (0, 1, 2)
BUDGET = 300.0
STEPS = 600
EVERY = 10


def theirs(seed: int, budget: float) -> dict[str, float]:
    """MONAI's arm: ``{"loss", "steps", "seconds_a_step"}``."""
    training, _, _, labels = cohort()
    ours = Bilevel(training, labels.classes, SearchSettings(steps=STEPS, threads=1, seed=seed))  # data and patches
    torch.manual_seed(seed)
    with contextlib.redirect_stdout(io.StringIO()):
        space = TopologySearch(channel_mul=0.25, num_blocks=6, num_depths=3)
    net = DiNTS(space, 4, labels.classes)
    alphas = [space.log_alpha_a, space.log_alpha_c]
    own = {id(a) for a in alphas}
    weights = torch.optim.AdamW([p for p in net.parameters() if id(p) not in own], 2e-3, weight_decay=1e-5)
    search = torch.optim.Adam(alphas, 1e-3, betas=(0.5, 0.999))
    spent, steps, single = 0.0, 0, []
    with threads(1):
        while spent < budget:
            start = time.process_time()
            random = ours.random(steps, WEIGHTS)
            image, label = augment(*ours.for_weights.batch(2, random), random)
            for group in weights.param_groups:
                group["lr"] = learning_rate(2e-3, spent / budget)
            net.zero_grad(set_to_none=True)
            dice_ce(net(image), label).backward()
            weights.step()
            single.append(time.process_time() - start)
            if spent >= budget / 2:
                image, label = ours.for_alphas.batch(2, ours.random(steps, ALPHAS))
                net.zero_grad(set_to_none=True)
                loss = dice_ce(net(image), label) + (2 * spent / budget - 1) * released_penalty(space, image.shape)
                loss.backward()
                search.step()
            spent, steps = spent + time.process_time() - start, steps + 1
            told(int(spent), int(budget), f"MONAI's step {steps}")
        with torch.no_grad():
            losses = [dice_ce(net(x), y).item() for x, y in ours.fixed]
    return {"loss": fmean(losses), "steps": steps, "seconds_a_step": median(single), "seconds": spent}


def released_penalty(space: TopologySearch, size: torch.Size) -> torch.Tensor:
    """Entropies as means, |.5 - ram / full|, .001 topology: the terms of the released search script."""
    chances, _ = space.get_prob_a(child=True)
    edge_entropy = -(chances * torch.log(chances + 1e-5)).mean()
    operations = torch.softmax(space.log_alpha_c, -1)
    operation_entropy = -(operations * torch.log(operations + 1e-5)).mean()
    ram = torch.abs(0.5 - space.get_ram_cost_usage(size) / space.get_ram_cost_usage(size, full=True).detach())
    return edge_entropy + operation_entropy + ram + 0.001 * space.get_topology_entropy(chances)


def ours(seed: int, goal: float, budget: float) -> dict[str, float]:
    """Our arm until ``goal`` is reached twice running: ``{"seconds", "steps", "seconds_a_step", "gflops"}``."""
    training, _, _, labels = cohort()
    settings = SearchSettings(steps=STEPS, threads=1, seed=seed)
    learn = Bilevel(training, labels.classes, settings)
    spent, single, best, below = 0.0, [], [], 0
    with threads(1):
        while below < 2 and spent < budget:
            start = time.process_time()
            progress = learn.step / STEPS
            learn.weight_step(progress)
            single.append(time.process_time() - start)
            if progress >= settings.warm_up:
                learn.alpha_step(min(1.0, 2 * (progress - settings.warm_up) / (1 - settings.warm_up)))
            learn.step = min(learn.step + 1, STEPS - 1)
            spent += time.process_time() - start
            if len(single) % EVERY == 0:
                best.append(learn.evaluation()["validation_loss"])
                below = below + 1 if best[-1] <= goal else 0
                told(int(spent), int(budget), f"our step {len(single)}: {best[-1]:.3f}, goal {goal:.3f}")
    reached = spent if below >= 2 else float("inf")
    return {
        "seconds": reached,
        "loss": best[-1],
        "steps": len(single),
        "seconds_a_step": median(single),
        "gflops": learn.gflops,
        "all_gflops": settings.blocks * learn.costs.gflops.sum() + learn.costs.stem_gflops,
    }


def run(budget: float = BUDGET) -> dict[str, Any]:
    began = time.process_time()
    reference = [remembered(f"supernet-monai-{budget:g}-{s}", lambda s=s: theirs(s, budget)) for s in SEEDS]
    mine = [
        remembered(f"supernet-ours-{budget:g}-{s}", lambda s=s, goal=r["loss"]: ours(s, goal, budget))
        for s, r in zip(SEEDS, reference)
    ]
    seconds = [m["seconds"] for m in mine]
    step = [fmean(arm["seconds_a_step"] for arm in arms) for arms in (mine, reference)]
    n = len(SEEDS)
    figures = [
        figure("seconds_to_loss", fmean(seconds), fmean(r["seconds"] for r in reference), "core-s", n=n, bar=2.0)
        | {"interval": bootstrap(seconds)},
        figure("seconds_a_step", step[0], step[1], "core-s", n=n),
        figure("gflops_a_step", fmean(m["gflops"] for m in mine), mine[0]["all_gflops"], "GFLOPs", n=n),
    ]
    return result("supernet-step", figures, (time.process_time() - began) / 60, cohort="cohort-v1") | {
        "ours": mine,
        "monai": reference,
    }


if __name__ == "__main__":
    printed(run())
