"""What a query costs in the budget's unit: volumes, voxels, or the minutes that readers were measured to take."""

from statistics import fmean

from activedints.core.errors import InvalidSettings
from activedints.core.experiment import ExperimentSettings
from activedints.core.volume import Box
from activedints.loop.regions import PER_CASE, case_voxels
from activedints.store import annotations, cases
from activedints.store.database import Session
from activedints.store.schema import Annotation, Case, Experiment, Query


def reader_minutes(session: Session, experiment_id: int) -> float | None:
    """Mean active minutes of persons per annotated case of this experiment, all sittings on a case together; None
    while nobody was timed."""
    rows = [sum(row.seconds for row in timed) / 60 for _, _, timed in _timed(session, experiment_id)]
    return fmean(rows) if rows else None


def minutes_per_voxel(session: Session, experiment_id: int) -> float | None:
    """Minutes of persons per voxel of the Regions that they read, over cases that are annotated in Regions alone (a
    whole volume is mostly looked past); None while nobody was timed on one."""
    seconds, voxels = 0.0, 0
    for case, versions, timed in _timed(session, experiment_id):
        if annotations.covers(versions[-1], tuple(case.shape)):
            continue
        known: set[Box] = set()
        for version in versions:
            new = set(annotations.boxes(version)) - known
            known |= new
            if version in timed:
                seconds += version.seconds
                voxels += sum(box_voxels(box) for box in new)
    return seconds / 60 / voxels if voxels else None


def _timed(session: Session, experiment_id: int) -> list[tuple[Case, list[Annotation], list[Annotation]]]:
    """Cases that a person was timed on, with all their versions and those that were timed."""
    found = []
    for case in cases.members(session, experiment_id):
        versions = annotations.versions(session, experiment_id, case.id)
        timed = [version for version in versions if version.source == "reader" and version.seconds > 0]
        if timed:
            found.append((case, versions, timed))
    return found


def costs(session: Session, experiment: Experiment, voxels: dict[int, int], unit: str) -> dict[int, float]:
    """What each candidate costs in the budget's unit; ``voxels`` are those of its box or volume."""
    asks_for = ExperimentSettings.from_json(experiment.settings).unit
    sizes = [(case_of(candidate, asks_for), count) for candidate, count in voxels.items()]
    return dict(zip(voxels, _prices(session, experiment, sizes, unit)))


def cost_of(session: Session, experiment: Experiment, queries: list[Query], unit: str) -> float:
    """What recorded queries cost in all, in the budget's unit; what was asked for twice is read once."""
    asked = {(query.case_id, (tuple(low), tuple(high))) for query in queries for low, high in query.regions}
    whole = {query.case_id for query in queries if not query.regions}
    sizes = [(case, box_voxels(box)) for case, box in asked] + [(case, case_voxels(session, case)) for case in whole]
    return sum(_prices(session, experiment, sizes, unit))


def _prices(session: Session, experiment: Experiment, sizes: list[tuple[int, int]], unit: str) -> list[float]:
    """Of (case, voxels) each. Minutes of a Region follow from the Regions that were timed; before there is one, from
    its share of a volume's."""
    if unit == "volumes":
        return [1.0 for _ in sizes]
    if unit == "voxels":
        return [float(count) for _, count in sizes]
    minutes = reader_minutes(session, experiment.id)
    if minutes is None:
        raise InvalidSettings(
            "A budget in minutes needs a measured reading time and nobody has been timed in this experiment: annotate"
            " a case on the Annotate page first, or count the budget in volumes or voxels."
        )
    pace = minutes_per_voxel(session, experiment.id)
    if pace is not None and ExperimentSettings.from_json(experiment.settings).unit == "region":
        return [pace * count for _, count in sizes]
    return [minutes * count / case_voxels(session, case) for case, count in sizes]


def case_of(candidate: int, asks_for: str) -> int:
    """The case of a candidate number, in an experiment that asks for volumes or for Regions."""
    return candidate // PER_CASE if asks_for == "region" else candidate


def box_voxels(box: Box) -> int:
    """Voxels of a half-open box.

    >>> box_voxels(((0, 0, 0), (2, 3, 4)))
    24
    """
    low, high = box
    x, y, z = (b - a for a, b in zip(low, high))
    return x * y * z
