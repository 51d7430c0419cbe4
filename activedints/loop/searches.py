"""Searches as a page shows them: the story that a search job writes, any past step of it as a drawing, what was
expected beside what was measured, and what each cycle learned anew."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.architecture import OPERATIONS, Architecture, edge_ends
from activedints.core.errors import NotFound
from activedints.core.experiment import ExperimentSettings
from activedints.core.job import JobKind, JobStatus
from activedints.core.search_space import SPACES
from activedints.store import cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Experiment, Job

Row = dict[str, Any]


@dataclass(frozen=True)
class SearchOrder:
    """What a search was asked for. ``go_on``: refine the last search's alphas; ``adopt``: the experiment takes the
    found architecture by itself; ``seed`` None: the experiment's and the cycle's; ``lean``: where the alphas start that
    refine no earlier search (``core.leaning``)."""

    seconds: float | None = None
    steps: int | None = None
    space: str = "auto"
    sigma: float = 0.5
    seed: int | None = None
    go_on: bool = True
    adopt: bool = True
    processes: int = 1
    lean: dict[str, Any] | None = None


def order_of(arguments: dict[str, Any], settings: ExperimentSettings) -> SearchOrder:
    """A job's own arguments, and for what they leave open the experiment's settings."""
    names = {field.name for field in fields(SearchOrder)}
    given = {name: value for name, value in arguments.items() if name in names and value is not None}
    if not given.keys() & {"seconds", "steps"}:
        bounded = settings.search_seconds is None
        given["steps"] = settings.steps if bounded else None
        given["seconds"] = settings.seconds if bounded else settings.search_seconds
    return SearchOrder(**{"space": settings.space, "sigma": settings.sigma, **given})


def folder_of(store: Store, job_id: int) -> Path:
    """The job's own folder, where a search keeps its story."""
    return store.folder / "jobs" / str(job_id)


def space_name(settings: dict[str, Any]) -> str:
    """The name of the offered space that search settings belong to, or ''."""
    for space in SPACES:
        size = settings["blocks"], settings["depths"], settings["channel_mul"], settings["patch"][0]
        if size == (space.blocks, space.depths, space.channel_mul, space.side):
            return space.name
    return ""


@dataclass(frozen=True)
class DrawnEdge:
    """An edge of a layer: its ``chance`` in 0..1 to be active, its likeliest operation and that one's ``share`` in
    0..1, and whether the decoded network keeps it."""

    layer: int
    start: int
    end: int
    chance: float
    operation: str
    share: float
    kept: bool


@dataclass(frozen=True)
class Moment:
    """One evaluation of a search: every edge, the architecture decoded then, and its counted cost."""

    step: int
    edges: tuple[DrawnEdge, ...]
    architecture: Architecture
    facts: tuple[Row, ...]
    words: str


@dataclass(frozen=True)
class SearchStory:
    """What a search wrote so far. ``curves``: one row per evaluation; ``costs``: expected beside measured."""

    job: int
    status: str
    cycle: int | None
    reason: str | None
    words: str
    sigma: float
    warm_up_until: int | None
    curves: tuple[Row, ...]
    costs: tuple[Row, ...]
    told: dict[str, Any]
    """The whole history as the job wrote it (``learn.history``)."""

    @property
    def steps(self) -> list[int]:
        return [row["step"] for row in self.curves]

    def at(self, step: int) -> Moment:
        """The search as it stood at one of ``steps``; NotFound for another."""
        if step not in self.steps:
            raise NotFound(f"The search of job {self.job} was not evaluated at step {step}; it was at {self.steps}.")
        return _moment(self, self.told["evaluations"][self.steps.index(step)])


def story(store: Store, job_id: int) -> SearchStory | None:
    """The story of a search job; None while it has not written any. NotFound for a job that is no search."""
    with store.read() as session:
        job = jobs.get(session, job_id)
        if job.kind != JobKind.SEARCH:
            raise NotFound(f"Job {job_id} is a {job.kind} and no search; the Jobs page lists what there is.")
        status, result, cycle = job.status, job.result or {}, _cycle_number(session, job)
    path = folder_of(store, job_id) / "history.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    settings = told["facts"]["settings"]
    curves = tuple(_curve_row(row) for row in told["evaluations"])
    return SearchStory(
        job=job_id,
        status=status,
        cycle=cycle,
        reason=told["reason"],
        words=_words(settings, len(told["facts"]["cases"])),
        sigma=settings["sigma"],
        warm_up_until=next((row["step"] for row in reversed(curves) if row["penalty"] == 0), None),
        curves=curves,
        costs=_costs(told["estimate"], told["measured"], result.get("trial")),
        told=told,
    )


def _words(settings: Row, cases_: int) -> str:
    space = space_name(settings)
    size = f"{settings['blocks']} blocks of {settings['depths']} resolutions, channel_mul {settings['channel_mul']:g}"
    patch = "x".join(str(side) for side in settings["patch"])
    return f"{f'Space {space}: ' if space else ''}{size}, patch {patch}, sigma {settings['sigma']:g}, on {cases_} cases"


def _curve_row(row: Row) -> Row:
    names = ("step", "seconds", "loss", "validation_loss", "edge_entropy", "operation_entropy", "ram", "gflops")
    return {name: row[name] for name in names} | {"penalty": row["penalty_weight"]}


COSTS = {
    "seconds_per_step": "seconds a step",
    "steps": "steps",
    "seconds": "seconds",
    "megabytes": "memory above the start (MB)",
    "path_gflops": "GFLOPs of the mean sampled network",
}


