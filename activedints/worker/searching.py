"""The job that searches an architecture: sized to the machine, refined from the last search's alphas, measured."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.architecture import Architecture
from activedints.core.cycle import Phase
from activedints.core.decode import Alphas
from activedints.core.job import Report
from activedints.core.leaning import leaning_alphas
from activedints.core.search_space import AUTO, PAPER, SearchSpace, space_named
from activedints.core.settings import SearchSettings
from activedints.learn import plan
from activedints.learn.compute import pick_device
from activedints.learn.cost import Size, measure
from activedints.learn.data import TrainingCase, bounding_box, working_size
from activedints.learn.search import SearchResult
from activedints.learn.search import search as run_search
from activedints.loop import searches, turns
from activedints.loop.regions import check_boxes
from activedints.loop.searches import SearchOrder
from activedints.store import cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Job
from activedints.worker.gather import Turn, job_folder, labelled_cases, training_case, turn_of, working_spacing
from activedints.worker.starting import Earlier, earlier_search

BEGUN = "begun.json"


@dataclass(frozen=True)
class Begun:
    """What a search began with, kept in its folder: a resumed one goes on with it, whatever happened meanwhile.

    ``annotations``: ids of the versions it learns from; ``earlier``: id of the job whose alphas it refines, or None.
    """

    settings: dict[str, Any]
    annotations: list[int]
    earlier: int | None
    words: str

    @staticmethod
    def read(folder: Path) -> "Begun | None":
        path = folder / BEGUN
        return Begun(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def write(self, folder: Path) -> None:
        partial = folder / (BEGUN + ".partial")
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(folder / BEGUN)

    @property
    def search_settings(self) -> SearchSettings:
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in self.settings.items()}
        return SearchSettings(**fields)


def search(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Search an architecture on the labelled cases. Inside a turn the training that follows uses it."""
    report(0, 1, "Loading the labelled cases")
    folder = job_folder(store, job)
    begun = Begun.read(folder)
    with store.read() as session:
        turn = turn_of(session, job)
        order = searches.order_of(job.arguments, turn.settings)
        earlier = earlier_search(session, turn, job.id, begun.earlier if begun else None) if order.go_on else None
        rows = labelled_cases(session, turn)
        if begun:
            rows = [(a.case, a) for a in (session.get_one(Annotation, i) for i in begun.annotations)]
    check_boxes(store, turn.experiment, turn.settings)
    learning = [training_case(store, case, annotation, turn.settings) for case, annotation in rows]
    if begun is None:
        begun = _begin(turn, order, learning, [a.id for _, a in rows], earlier, job.arguments.get("device", "auto"))
        begun.write(folder)
    report(0, 1, begun.words)
    settings = begun.search_settings
    alphas = starting_alphas(order, earlier if begun.earlier else None, settings)
    found = run_search(learning, turn.settings.channels, turn.settings.labels, settings, report, folder, alphas)
    architecture = replace(found.architecture, name=f"searched-{job.id}")
    if searches.space_name(begun.settings) == PAPER:
        architecture = replace(architecture, channel_mul=1.0)  # the released retraining is twice as wide
    trial = tried(architecture, turn, settings, typical_size(learning, settings), report)

    def finish(session: Session) -> dict[str, Any]:
        experiment, cycle = cases.experiment(session, turn.experiment.id), cycles.get(session, turn.cycle.id)
        adopted = order.adopt or cycle.phase == Phase.SEARCH
        if adopted:
            turns.after_search(session, experiment, cycle, architecture.to_json())
        facts = {"regime": turn.settings.regime, "space": searches.space_name(begun.settings), "earlier": begun.earlier}
        return {**facts, "adopted": adopted, "trial": trial, **_told(found, architecture)}

    return finish


def starting_alphas(order: SearchOrder, earlier: Earlier | None, settings: SearchSettings) -> Alphas | None:
    """Those of the search that is refined, else those that the order leans to, else none."""
    if earlier is not None:
        return earlier.alphas
    return leaning_alphas(settings.blocks, settings.depths, order.lean) if order.lean else None


