"""From stored rows and files to the arrays that learning works on."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.cycle import Role
from activedints.core.errors import EmptyPool
from activedints.core.experiment import ExperimentSettings
from activedints.core.volume import Affine, spacing
from activedints.formats.nifti import read_labelmap, read_volume
from activedints.learn.data import TrainingCase
from activedints.loop import importing, turns
from activedints.loop.searches import folder_of
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Cycle, Experiment, Job

VERSIONS = "versions.json"
CPU_SPACING = 2.0
"""Finest working voxel size in mm that a CPU is given by default."""


@dataclass(frozen=True)
class Turn:
    """The experiment and cycle that a job works for, and the settings that hold."""

    experiment: Experiment
    cycle: Cycle
    settings: ExperimentSettings


def job_folder(store: Store, job: Job) -> Path:
    """The job's own folder, for what it must find again after a kill."""
    folder = folder_of(store, job.id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def turn_of(session: Session, job: Job) -> Turn:
    experiment = cases.experiment(session, job.experiment_id or 0)
    cycle = cycles.get(session, job.cycle_id or 0)
    return Turn(experiment, cycle, turns.settings_of(experiment, cycle))


def labelled_cases(session: Session, turn: Turn) -> list[tuple[Case, Annotation]]:
    """Learning cases with the newest version of their Annotation. Holdout and calibration are never among them."""
    newest = annotations.newest_of_each(session, turn.experiment.id)
    learning = cases.members(session, turn.experiment.id, Role.LEARNING)
    found = [(case, newest[case.id]) for case in learning if case.id in newest]
    if not found:
        raise EmptyPool("No case is annotated yet, so there is nothing to learn from: annotate one in the worklist.")
    return found


def begun_cases(session: Session, turn: Turn, folder: Path) -> list[tuple[Case, Annotation]]:
    """The labelled cases in the versions that the job of this folder began with, the newest when it begins: a resumed
    training goes on with its own labels, whatever was read while it stood still."""
    path = folder / VERSIONS
    if path.is_file():
        began_with = json.loads(path.read_text(encoding="utf-8"))
        return [(a.case, a) for a in (session.get_one(Annotation, number) for number in began_with)]
    rows = labelled_cases(session, turn)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps([annotation.id for _, annotation in rows]), encoding="utf-8")
    partial.replace(path)
    return rows


@dataclass(frozen=True)
class Scan:
    """A stored case in memory, RAS+: ``image`` (channel, x, y, z), ``brain`` (x, y, z)."""

    image: npt.NDArray[np.floating]
    brain: npt.NDArray[np.bool_]
    affine: Affine


def read_scan(store: Store, case: Case, channels: tuple[str, ...]) -> Scan:
    """Load a case's channels in the order that the experiment names them."""
    volume = read_volume(importing.source_of(store, case))
    order = [case.channels.index(name) for name in channels]
    brain = read_labelmap(store.files.path(case.brain)).array > 0
    return Scan(volume.array[order], brain, volume.affine)


def training_case(store: Store, case: Case, annotation: Annotation, settings: ExperimentSettings) -> TrainingCase:
    """A labelled case as learning takes it: label values become class indices, unannotated voxels stay IGNORE."""
    scan = read_scan(store, case, settings.channels)
    label = settings.labels.index_of(read_labelmap(store.files.path(annotation.file)).array)
    return TrainingCase(case.name, scan.image, scan.brain, spacing(scan.affine), label)


def working_spacing(
    learning: list[TrainingCase], settings: ExperimentSettings, on_gpu: bool
) -> tuple[float, float, float] | None:
    """The voxel size that a training works at: as set, else native on a GPU and no finer than 2 mm on a CPU."""
    if settings.spacing is not None:
        return (settings.spacing,) * 3
    median = np.median([case.spacing for case in learning], axis=0)
    if on_gpu:
        return tuple(float(s) for s in median)  # type: ignore[return-value]
    return tuple(max(float(s), CPU_SPACING) for s in median)  # type: ignore[return-value]
