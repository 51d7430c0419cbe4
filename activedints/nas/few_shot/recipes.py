"""The recipes that made the shipped checkpoints and the claimed figures: a network, its stages, and how it adapts.

Stages count steps, not seconds, so that a recipe gives the same weights every time; seconds are measured and reported.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from activedints.core.errors import NotFound
from activedints.core.job import Report, silent
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import ImageClasses
from activedints.nas.few_shot.functional import Conv4
from activedints.nas.few_shot.learners import (
    EpisodeSource,
    Maml,
    Prototypes,
    Reptile,
    Stage,
    WarmUp,
    meta_train,
)
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import MetaNas, Search
from activedints.nas.few_shot.mixtures import Mixed, WeightsOnly
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet


@dataclass(frozen=True)
class Recipe:
    """``learner`` names it on a screen; ``adapting`` is what happens in an episode of the user's."""

    learner: str
    network: Conv4 | Supernet
    stages: tuple[Stage, ...]
    adapting: Adaptation | Search


MANY_WAYS = EpisodeSource(episodes=2, way=40, target=4)
HARDENING = Annealing(1.0, 0.01, "geometric")
SEARCH = Search(steps=20, rate=2e-3, alpha_rate=2e-2, annealing=HARDENING)
META_SEARCH = replace(SEARCH, steps=5, drop=0.01)

RECIPES = {
    "quick": Recipe(
        "warm-up and prototypes",
        Conv4(),
        (WarmUp(3500, batch=64, rate=2e-2, scale=20.0, warped=0.15), Prototypes(700, MANY_WAYS, 3e-3)),
        Adaptation(0, head="prototype"),
    ),
    "maml": Recipe("MAML", Conv4(), (Maml(1000),), Adaptation(1, 0.4, head="linear")),
    "reptile": Recipe("REPTILE", Conv4(), (Reptile(1000),), Adaptation(20, 1e-3, "adam", "linear")),
    "metanas": Recipe(
        "MetaNAS",
        Supernet(),
        (
            WeightsOnly(WarmUp(2000, batch=64, rate=1e-2, scale=20.0, warped=0.15), drawn=True),
            WeightsOnly(Prototypes(300, MANY_WAYS, 3e-3), drawn=True),
            MetaNas(100, META_SEARCH),
        ),
        SEARCH,
    ),
    "metanas-unannealed": Recipe(
        "MetaNAS without soft pruning",
        Supernet(),
        (
            WeightsOnly(WarmUp(1000, batch=64, rate=1e-2, scale=20.0, warped=0.15)),
            MetaNas(100, META_SEARCH.without_annealing()),
        ),
        SEARCH.without_annealing(),
    ),
}


def train(name: str, images: ImageClasses, data: str, seed: int = 0, report: Report = silent) -> MetaCheckpoint:
    """Follow a recipe by name on classes named ``data`` and return what it made, with its origin."""
    if name not in RECIPES:
        raise NotFound(f"There is no few-shot recipe {name!r}; there are {', '.join(RECIPES)}.")
    recipe, began = RECIPES[name], time.process_time()
    network = Mixed(recipe.network) if isinstance(recipe.network, Supernet) else recipe.network
    params = meta_train(network, recipe.stages, images, seed, report)
    made: dict[str, Any] = {
        "recipe": name,
        "stages": [{"kind": type(stage).__name__, **asdict(stage)} for stage in recipe.stages],
        "data": data,
        "classes": len(images),
        "seed": seed,
        "cpu_seconds": round(time.process_time() - began, 1),
    }
    return MetaCheckpoint(recipe.learner, recipe.network, recipe.adapting, params, made)
