"""Auto-Meta in its smallest form (NAS by growth): what the surrogate knows, and the grown cell against a plain Conv4.

Candidates learn from 864 background characters and are compared on the other 100; the best one and a Conv4 of as many
weights are then trained alike, longer, on all 964, and reported on evaluation characters.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.auto_meta import AutoMeta, Cell, Grown, leave_one_out
from activedints.nas.few_shot.episodes import ImageClasses, evaluation_list
from activedints.nas.few_shot.evaluation import Figure, by_adaptation, evaluate
from activedints.nas.few_shot.functional import Conv4, Network, keep_heap
from activedints.nas.few_shot.learners import EpisodeSource, Reptile, WarmUp, meta_train
from activedints.nas.few_shot.supernet import OPERATIONS, Supernet
from benchmarks.figures import figure

VALIDATION = 100
SOURCE = EpisodeSource(episodes=5, shot=1, target=4)
STEPS = Adaptation(5, 1e-3, "adam", "prototype")
SHORT = (WarmUp(300, batch=64, rate=1e-2, scale=20.0, warped=0.15), Reptile(15, STEPS, SOURCE))
FINAL = (replace(SHORT[0], steps=1500), Reptile(40, STEPS, SOURCE))


def weights_of(supernet: Supernet, cell: Cell) -> int:
    """Weights of the network that repeats this cell."""
    edges = [(state, OPERATIONS[op]) for block in cell for state, op in zip(block.states, block.operations)]
    return supernet.weights_left([edges] * len(supernet.reduces))


def conv4_like(weights: int) -> tuple[Conv4, int]:
    """The Conv4 whose number of weights is nearest, and that number."""
    sizes = {f: sum(v.numel() for v in Conv4(f).start(0).values()) for f in range(4, 65)}
    filters = min(sizes, key=lambda f: abs(sizes[f] - weights))
    return Conv4(filters), sizes[filters]


def auto_figures(background: ImageClasses, evaluation: ImageClasses, seed: int, episodes: int) -> list[dict[str, Any]]:
    """Grow, report the surrogate, train the best cell and a Conv4 alike."""
    keep_heap()
    order = np.random.default_rng(seed).permutation(len(background))
    learned, validation = background.subset(order[VALIDATION:]), background.subset(order[:VALIDATION])
    supernet = Supernet()
    search = AutoMeta(supernet, SHORT, STEPS)
    found = search.search(learned, validation, evaluation_list(validation, 5, 1, episodes=100), seed)
    known = np.array([candidate.accuracy for candidate in found])
    best = max(found, key=lambda candidate: candidate.accuracy)
    weights = weights_of(supernet, best.cell)
    conv, like = conv4_like(weights)
    wanted = evaluation_list(evaluation, 5, 1, episodes=episodes)

    def trained(network: Network) -> Figure:
        params = meta_train(network, FINAL, background, seed)
        adapted = by_adaptation(network, params, STEPS)
        return evaluate(adapted, evaluation, wanted, ("transductive",))["adapted", "transductive"]

    ours, theirs = trained(Grown(supernet, best.cell)), trained(conv)
    blocks = [c for c in found if c.expected is not None]
    second = [spearmanr([c.expected for c in blocks], [c.accuracy for c in blocks]).statistic] if blocks else []
    return [
        figure(
            "auto_surrogate_spearman", float(spearmanr(leave_one_out(found), known).statistic), None, "", n=len(found),
            limit=0.4, smaller_is_better=False,
        ),
        *(figure("auto_surrogate_spearman_second_block", float(s), None, "", n=len(blocks)) for s in second),
        as_accuracy("auto_best_cell", ours, theirs.mean),
        as_accuracy("auto_conv4", theirs, None),
        figure("auto_minus_conv4", ours.mean - theirs.mean, None, "points", n=episodes, limit=-1.0,
               smaller_is_better=False),
        figure("auto_weights", weights, like, "weights"),
    ]  # fmt: skip


def as_accuracy(what: str, found: Figure, reference: float | None) -> dict[str, Any]:
    interval = (found.mean - found.interval, found.mean + found.interval)
    return figure(what, found.mean, reference, "%", n=found.episodes, interval=interval, smaller_is_better=False)
