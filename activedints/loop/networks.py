"""The architecture that an experiment works with, as a drawing needs it: nodes, edges, size and where it comes from."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from activedints.core.architecture import OPERATIONS, Architecture, edge_ends
from activedints.loop import turns
from activedints.loop.experiments import SHIPPED
from activedints.store import cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Experiment, Model


@dataclass(frozen=True)
class Edge:
    """An active edge: from resolution ``start`` before ``layer`` to ``end`` after it, and what it computes."""

    layer: int
    start: int
    end: int
    operation: str


@dataclass(frozen=True)
class NetworkView:
    """``architecture`` is None for a network that was not searched (a baseline); resolutions count from the finest."""

    experiment: str
    simulated: bool
    name: str
    architecture: Architecture | None
    edges: tuple[Edge, ...]
    parameters: int | None
    facts: tuple[tuple[str, str], ...]
    regime: str


def edges_of(architecture: Architecture) -> tuple[Edge, ...]:
    """The active edges, layer by layer.

    >>> edges_of(Architecture("one", ((1,),), ((1,),), 1.0))
    (Edge(layer=0, start=0, end=0, operation='conv 3x3x3'),)
    """
    return tuple(
        Edge(layer, *edge_ends(index), OPERATIONS[architecture.arch_code_c[layer][index]])
        for layer, codes in enumerate(architecture.arch_code_a)
        for index, active in enumerate(codes)
        if active
    )


def count_parameters(weights: Path) -> int:
    """Number of weights in a safetensors file, from its header alone; running statistics are not learned weights."""
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    learned = [name for name in header if name != "__metadata__" and ".running_" not in name]
    return sum(math.prod(header[name]["shape"]) for name in learned)


def view(store: Store) -> NetworkView | None:
    """The network of the newest model, else the one that the experiment will train; None while there is none."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        return _view(session, store, experiment) if experiment else None


def _view(session: Session, store: Store, experiment: Experiment) -> NetworkView:
    settings = turns.settings_of(experiment)
    model = cycles.newest_model(session, experiment.id)
    named = model.architecture if model else settings.architecture
    architecture = named_architecture(named)
    return NetworkView(
        experiment=experiment.name,
        simulated=settings.simulated,
        name=architecture.name if architecture else named,
        architecture=architecture,
        edges=edges_of(architecture) if architecture else (),
        parameters=count_parameters(store.files.path(model.file)) if model else None,
        facts=tuple(_facts(session, model)) + _provenance(architecture),
        regime=settings.regime,
    )


def named_architecture(named: str) -> Architecture | None:
    """An architecture from its JSON text or the name of one that ships; None for a baseline's name."""
    if named.lstrip().startswith("{"):
        return Architecture.from_json(named)
    file = SHIPPED / f"{named}.json"
    return Architecture.from_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def choices(first: str) -> list[str]:
    """Names of the architectures that ship, ``first`` (what an experiment has now) at the top."""
    return list(dict.fromkeys([first, *sorted(file.stem for file in SHIPPED.glob("*.json"))]))


def _facts(session: Session, model: Model | None) -> list[tuple[str, str]]:
    if model is None:
        return [("Model", "none yet: this architecture will be trained first")]
    learned = cycles.trained_on(session, model.id)
    versions = ", ".join(f"{a.case.name} v{a.version}" for a in learned) or "the shipped starter's own cases"
    return [
        ("Model", f"{model.origin} model {model.id} of cycle {model.cycle_number}, made {model.created_at[:10]}"),
        ("Learned from", versions),
        ("Training", f"{model.steps} steps in {model.seconds:.0f} s, seed {model.seed}"),
    ]


def _provenance(architecture: Architecture | None) -> tuple[tuple[str, str], ...]:
    if architecture is None or not architecture.provenance:
        return ()
    return (("Architecture", architecture.provenance),)
