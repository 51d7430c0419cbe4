"""The few-shot study as a screen or a command meets it: learners, episodes, live adaptation, training again."""

import base64
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from activedints.core.cell import EDGES, OPERATIONS, edge_weights, shares
from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.job import JobKind, JobStatus
from activedints.loop.asking import ask
from activedints.store import jobs
from activedints.store.database import Store

SHIPPED = Path(__file__).parent.parent / "nas" / "few_shot" / "checkpoints"
"""Meta-trained starts that ship with the product: NAME.safetensors with its card NAME.json."""

SETS = {"glyphs": "Glyphs of many scripts", "omniglot": "Omniglot", "patches": "Patches of my annotated scans"}
TRAINED_ON = ("glyphs", "omniglot")
TARGETS = 5

PUBLISHED = (
    {"method": "MAML", "Omniglot 20-way 1-shot": "95.8 %", "from": "Finn et al. 2017"},
    {"method": "MAML++", "Omniglot 20-way 1-shot": "97.65 %", "from": "Antoniou et al. 2019"},
    {"method": "REPTILE", "Omniglot 20-way 1-shot": "89.43 % (transductive)", "from": "Nichol et al. 2018"},
    {"method": "MetaNAS", "Omniglot 20-way 1-shot": "97.74 %", "from": "Elsken et al. 2020"},
)
"""Figures of the papers, quoted; none of them is ours."""


@dataclass(frozen=True)
class Learner:
    """A meta-trained start. ``name`` is how it is asked for; ``weights`` its file, ``card_text`` its card as JSON."""

    name: str
    title: str
    weights: Path
    card_text: str
    ours: bool
    """Trained in this workspace, not shipped."""

    @property
    def card(self) -> dict[str, Any]:
        card: dict[str, Any] = json.loads(self.card_text)
        return card

    @property
    def made(self) -> dict[str, Any]:
        made: dict[str, Any] = self.card["made"]
        return made


