"""The trained advisor as two files: NAME.safetensors (half precision) and NAME.json (what it is and what made it)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError

from activedints.core.errors import InvalidFile, NotFound, UnsafeCheckpoint
from activedints.core.job import Report, silent
from activedints.nas.advisor import generator as generating
from activedints.nas.advisor import predictor as predicting
from activedints.nas.advisor.generator import Generator, GeneratorPlan
from activedints.nas.advisor.predictor import Predictor, PredictorPlan
from activedints.nas.advisor.set_views import Scaling, SetViews, View, view_of
from activedints.nas.few_shot.meta_checkpoint import files_of
from activedints.nas.measured import image_sets
from activedints.nas.measured.table import MeasuredTable

SHIPPED = Path(__file__).parent / "advisor"
MEMBERS = 3


@dataclass(frozen=True)
class Advisor:
    """``predictors``: members of an ensemble; ``known``: the meta-training sets; ``made``: command, table, seconds."""

    predictors: tuple[Predictor, ...]
    generator: Generator
    scaling: Scaling
    known: tuple[str, ...]
    made: dict[str, Any] = field(default_factory=dict)


def trained(
    table: MeasuredTable,
    views: SetViews | None = None,
    seed: int = 0,
    members: int = MEMBERS,
    predictor: PredictorPlan | None = None,
    generator: GeneratorPlan | None = None,
    report: Report = silent,
) -> Advisor:
    """Meta-train everything on the sets of ``table``: amortised, so that a new set costs no training."""
    views = views or SetViews.make([image_sets.image_set(name) for name in table.names])
    scaling = Scaling.of(views, table.names)
    plan = predictor or PredictorPlan()
    fitted = [predicting.fit(table, views, scaling, plan, 100 * seed + k, report) for k in range(members)]
    made = generating.fit(fitted, table.names, views, scaling, generator or GeneratorPlan(), seed, report)
    return Advisor(tuple(fitted), made, scaling, table.names)


def save(advisor: Advisor, stem: Path = SHIPPED) -> tuple[Path, Path]:
    """Write both files."""
    weights, about = files_of(stem)
    tensors = {f"generator.{k}": v for k, v in advisor.generator.state_dict().items()}
    for number, one in enumerate(advisor.predictors):
        tensors |= {f"predictor{number}.{k}": v for k, v in one.state_dict().items()}
    tensors |= {f"scaling.{k}": torch.from_numpy(getattr(advisor.scaling, k)) for k in Scaling.__dataclass_fields__}
    safetensors.torch.save_file({k: v.half().contiguous() for k, v in tensors.items()}, weights)
    facts = {"kind": "data-set advisor (MetaD2A)", "members": len(advisor.predictors), "hidden": hidden(advisor)}
    about.write_text(json.dumps(facts | {"known": advisor.known, "made": advisor.made}, indent=1) + "\n")
    return weights, about


def hidden(advisor: Advisor) -> int:
    return advisor.predictors[0].of_graph.out_features


@cache
def load(stem: Path = SHIPPED) -> Advisor:
    """Read what ``save`` wrote. NotFound, InvalidFile or UnsafeCheckpoint say in one sentence what is wrong."""
    weights, about = files_of(stem)
    for path in (weights, about):
        if not path.is_file():
            raise NotFound(f"The advisor's file {path.name} is missing: train it with `activedints metad2a train`.")
    try:
        card = json.loads(about.read_text(encoding="utf-8"))
        members, width, known = int(card["members"]), int(card["hidden"]), tuple(card["known"])
    except (ValueError, KeyError, TypeError) as fault:
        raise InvalidFile(f"{about.name} does not describe an advisor ({fault!r}): train it again.") from None
    try:
        tensors = {k: v.float() for k, v in safetensors.torch.load_file(weights).items()}
    except (SafetensorError, OSError) as fault:
        raise UnsafeCheckpoint(f"{weights.name} is no safetensors file or is damaged ({fault}): train again.") from None
    part = lambda name: {k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)}  # noqa: E731
    try:
        scaling = Scaling(**{k: v.numpy() for k, v in part("scaling.").items()})
        predictors = [Predictor(scaling.features, width) for _ in range(members)]
        for number, one in enumerate(predictors):
            one.load_state_dict(part(f"predictor{number}."))
        generator = Generator(scaling.features)
        generator.load_state_dict(part("generator."))
    except (RuntimeError, TypeError, KeyError) as fault:
        raise UnsafeCheckpoint(
            f"{weights.name} does not hold the weights that its card names ({str(fault).splitlines()[0]}): train again."
        ) from None
    if not all(bool(v.isfinite().all()) for v in tensors.values()):
        raise UnsafeCheckpoint(f"{weights.name} holds weights that are not finite: train again.")
    return Advisor(tuple(one.eval() for one in predictors), generator.eval(), scaling, known, card["made"])


def embedding(advisor: Advisor, supports: Sequence[np.ndarray]) -> np.ndarray:
    """(set vectors of all predictors,) of a data set, mean over its draws: what retrieval measures distances in."""
    return embedding_of(advisor, [view_of(support) for support in supports])


@torch.no_grad()
def embedding_of(advisor: Advisor, views: Sequence[View]) -> np.ndarray:
    """The same from draws that were described already."""
    found = []
    for images, facts in map(advisor.scaling.scaled, views):
        found.append(torch.cat([one.encoded([images], facts[None])[0] for one in advisor.predictors]).numpy())
    return np.mean(found, 0)