def _costs(estimate: dict[str, float], measured: dict[str, float], trial: Row | None) -> tuple[Row, ...]:
    """Expected before the start beside measured after the end; None where nothing is measured (yet)."""
    rows = [{"what": words, "expected": estimate.get(k), "measured": measured.get(k)} for k, words in COSTS.items()]
    if estimate:
        rows.append(
            {"what": "GFLOPs of all operations on all edges", "expected": estimate["all_gflops"], "measured": None}
        )
    if trial:
        rows += [
            {"what": "found network: peak memory of a training step (MB)", "measured": trial["peak_megabytes"]},
            {"what": "found network: seconds of a training step", "measured": trial["seconds_per_step"]},
            {
                "what": f"found network: seconds a volume of {' x '.join(str(s) for s in trial['volume'])} voxels",
                "measured": trial["seconds_per_volume"],
            },
        ]
    return tuple({"what": "", "expected": None, "measured": None} | row for row in rows)


def _moment(told: SearchStory, row: Row) -> Moment:
    decoded, settings = row["decoded"], told.told["facts"]["settings"]
    kept, chosen = np.asarray(decoded["edges"]), np.asarray(decoded["operations"])
    logits = np.asarray(row["alphas"]["operations"], np.float64)
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    edges = tuple(
        DrawnEdge(
            layer,
            *edge_ends(edge),
            chance=float(row["chances"][layer][edge]),
            operation=OPERATIONS[chosen[layer, edge]],
            share=float(shares[layer, edge].max()),
            kept=bool(kept[layer, edge]),
        )
        for layer, edge in np.ndindex(*kept.shape)
    )
    codes = [tuple(tuple(int(v) for v in line) for line in table) for table in (kept, chosen)]
    step = row["step"]
    provenance = f"Decoded at step {step} of search job {told.job} ({told.words}). {told.reason or 'Not finished.'}"
    name = f"searched-{told.job}-step-{step}"
    kept_alike = {"fine_skip": settings.get("fine_skip", False), "norm": settings.get("norm", "instance")}
    architecture = Architecture(name, codes[0], codes[1], settings["channel_mul"], **kept_alike, provenance=provenance)
    words = (
        f"Step {step} of job {told.job}: {int(kept.sum())} of {kept.size} edges are kept, the others are greyed."
        " Width is the chance that an edge is active, colour its likeliest operation; a node is a resolution."
    )
    return Moment(step, edges, architecture, _network_facts(row.get("network") or {}, row), words)


def _network_facts(network: Row, row: Row) -> tuple[Row, ...]:
    known = {
        "parameters": ("Parameters", "{:,.0f}"),
        "gflops": ("GFLOPs a patch", "{:.2f}"),
        "activation_megabytes": ("Activations a patch", "{:.0f} MB"),
    }
    facts = [{"name": words, "value": form.format(network[k])} for k, (words, form) in known.items() if k in network]
    return (*facts, {"name": "Loss in the supernet", "value": f"{row['validation_loss']:.3f}"})


@dataclass(frozen=True)
class SearchView:
    """The searches of the active experiment: jobs that wrote a story or still may, newest first (those of ``live`` are
    unfinished), and the rows per cycle."""

    experiment: str
    regime: str
    jobs: tuple[int, ...]
    live: frozenset[int]
    words: dict[int, str]
    cycles: tuple[Row, ...]


def view(store: Store) -> SearchView | None:
    """None while the workspace holds no experiment."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        if experiment is None:
            return None
        settings = ExperimentSettings.from_json(experiment.settings)
        mine = [j for j in jobs.newest(session, 10_000) if j.experiment_id == experiment.id]
        searched = [j for j in mine if j.kind == JobKind.SEARCH]
        live = {j.id for j in searched if j.status in (JobStatus.QUEUED, JobStatus.RUNNING)}
        present = [j for j in searched if j.id in live or (folder_of(store, j.id) / "history.json").is_file()]
        words = {j.id: f"job {j.id}, cycle {_cycle_number(session, j)}, {j.status}" for j in present}
        rows = tuple(_cycle_rows(session, experiment, mine))
    return SearchView(experiment.name, settings.regime, tuple(j.id for j in present), frozenset(live), words, rows)


def _cycle_rows(session: Session, experiment: Experiment, mine: list[Job]) -> list[Row]:
    """What each cycle learned anew, oldest first: a row per finished search or training."""
    rows = []
    for job in reversed(mine):
        if job.status != JobStatus.DONE or not job.result or job.kind not in (JobKind.SEARCH, JobKind.TRAIN):
            continue
        result, searched = job.result, job.kind == JobKind.SEARCH
        earlier = result.get("earlier")
        rows.append(
            {
                "cycle": _cycle_number(session, job),
                "learned": "topology" if searched else "weights",
                "regime": result.get("regime"),
                "job": job.id,
                "from": (f"alphas of job {earlier}" if earlier else "fresh alphas")
                if searched
                else result.get("start"),
                "network": _name(result.get("architecture")),
                "parameters": result.get("network", {}).get("parameters") if searched else None,
                "steps": result.get("steps"),
                "seconds": result.get("seconds"),
                "ended": result.get("reason") if searched else None,
            }
        )
    return rows


def _name(architecture: str | None) -> str | None:
    if architecture is None or not architecture.lstrip().startswith("{"):
        return architecture
    return Architecture.from_json(architecture).name


def _cycle_number(session: Session, job: Job) -> int | None:
    return cycles.get(session, job.cycle_id).number if job.cycle_id else None
