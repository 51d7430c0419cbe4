"""What a screen may do with searches and architectures: estimate, start, use, import."""

import base64
from dataclasses import asdict, dataclass, replace
from typing import Any

from activedints.core.architecture import Architecture
from activedints.core.cycle import Phase
from activedints.core.errors import EmptyPool, IllegalChange, InvalidSettings
from activedints.core.experiment import Regime
from activedints.core.job import JobKind
from activedints.core.search_space import AUTO, check_search, space_named
from activedints.loop import experiments, turns
from activedints.loop.asking import ask
from activedints.loop.searches import SearchOrder
from activedints.store import cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Experiment

LARGEST_IMPORT = 500_000
"""Bytes of an architecture file; the published ones have a few thousand."""
LONGEST_ESTIMATE = 120.0
"""Seconds that the interactive lane may take to time this machine."""


def start(store: Store, order: SearchOrder) -> str:
    """Enqueue a search on what is labelled. Where a turn waits for its search, this one is it, and training follows."""
    with store.write() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        _check(session, experiment, order)
        order = replace(order, adopt=cycle.phase == Phase.SEARCH)
        arguments = {name: value for name, value in asdict(order).items() if value is not None}
        job = jobs.enqueue(session, JobKind.SEARCH, arguments, experiment.id, cycle.id)
        labelled = len(turns.labelled(session, experiment))
        return f"Job {job.id} (search) is queued: it learns from {labelled} labelled cases."


def _check(session: Session, experiment: Experiment, order: SearchOrder) -> None:
    check_search(order.space, order.sigma)
    if order.seconds is not None and order.seconds <= 0:
        raise InvalidSettings(f"A search needs a positive number of seconds; it has {order.seconds:g}.")
    if jobs.unfinished(session, experiment.id):
        raise IllegalChange("A job of this experiment is unfinished: wait for it, or cancel it on the Jobs page.")
    labelled = len(turns.labelled(session, experiment))
    if labelled < 2:
        raise EmptyPool(
            "A search needs at least 2 labelled cases, one half for weights and one for alphas; "
            f"there are {labelled}: annotate more."
        )


def estimate(store: Store, seconds: float) -> list[dict[str, Any]]:
    """What a search of every space would cost on the worker's machine: space, size, megabytes, seconds a step, steps
    in the time given, and a word on whether it fits. Asked of the interactive lane; NotFound if no worker runs."""
    settings = experiments.active_settings(store)
    question = {"channels": len(settings.channels), "classes": settings.labels.classes, "seconds": seconds}
    rows: list[dict[str, Any]] = ask(store, {"do": "estimate", **question}, LONGEST_ESTIMATE)["rows"]
    return rows


def read_architecture(store: Store, name: str, content: bytes) -> Architecture:
    """An architecture from an uploaded file: JSON is read here; a torch file (``arch_code*.pth``) only by the worker's
    safe reader, which can make nothing but numbers. Refuses what is no feasible network, in one sentence."""
    if len(content) > LARGEST_IMPORT:
        raise InvalidSettings(
            f"{name} has {len(content):,} bytes, more than the {LARGEST_IMPORT:,} that an architecture can need; "
            "give the architecture alone, not weights."
        )
    if name.lower().endswith(".json"):
        try:
            return Architecture.from_json(content.decode("utf-8"))
        except UnicodeDecodeError:
            raise InvalidSettings(f"{name} is no text; export an architecture as JSON from the Search page.") from None
    question = {"do": "read published", "name": name, "content": base64.b64encode(content).decode("ascii")}
    return Architecture.from_json(ask(store, question)["architecture"])


@dataclass(frozen=True)
class Use:
    """Where an architecture shall be used: in the active experiment, or in a new one of this name and regime."""

    architecture: Architecture
    experiment: str = ""
    regime: Regime = Regime.WEIGHTS_ONLY


def use(store: Store, wish: Use) -> str:
    """Take an architecture: found a new experiment with it, or give it to the active one.

    The active experiment takes it where no curve is broken by that: before its first training, or in a regime whose
    cycles change the topology anyhow; where a turn waits for its search, training follows at once. Otherwise
    IllegalChange, with the cure. InvalidSettings for an architecture of another space than the experiment searches.
    """
    wish.architecture.check()
    if wish.experiment.strip():
        return _found(store, wish)
    with store.write() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        _check_use(session, experiment, wish.architecture)
        job = turns.after_search(session, experiment, cycle, wish.architecture.to_json())
        follows = f"; job {job.id} ({job.kind}) is queued" if job else "; the next training uses it"
        return f"Experiment '{experiment.name}' has architecture '{wish.architecture.name}' now{follows}."


def _found(store: Store, wish: Use) -> str:
    name = wish.experiment.strip()
    if len(name) > 60 or not name.isprintable():
        raise InvalidSettings("An experiment needs a name of 1 to 60 printable characters.")
    settings = experiments.active_settings(store)
    settings = replace(settings, architecture=wish.architecture.to_json(), regime=wish.regime)
    experiments.create(store, name, settings)
    return f"Experiment '{name}' is active with architecture '{wish.architecture.name}'; it starts at cycle 0."


def _check_use(session: Session, experiment: Experiment, architecture: Architecture) -> None:
    settings = turns.settings_of(experiment)
    if jobs.unfinished(session, experiment.id):
        raise IllegalChange("A job of this experiment is unfinished: wait for it, or cancel it on the Jobs page.")
    trained = any(model.origin == "trained" for model in cycles.models(session, experiment.id))
    if settings.regime is Regime.WEIGHTS_ONLY and trained:
        raise IllegalChange(
            f"Experiment '{experiment.name}' learns weights only and has trained already: another architecture would "
            "break its curve; name a new experiment for it."
        )
    wanted = _depths(settings.space, session, experiment)
    if settings.regime is not Regime.WEIGHTS_ONLY and wanted is not None and wanted != architecture.depths:
        raise InvalidSettings(
            f"Architecture '{architecture.name}' has {architecture.depths} resolutions, and experiment "
            f"'{experiment.name}' refines one of {wanted} from cycle to cycle; name a new experiment for it."
        )


def _depths(space: str, session: Session, experiment: Experiment) -> int | None:
    """Resolutions of the space that the experiment searches; None while nothing has decided it."""
    if space != AUTO:
        return space_named(space).depths
    last = jobs.newest_done(session, JobKind.SEARCH, experiment.id)
    if last is None or not last.result or "architecture" not in last.result:
        return None
    return Architecture.from_json(last.result["architecture"]).depths