def shipped() -> list[Learner]:
    """The learners that come with the product, in the order of the alphabet, MetaNAS first."""
    found = []
    for path in sorted(SHIPPED.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        card = json.loads(text)
        title = f"{card['learner']} ({SETS[card['made']['data']]})"
        found.append(Learner(path.stem, title, path.with_suffix(".safetensors"), text, ours=False))
    return sorted(found, key=lambda learner: not learner.name.startswith("metanas"))


def learners(store: Store) -> list[Learner]:
    """All learners that can adapt: shipped ones, then those trained in this workspace, newest first."""
    found = shipped()
    with store.read() as session:
        for job in jobs.newest(session, 200):
            if job.kind == JobKind.META_TRAIN and job.status == JobStatus.DONE and job.result:
                card = job.result["card"]
                title = f"{card['learner']} ({SETS[card['made']['data']]}, trained here by job {job.id})"
                weights = store.files.path(job.result["weights"])
                found.append(Learner(f"job-{job.id}", title, weights, json.dumps(card), ours=True))
    return found


def learner(store: Store, name: str) -> Learner:
    """One of them by name; NotFound says which there are."""
    known = {found.name: found for found in learners(store)}
    if name not in known:
        raise NotFound(f"There is no few-shot learner '{name}'; there are {', '.join(known) or 'none yet'}.")
    return known[name]


def omniglot_folder(store: Store) -> Path:
    """Where `activedints data get omniglot` puts the set; NotFound tells that command."""
    folder = store.folder / "nas"
    if not any((folder / name).is_file() for name in ("omniglot28.npz", "images_background.zip")):
        raise NotFound("Omniglot is not in this workspace yet: run `activedints data get omniglot`.")
    return folder


def train_again(store: Store, recipe: str, data: str, seed: int) -> str:
    """Enqueue a meta-training of ``recipe`` on ``data``; the learner appears in the list when it is done."""
    known = recipes()
    if recipe not in known or data not in TRAINED_ON or not 0 <= seed < 1 << 31:
        raise InvalidSettings(
            f"A meta-training needs a recipe of {', '.join(known)}, one of {', '.join(TRAINED_ON)} and a seed from 0; "
            f"got {recipe!r}, {data!r} and {seed}."
        )
    if data == "omniglot":
        omniglot_folder(store)
    with store.write() as session:
        waiting = [job.id for job in jobs.unfinished(session) if job.kind == JobKind.META_TRAIN]
        if waiting:
            raise InvalidSettings(f"Job {waiting[0]} trains a learner already: wait for it, or cancel it.")
        job = jobs.enqueue(session, JobKind.META_TRAIN, {"recipe": recipe, "data": data, "seed": seed})
        return f"Job {job.id} is queued: it trains '{recipe}' on {SETS[data]}."


def recipes() -> tuple[str, ...]:
    """Recipes that the shipped learners were made with: what can be trained again."""
    return tuple(dict.fromkeys(found.made["recipe"] for found in shipped()))


Episode = dict[str, Any]
"""names, channels, labels (of the targets, or None), note, and support and target as base64 of uint8 images."""


def deal(store: Store, source: str, way: int, shot: int, seed: int, plane: str = "axial") -> Episode:
    """An episode from a set, by the warm child."""
    question = {"do": "few-shot", "ask": "episode", "source": source, "way": way, "shot": shot}
    return ask(store, question | {"target": TARGETS, "seed": seed, "plane": plane}, seconds=90.0) | {"way": way}


def drawn(drawings: list[dict[str, str]]) -> Episode:
    """What somebody drew: for each class an "example" and a "target", each base64 of 28 x 28 grey bytes.

    InvalidSettings for fewer than two classes; the pixels themselves are checked by the child that adapts.
    """
    if len(drawings) < 2 or any(not {"example", "target"} <= set(both) for both in drawings):
        raise InvalidSettings(f"An episode needs two drawn classes or more, each twice; there are {len(drawings)}.")
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
            f"{inputs} of {len(edges)} edges carry more than half of their weight, and on average the strongest "
            f"operation of an edge has {surest:.2f} of its share (1 is a pruned network)."
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


def usual(names: Iterable[str]) -> list[str]:
    """The learners to begin with: shipped MetaNAS and the quick one, on the set that needs no download."""
    return [name for name in names if name in ("metanas-glyphs", "quick-glyphs")]


def outcome(run: Adapted) -> dict[str, Any]:
    """One row: how a learner ended."""
    pruned = run.result["pruned"]
    told = run.steps[-1]["accuracy"]
    return {
        "learner": run.title,
        "targets told right (%)": None if told is None else round(100 * told, 1),
        "after pruning (%)": round(100 * pruned["accuracy"], 1) if pruned and pruned["accuracy"] is not None else None,
        "parameters": run.result["parameters"],
        "of the pruned network": pruned["parameters"] if pruned else None,
        "seconds": round(run.result["seconds"], 2),
    }


def genotype(run: Adapted) -> list[dict[str, Any]]:
    """What pruning left, one row an edge."""
    names = ("input 0", "input 1", "node 0", "node 1", "node 2")
    return [
        {"cell": number, "node": gene["node"], "from": names[gene["state"]], "operation": gene["operation"]}
        for number, cell in enumerate(run.result["genotype"])
        for gene in cell
    ]


def measured(store: Store) -> list[dict[str, Any]]:
    """Measured figures of all learners, one row each network and mode, from their cards."""
    return [
        {
            "learner": found.title,
            "network": figure["network"],
            "episodes": f"{figure['way']}-way {figure['shot']}-shot, n = {figure['episodes']}",
            "batch norm": figure["mode"],
            "accuracy (%)": f"{figure['mean']:.1f} +- {figure['interval']:.1f}",
            "trained (CPU s)": found.made["cpu_seconds"],
            "seed": found.made["seed"],
        }
        for found in learners(store)
        for figure in found.made.get("figures", ())
    ]
