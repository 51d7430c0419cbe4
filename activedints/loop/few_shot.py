"""Few-shot episodes as a screen meets them: dealt or drawn, adapted to live, and what came out."""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from activedints.core.cell import EDGES, OPERATIONS, edge_weights, shares
from activedints.core.errors import InvalidFile, InvalidSettings
from activedints.loop.asking import ask, is_ready
from activedints.loop.learners import Learner
from activedints.store.database import Store

TARGETS = 5
FAINTEST_STROKE = 16
"""Grey values between ink and paper, of 255."""

Episode = dict[str, Any]
"""names, channels, labels (of the targets, or None), note, and support and target as base64 of uint8 images."""


def warming_up(store: Store) -> bool:
    """Whether the warm child has not said yet where it listens: it starts with the worker and takes some seconds."""
    return not is_ready(store)


def deal(store: Store, source: str, way: int, shot: int, seed: int, plane: str = "axial") -> Episode:
    """An episode from a set, by the warm child."""
    question = {"do": "few-shot", "ask": "episode", "source": source, "way": way, "shot": shot}
    dealt = ask(store, question | {"target": TARGETS, "seed": seed, "plane": plane}, seconds=90.0)
    return dealt | {"way": way, "source": source}


def drawn(drawings: list[dict[str, str]]) -> Episode:
    """What somebody drew: for each class an "example" and a "target", each base64 of 28 x 28 grey bytes.

    InvalidSettings for fewer than two classes, InvalidFile for a blank drawing; the child that adapts checks again.
    """
    if len(drawings) < 2 or any(not {"example", "target"} <= set(both) for both in drawings):
        raise InvalidSettings(f"An episode needs two drawn classes or more, each twice; there are {len(drawings)}.")
    for number, both in enumerate(drawings, 1):
        for which, pixels in both.items():
            raw = base64.b64decode(pixels)
            if not raw or max(raw) - min(raw) < FAINTEST_STROKE:
                raise InvalidFile(f"The {which} of class {number} is blank: draw a stroke on it.")
    parts = {
        name: base64.b64encode(b"".join(base64.b64decode(both[key]) for both in drawings)).decode()
        for name, key in (("support", "example"), ("target", "target"))
    }
    names = [f"class {number}" for number in range(1, len(drawings) + 1)]
    facts = {"names": names, "channels": ["ink"], "labels": list(range(len(names))), "way": len(names)}
    return facts | parts | {"drawn": True, "note": "Drawn here: one example a class, and each once more to be told."}


@dataclass
class Adapted:
    """One learner's way through an episode: ``steps`` grow as news arrive, ``result`` comes at the end."""

    title: str
    way: int
    steps: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def accuracies(self) -> list[tuple[int, float]]:
        """(step, targets told right in %) of the steps so far."""
        return [(step["step"], 100 * step["accuracy"]) for step in self.steps if step["accuracy"] is not None]

    @property
    def chance(self) -> float:
        """Targets told right by guessing, in %."""
        return 100 / self.way

    @property
    def searches(self) -> bool:
        """Whether the architecture adapts too."""
        return bool(self.steps) and self.steps[-1]["alphas"] is not None


@dataclass(frozen=True)
class EdgeView:
    """``weight``: how much its node takes from it; ``shares`` of the operations sum to 1, ``operation`` has most."""

    state: int
    node: int
    weight: float
    shares: tuple[float, ...]
    operation: str


@dataclass(frozen=True)
class CellView:
    number: int
    edges: tuple[EdgeView, ...]
    sentence: str


def cells(step: dict[str, Any], temperature: float | None = None) -> list[CellView]:
    """The cells of a step, mixed at its own temperature or at another."""
    tau, alphas = temperature or step["temperature"], step["alphas"]
    operations, weights = shares(alphas["operations"], tau), edge_weights(alphas["inputs"], tau)
    found = []
    for number, (rows, own) in enumerate(zip(operations.tolist(), weights.tolist())):
        edges = tuple(
            EdgeView(state, node, own[edge], tuple(rows[edge]), OPERATIONS[int(operations[number, edge].argmax())])
            for edge, (state, node) in enumerate(EDGES)
        )
        inputs = sum(edge.weight > 0.5 for edge in edges)
        surest = sum(edge.weight * max(edge.shares) for edge in edges) / sum(own)
        sentence = (
            f"{inputs} of {len(edges)} edges are more in use than not, and the strongest operation of an edge has a "
            f"share of {surest:.2f} on average (1 is a pruned network)."
        )
        found.append(CellView(number, edges, sentence))
    return found


def adapt(
    store: Store,
    found: Learner,
    episode: Episode,
    steps: int,
    temperature: float,
    show: Callable[[Adapted], None] = lambda so_far: None,
) -> Adapted:
    """Adapt a learner to the episode in the warm child; ``show`` is called after every step."""
    adapted = Adapted(found.title, len(episode["names"]))

    def hear(news: dict[str, Any]) -> None:
        adapted.steps.append(news["step"])
        show(adapted)

    question = {"do": "few-shot", "ask": "adapt", "learner": found.name, "episode": episode}
    adapted.result = ask(store, question | {"steps": steps, "temperature": temperature}, 90.0, hear)
    return adapted


TEMPERATURES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
COLD = TEMPERATURES[-1]


def nearest_temperature(temperature: float) -> float:
    """The temperature of the slider that is nearest, by ratio."""
    return min(TEMPERATURES, key=lambda one: abs(math.log(one / temperature)))


OF_OUTCOMES = (
    "Of this one episode, which says little: intervals are 95 % (Wilson) over its targets. Transductive: all targets "
    "in one batch of the batch norm. The figures over many episodes stand below."
)


def outcome(run: Adapted) -> dict[str, Any]:
    """One row: how a learner ended."""
    last, pruned = run.steps[-1], run.result["pruned"]
    return {
        "learner": run.title,
        "targets told right": told_right(last["accuracy"], len(last["predictions"])),
        "after pruning": told_right(pruned["accuracy"], len(pruned["predictions"])) if pruned else "-",
        "batch norm": run.result["mode"],
        "parameters": f"{run.result['parameters']:,}",
        "of the pruned network": f"{pruned['parameters']:,}" if pruned else "-",
        "seconds": f"{run.result['seconds']:.2f}",
    }


def told_right(share: float | None, targets: int) -> str:
    """A share of so many targets with its interval, both in percent.

    >>> told_right(0.5, 10), told_right(None, 10)
    ('50 % (24 to 76)', '-')
    """
    if share is None:
        return "-"
    low, high = wilson(share, targets)
    return f"{100 * share:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def wilson(share: float, number: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share of ``number`` trials (Wilson 1927), which is right at 0 and 1 too.

    >>> [round(end, 3) for end in wilson(1.0, 25)]
    [0.867, 1.0]
    """
    middle, over = share + z * z / (2 * number), 1 + z * z / number
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return max(0.0, (middle - half) / over), min(1.0, (middle + half) / over)


def genotype(run: Adapted) -> list[dict[str, Any]]:
    """What pruning left, one row a node."""
    names = ("input 0", "input 1", "node 0", "node 1", "node 2")
    return [
        {
            "cell": number,
            "node": node,
            "is the sum of": " + ".join(f"{gene['operation']} of {names[gene['state']]}" for gene in genes),
        }
        for number, cell in enumerate(run.result["genotype"])
        for node, genes in groupby(cell, key=itemgetter("node"))
    ]
