"""The recipes that made the shipped checkpoints and the claimed figures: a network, its stages, and how it adapts.

MetaNAS's warm-up is ours and not the paper's: it trains weights and architecture weights together on all classes at
temperatures drawn between 1 and .01, before the meta learner (REPTILE on both) begins. That is what makes the pruned
network as good as the mixture that it comes from.

Stages count steps, not seconds, so that a recipe gives the same weights every time; seconds are measured and reported.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.job import Report, silent
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.darts import Darts
from activedints.nas.few_shot.episodes import EVALUATION_SEED, Episodes, ImageClasses, evaluation_list
from activedints.nas.few_shot.evaluation import MODES, Adapted, Mode, by_adaptation, correct, evaluate, figure
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
from activedints.nas.few_shot.metanas import MetaNas, Search, ends
from activedints.nas.few_shot.mixtures import NO_COOLING, Mixed, WeightsAndArchitecture, WeightsOnly
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet
from activedints.nas.few_shot.tissue import AcrossScans, crossed, regression


@dataclass(frozen=True)
class Recipe:
    """``learner`` names it on a screen; ``adapting`` is what happens in an episode of the user's."""

    learner: str
    network: Conv4 | Supernet
    stages: tuple[Stage, ...]
    adapting: Adaptation | Search


MANY_WAYS = EpisodeSource(episodes=2, way=40, target=4)
PATCHES = "patches"
"""What made["data"] says of a learner of tissue."""
FEW_WAYS, ALONE = 5, 60
"""See ``figures``."""
HARDENING = Annealing(1.0, 0.01, "geometric")
SEARCH = Search(steps=20, rate=2e-3, alpha_rate=2e-2, annealing=HARDENING)
CONV_WARM_UP = WarmUp(3500, batch=64, rate=2e-2, scale=20.0, warped=0.15)
PROTO = Adaptation(5, 0.1)
META_SEARCH = replace(SEARCH, steps=5, drop=0.01)


def supernet_warm_up(steps: int) -> WarmUp:
    return WarmUp(steps, batch=64, rate=1e-2, scale=20.0, warped=0.15)


RECIPES = {
    "quick": Recipe(
        "warm-up and prototypes",
        Conv4(),
        (CONV_WARM_UP, Prototypes(700, MANY_WAYS, 3e-3)),
        Adaptation(0, head="prototype"),
    ),
    "maml": Recipe("MAML", Conv4(), (Maml(800, rate=3e-3),), Adaptation(1, 0.4, head="linear")),
    "maml-first-order": Recipe(
        "first-order MAML", Conv4(), (Maml(1500, second_order=False, rate=3e-3),), Adaptation(1, 0.4, head="linear")
    ),
    "proto-maml": Recipe(
        "Proto-MAML", Conv4(), (Maml(1500, False, PROTO, EpisodeSource(episodes=8)),), replace(PROTO, steps=20)
    ),
    "prototypes": Recipe("prototypes", Conv4(), (Prototypes(1500, MANY_WAYS, 3e-3),), Adaptation(0)),
    "warm-up": Recipe("warm-up and nearest support", Conv4(), (CONV_WARM_UP,), Adaptation(0, head="cosine")),
    "darts": Recipe("DARTS, first order", Supernet(), (Darts(800),), replace(SEARCH, alpha_rate=0.0)),
    "darts-2": Recipe("DARTS, second order", Supernet(), (Darts(300, order=2),), replace(SEARCH, alpha_rate=0.0)),
    "reptile": Recipe("REPTILE", Conv4(), (Reptile(1000),), Adaptation(20, 1e-3, "adam", "linear")),
    "metanas": Recipe(
        "MetaNAS",
        Supernet(),
        (WeightsAndArchitecture(supernet_warm_up(2500)), MetaNas(60, META_SEARCH)),
        SEARCH,
    ),
    "metanas-unannealed": Recipe(
        "MetaNAS without soft pruning",
        Supernet(),
        (
            WeightsAndArchitecture(supernet_warm_up(1600), NO_COOLING),
            MetaNas(40, META_SEARCH.without_annealing()),
        ),
        SEARCH.without_annealing(),
    ),
    "metanas-uniform": Recipe(
        "supernet with uniform alphas",
        Supernet(),
        (
            WeightsOnly(supernet_warm_up(1600)),
            MetaNas(40, replace(META_SEARCH.without_annealing(), alpha_rate=0.0), alpha_pull=0.0),
        ),
        replace(SEARCH.without_annealing(), alpha_rate=0.0),
    ),
    "tissue": Recipe(
        "prototypes of tissue",
        Conv4(),
        (Prototypes(200, AcrossScans(episodes=8, way=4, shot=5, target=5), 3e-3),),
        Adaptation(0, head="prototype"),
    ),
    "long": Recipe(
        "long warm-up and prototypes",
        Conv4(64),
        (WarmUp(18_000, batch=64, rate=2e-2, scale=20.0, turned=True, warped=0.15), Prototypes(5000, MANY_WAYS, 3e-3)),
        Adaptation(0, head="prototype"),
    ),
}


