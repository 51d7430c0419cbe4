"""Making, choosing and reading experiments."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.architecture import Architecture
from activedints.core.cycle import Role
from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.experiment import ExperimentSettings
from activedints.loop import turns
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Experiment

DEFAULT_NAME = "default"
LONGEST_NAME = 60
SHIPPED = Path(__file__).parent.parent / "learn" / "architectures"
"""Architectures that ship with the product; data files."""
PLAIN_NETWORKS = ("segresnet", "dynunet")
"""Networks that were not searched, known by name."""
STARTER = Path(__file__).parent.parent / "learn" / "models" / "starter.safetensors"
"""The model that ships with the product; a data file, read here only for the names of its channels."""


def starter_fits(channels: tuple[str, ...]) -> bool:
    """Whether the starter model ships with this copy and all channels that it needs are among ``channels``."""
    if not STARTER.is_file():
        return False
    with STARTER.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return set(json.loads(header["__metadata__"]["activedints"])["channels"]) <= set(channels)


def active(session: Session) -> Experiment:
    """The active experiment, or NotFound with what to do."""
    found = cases.active_experiment(session)
    if found is None:
        raise NotFound(
            "There is no experiment yet: import cases (`activedints import PATH`) or start `activedints demo`."
        )
    return found


def create(store: Store, name: str, settings: ExperimentSettings, initial_names: tuple[str, ...] = ()) -> int:
    """A new experiment over all cases of the workspace that have its channels.

    Roles, and what readers made of holdout and calibration cases, are taken from the active one.
    ``initial_names`` are annotated first; otherwise ``settings.initial`` cases are drawn by the seed.
    Returns the experiment's id; it becomes the active one.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise InvalidSettings(
            f"An experiment needs a name of 1 to {LONGEST_NAME} printable characters, without a space at its ends; "
            f"it is {name[:80]!r}: choose another."
        )
    with store.write() as session:
        previous = cases.active_experiment(session)
        experiment = cases.add_experiment(session, name, settings)
        for case in cases.all_cases(session):
            if set(case.channels) >= set(settings.channels):
                known = previous is not None and any(c.id == case.id for c in cases.members(session, previous.id))
                role = cases.role_of(session, previous.id, case.id) if previous is not None and known else Role.LEARNING
                cases.join(session, experiment.id, case.id, role)
                if previous is not None and role is not Role.LEARNING:
                    annotations.carry_over(session, previous.id, experiment.id, case.id)
        cycle = cycles.start(session, experiment.id, number=0)
        initial = _initial(session, experiment, settings, initial_names)
        turns.open_initial_query(session, experiment, cycle, settings, initial)
        turns.move_on(session, experiment)
        return experiment.id


def _initial(
    session: Session, experiment: Experiment, settings: ExperimentSettings, names: tuple[str, ...]
) -> list[int]:
    """Ids of the cases named to be annotated first; InvalidSettings for more than there are, and for any that cannot
    be queried."""
    free = {case.name: case.id for case in cases.members(session, experiment.id, Role.LEARNING)}
    if settings.initial > len(free):
        raise InvalidSettings(
            f"An initial set of {settings.initial} cases is larger than the {len(free)} that can be queried: ask for "
            "fewer or import more."
        )
    known = [cases.case_named(session, name).name for name in names]
    bad = [name for name in known if name not in free] or sorted({n for n in known if known.count(n) > 1})
    if bad:
        raise InvalidSettings(
            f"The initial set must name learning cases, each once; {bad} are for reporting or calibration, lack a "
            "channel, or are named twice: leave them out."
        )
    return [free[name] for name in known]


def draw_roles(
    names_with_label: list[str], all_names: list[str], wanted: str | None, what: str, seed: int, taken: set[str]
) -> list[str]:
    """Resolve ``--holdout``/``--calibration``: a number K (drawn by the seed among labelled cases) or names.

    >>> draw_roles(["a", "b", "c"], ["a", "b", "c"], "c,a", "holdout", 0, set())
    ['c', 'a']
    """
    if not wanted:
        return []
    if not wanted.isdecimal():
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        if wanted.strip().removeprefix("-").isdecimal():  # no case is called so
            raise InvalidSettings(f"The {what} must be 0 or more cases, or their names; it is {wanted}: give one.")
        if not names:
            raise InvalidSettings(f"The {what} must be a number of cases or their names; it is '{wanted}': give one.")
        unknown = [name for name in names if name not in all_names]
        if unknown:
            raise InvalidSettings(f"The {what} names {unknown}, which are not among the imported cases {all_names}.")
        return names
    free = sorted(set(names_with_label) - taken)
    number = int(wanted)
    if number > len(free):
        raise InvalidSettings(
            f"A {what} of {number} cases is larger than the {len(free)} labelled cases that are free for it;"
            " ask for fewer or import more."
        )
    order = np.random.default_rng(np.random.SeedSequence([seed, len(what)])).permutation(len(free))
    return sorted(free[i] for i in order[:number])


def use(store: Store, name: str) -> None:
    """Make the experiment called ``name`` the active one."""
    with store.write() as session:
        cases.use_experiment(session, cases.experiment_named(session, name))


def describe(store: Store) -> dict[str, Any]:
    """Name, settings and split of the active experiment, as JSON-ready data."""
    with store.read() as session:
        experiment = active(session)
        split = {role.value: [c.name for c in cases.members(session, experiment.id, role)] for role in Role}
        return {"experiment": experiment.name, "settings": json.loads(experiment.settings), "split": split}


def active_settings(store: Store) -> ExperimentSettings:
    """Settings of the active experiment, overrides of single cycles left out."""
    with store.read() as session:
        return turns.settings_of(active(session))


def architecture_text(name_or_file: str) -> str:
    """An architecture as settings keep it: a JSON file's text (checked), else the name as it is."""
    path = Path(name_or_file)
    if path.suffix != ".json":
        return _known(name_or_file)
    if not path.is_file():
        raise NotFound(f"There is no architecture file {path}.")
    return Architecture.from_json(path.read_text(encoding="utf-8", errors="replace")).to_json()


def _known(name: str) -> str:
    shipped = sorted(file.stem for file in SHIPPED.glob("*.json"))
    if name not in (*shipped, *PLAIN_NETWORKS):
        raise NotFound(
            f"There is no architecture '{name}'; choose one of {', '.join((*shipped, *PLAIN_NETWORKS))}, or give a "
            "JSON file."
        )
    return name
