"""Few-shot learners of a workspace: the shipped ones, those trained here, and training again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.job import JobKind, JobStatus
from activedints.loop.views import JobView, job_view
from activedints.store import jobs
from activedints.store.database import Store

SHIPPED = Path(__file__).parent.parent / "nas" / "few_shot" / "checkpoints"
"""Meta-trained starts that ship with the product: NAME.safetensors with its card NAME.json."""

SETS = {"glyphs": "Glyphs of many scripts", "omniglot": "Omniglot", "patches": "Patches of my annotated scans"}
SHORT = {"glyphs": "glyphs", "omniglot": "Omniglot", "patches": "my scans"}
"""The sets in the name of a learner."""
TRAINED_ON = ("glyphs", "omniglot", "patches")
TISSUE = "tissue"
RECIPES = (
    "metanas",
    "quick",
    "maml",
    "maml-first-order",
    "proto-maml",
    "reptile",
    "prototypes",
    "warm-up",
    "darts",
    "darts-2",
    TISSUE,
)
"""Recipes of ``nas.few_shot.recipes`` that a screen offers."""

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
        title = f"{card['learner']} ({SHORT[card['made']['data']]})"
        found.append(Learner(path.stem, title, path.with_suffix(".safetensors"), text, ours=False))
    return sorted(found, key=lambda learner: learner.made["recipe"] != "metanas")


def every(store: Store) -> list[Learner]:
    """All learners that can adapt: shipped ones, then those trained in this workspace, newest first."""
    found = shipped()
    with store.read() as session:
        for job in jobs.newest(session, 200):
            if job.kind == JobKind.META_TRAIN and job.status == JobStatus.DONE and job.result:
                card = job.result["card"]
                title = f"{card['learner']} ({SHORT[card['made']['data']]}, job {job.id})"
                weights = store.files.path(job.result["weights"])
                found.append(Learner(f"job-{job.id}", title, weights, json.dumps(card), ours=True))
    return found


def named(store: Store, name: str) -> Learner:
    """One of them by name; NotFound says which there are."""
    known = {found.name: found for found in every(store)}
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
    if recipe not in RECIPES or data not in TRAINED_ON or not 0 <= seed < 1 << 31:
        raise InvalidSettings(
            f"A meta-training needs a recipe of {', '.join(RECIPES)}, one of {', '.join(TRAINED_ON)}, a seed from 0; "
            f"got {recipe!r}, {data!r} and {seed}."
        )
    if (recipe == TISSUE) != (data == "patches"):
        raise InvalidSettings(f"The recipe '{TISSUE}' learns from patches of scans, and no other does: choose both.")
    if data == "omniglot":
        omniglot_folder(store)
    with store.write() as session:
        waiting = [job.id for job in jobs.unfinished(session) if job.kind == JobKind.META_TRAIN]
        if waiting:
            raise InvalidSettings(f"Job {waiting[0]} trains a learner already: wait for it, or cancel it.")
        job = jobs.enqueue(session, JobKind.META_TRAIN, {"recipe": recipe, "data": data, "seed": seed})
        return f"Job {job.id} is queued: it trains '{recipe}' on {SETS[data]}."


def training(store: Store) -> JobView | None:
    """The meta-training that waits or runs."""
    return _newest(store, JobStatus.QUEUED, JobStatus.RUNNING)


def stopped_training(store: Store) -> JobView | None:
    """The newest meta-training, if it failed or was cancelled."""
    job = _newest(store)
    return job if job and job.status in (JobStatus.FAILED, JobStatus.CANCELLED) else None


def _newest(store: Store, *statuses: JobStatus) -> JobView | None:
    with store.read() as session:
        mine = [job for job in jobs.newest(session, 200) if job.kind == JobKind.META_TRAIN]
        found = next((job for job in mine if not statuses or job.status in statuses), None)
        return job_view(session, found) if found else None


def usual(found: Iterable[Learner], channels: list[str], source: str = "") -> list[str]:
    """The learners to begin with: one of these scans' tissue if there is one, a MetaNAS and a quick one.

    Those trained on the set that the episode is from come first.
    """
    fitting = [learner for learner in found if learner.made.get("channels", channels) == channels]
    fitting.sort(key=lambda learner: learner.made["data"] != source)
    firsts = (
        next((learner.name for learner in fitting if learner.made["recipe"] == recipe), None)
        for recipe in (TISSUE, "metanas", "quick")
    )
    return [name for name in firsts if name]


NETWORKS = {"adapted": "adapted", "mixture": "mixture (soft pruning)", "pruned": "pruned to one network"}
"""The networks that an adaptation ends with, as a screen calls them."""


OF_MEASURED = (
    "Ours: mean accuracy with its 95 % interval on fixed lists of episodes of unseen classes, in both modes of batch "
    "norm (transductive: all targets of an episode in one batch; else one target at a time). MetaNAS without soft "
    "pruning is the control: its mixture is as good, and pruning destroys it. None of this is a gain by NAS: a plain "
    "Conv4 does as well."
)


def measured(store: Store) -> list[dict[str, Any]]:
    """Measured accuracies of all learners from their cards: one row each network and size, a column each mode."""
    rows: dict[tuple[str, str, int, int], dict[str, Any]] = {}
    for found in every(store):
        for figure in found.made.get("figures", ()):
            key = (found.name, figure["network"], figure["way"], figure["shot"])
            row = rows.setdefault(
                key,
                {
                    "learner": found.title,
                    "network": NETWORKS.get(figure["network"], figure["network"]),
                    "episodes": f"{figure['way']}-way {figure['shot']}-shot",
                    "transductive (%)": "-",
                    "one target (%)": "-",
                    "trained (CPU s)": found.made["cpu_seconds"],
                    "seed": found.made["seed"],
                },
            )
            said = f"{figure['mean']:.1f} +- {figure['interval']:.1f} (n {figure['episodes']})"
            row[f"{figure['mode']} (%)"] = said
    return list(rows.values())