def shortened(stage: Any, share: float) -> Any:
    """The stage with this share of its steps, one at least."""
    if hasattr(stage, "stage"):
        return replace(stage, stage=shortened(stage.stage, share))
    count = "steps" if hasattr(stage, "steps") else "iterations"
    return replace(stage, **{count: max(1, round(share * getattr(stage, count)))})


def named(name: str, share: float = 1.0) -> Recipe:
    """A recipe with a ``share`` of its steps; NotFound and InvalidSettings say what there is."""
    if name not in RECIPES:
        raise NotFound(f"There is no few-shot recipe {name!r}; there are {', '.join(RECIPES)}.")
    if not 0 < share <= 1:
        raise InvalidSettings(f"A share of a recipe's steps lies above 0 and is at most 1; got {share}.")
    recipe = RECIPES[name]
    return replace(recipe, stages=tuple(shortened(stage, share) for stage in recipe.stages)) if share < 1 else recipe


def described(recipe: Recipe) -> list[dict[str, Any]]:
    """Its stages as JSON values."""
    told: list[dict[str, Any]] = json.loads(
        json.dumps([{"kind": type(stage).__name__, **asdict(stage)} for stage in recipe.stages])
    )
    return told


def train(
    name: str, images: ImageClasses, data: str, seed: int = 0, report: Report = silent, share: float = 1.0
) -> MetaCheckpoint:
    """Follow a recipe by name on classes named ``data`` and return what it made, with its origin.

    ``share`` of its steps, for a smaller budget. The network has as many channels as the images.
    """
    recipe, began = named(name, share), time.process_time()
    plain = replace(recipe.network, channels=images.images.shape[2])
    network = Mixed(plain) if isinstance(plain, Supernet) else plain
    params = meta_train(network, recipe.stages, images, seed, report)
    made: dict[str, Any] = {
        "recipe": name,
        "stages": described(recipe),
        "data": data,
        "classes": len(images),
        "seed": seed,
        "command": f"activedints metanas train --recipe {name} --data {data} --seed {seed}"
        + (f" --share {share}" if share < 1 else ""),
        "cpu_seconds": round(time.process_time() - began, 1),
    }
    return MetaCheckpoint(recipe.learner, plain, recipe.adapting, params, made)


def adapting_to(made: MetaCheckpoint) -> Callable[[Episodes], Adapted]:
    """What ``evaluate`` wants: a supernet is searched and pruned, other networks adapt their weights."""
    if isinstance(made.network, Supernet) and isinstance(made.adapting, Search):
        return ends(made.network, made.params, made.adapting)
    if isinstance(made.adapting, Search):
        raise InvalidSettings(f"{made.learner} searches and its network is no supernet: train it again.")
    return by_adaptation(made.network, made.params, made.adapting)


def figures(
    made: MetaCheckpoint,
    evaluation: ImageClasses,
    episodes: int = 600,
    report: Report = silent,
    way: int = 5,
    modes: tuple[Mode, ...] = MODES,
) -> list[dict[str, Any]]:
    """Accuracy of a learner on the fixed 1-shot list, in both batch-norm ``modes``, as JSON values.

    With more than ``FEW_WAYS`` classes only the first ``ALONE`` episodes are told one target at a time. A learner of
    tissue is measured across scans instead (``tissue_figures``).
    """
    if made.made.get("data") == PATCHES:
        return tissue_figures(made, evaluation, episodes)
    wanted = evaluation_list(evaluation, way, 1, episodes=episodes)
    alone = ALONE if way > FEW_WAYS else None
    found = evaluate(adapting_to(made), evaluation, wanted, modes, report=report, alone=alone)
    return [
        {"network": name, "way": way, "shot": 1, "list": wanted.fingerprint(), **asdict(one)}
        for (name, _), one in found.items()
    ]


def tissue_figures(made: MetaCheckpoint, scans: ImageClasses, episodes: int = 200) -> list[dict[str, Any]]:
    """5-shot accuracy across scans that the learner never saw, one target at a time, and the regression's beside it."""
    batch = crossed(scans, 4, 5, 5, episodes, np.random.default_rng(EVALUATION_SEED))
    adapted = adapting_to(made)(batch)
    found = {name: correct(predict, batch, "one target") for name, predict in adapted.items()}
    found["regression on intensities"] = regression(batch)
    return [
        {"network": name, "way": batch.way, "shot": 5, **asdict(figure(each, "one target"))}
        for name, each in found.items()
    ]