def tried(
    architecture: Architecture, turn: Turn, settings: SearchSettings, volume: Size, report: Report
) -> dict[str, Any] | None:
    """Peak memory, seconds a step and a volume of the found network, in a process of its own; None where the memory
    did not suffice for that, which is said and does not undo the search."""
    report(1, 1, "Measuring the network that was found")
    channels, classes = len(turn.settings.channels), turn.settings.labels.classes
    try:
        found = measure(
            architecture,
            channels,
            classes,
            settings.patch,
            volume=volume,
            threads=settings.threads,
            device=settings.device,
        )
        return asdict(found)
    except MemoryError:
        report(1, 1, "The memory did not suffice to measure the network that was found; a training may need a GPU")
        return None


def _told(found: SearchResult, architecture: Architecture) -> dict[str, Any]:
    """The end of a search as its job keeps it."""
    story = json.loads(found.history_path.read_text(encoding="utf-8"))
    return {
        "reason": found.reason,
        "steps": found.steps,
        "seconds": found.seconds,
        "architecture": architecture.to_json(),
        "alphas": found.alphas.to_lists(),
        **{name: story[name] for name in ("estimate", "measured", "network")},
    }


def _begin(
    turn: Turn,
    order: SearchOrder,
    learning: Sequence[TrainingCase],
    annotations: list[int],
    earlier: Earlier | None,
    device: str,
) -> Begun:
    """Choose the space and say why; settings, versions and alphas are fixed from here on."""
    spacing = working_spacing(list(learning), turn.settings, on_gpu=pick_device(device).type == "cuda")
    least = np.min([brain_size(case, spacing) for case in learning], axis=0)
    space, words = chosen_space(
        order, earlier, len(turn.settings.channels), turn.settings.labels.classes, least, device
    )
    settings = plan.settings_for(
        space,
        order.seconds,
        order.steps,
        sigma=order.sigma,
        seed=turn.settings.seed * 1009 + turn.cycle.number if order.seed is None else order.seed,
        device=device,
        spacing=spacing,
        processes=order.processes,
    )
    fits = earlier is not None and earlier.fits(settings)
    if fits and earlier is not None:
        words += f" It refines the alphas of job {earlier.job}."
    elif earlier is not None:
        words += f" The alphas of job {earlier.job} are of another space, so it starts without them."
    elif order.lean:
        words += f" Its alphas lean as the data-set advisor says for '{order.lean.get('from', 'a data set')}'."
    return Begun(asdict(settings), annotations, earlier.job if fits and earlier is not None else None, words)


def chosen_space(
    order: SearchOrder,
    earlier: Earlier | None,
    channels: int,
    classes: int,
    shape: Sequence[int],
    device: str,
) -> tuple[SearchSpace, str]:
    """The space asked for; or the last search's, so that its alphas can be refined; or what this machine affords."""
    if order.space != AUTO:
        space = space_named(order.space)
        return space, f"Search space '{space.name}', as asked for: {space.words}."
    if earlier is not None and (kept := earlier.space) is not None:
        return kept, f"Search space '{kept.name}', that of the last search: {kept.words}."
    if order.steps:  # time cannot size it, and the same steps must be the same search on every machine
        space = space_named("small")
        return space, f"Search space '{space.name}', the standard one where steps bound the search: {space.words}."
    best = plan.choose(
        channels,
        classes,
        seconds=order.seconds or 0.0,
        megabytes=plan.free_megabytes(device),
        gflops_per_second=plan.machine_speed(device),
        shape=[int(side) for side in shape],
    )
    size = f"{best.megabytes:.0f} MB and {best.seconds_per_step:.2f} s a step expected"
    words = f"Search space '{best.space.name}', the largest for this machine and time: {best.space.words}; {size}."
    return best.space, words


def brain_size(case: TrainingCase, spacing: tuple[float, float, float] | None) -> Size:
    """Voxels of the brain's box at the working spacing."""
    return working_size(case.brain[bounding_box(case.brain)].shape, case.spacing, spacing)


def typical_size(learning: Sequence[TrainingCase], settings: SearchSettings) -> Size:
    """The median volume at the working spacing, no smaller than a patch."""
    middle = np.median([brain_size(case, settings.spacing) for case in learning], axis=0)
    x, y, z = (max(int(side), patch) for side, patch in zip(middle, settings.patch))
    return x, y, z
