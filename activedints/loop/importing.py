"""Cases into the workspace: everything is checked before anything is written, and one bad case refuses them all."""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.cycle import Role
from activedints.core.errors import DuplicateCase, InvalidChannels, InvalidFile, InvalidLabels, InvalidSettings
from activedints.core.experiment import ExperimentSettings, Start
from activedints.core.job import Report, silent
from activedints.core.settings import LabelSet
from activedints.core.volume import Box, LabelMap
from activedints.formats.brain import brain_mask
from activedints.formats.case import CaseSource, Dataset
from activedints.formats.convert import Conversion
from activedints.formats.export import copy_label
from activedints.formats.names import subject_key
from activedints.formats.nifti import read_grid, read_volume, write_labelmap
from activedints.formats.source import read_dataset
from activedints.loop import experiments, turns
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.files import Incoming, room_for
from activedints.store.schema import Annotation, Case, Experiment

IMPORTER = "import"


@dataclass(frozen=True)
class ImportRequest:
    """What to import and what each case is for (DESIGN section 7)."""

    path: Path
    format: str = "auto"
    channel_globs: dict[str, str] | None = None
    labels: str = "none"
    """'none', 'fixed' (holdout and calibration), 'all', or names: whose label files become Annotations."""
    holdout: str | None = None
    calibration: str | None = None
    skip_bad: bool = False
    reference: str | None = None
    """Channel whose grid the others are resampled to where they differ."""
    register: bool = False
    """Move the other channels rigidly onto the reference first."""


@dataclass(frozen=True)
class ImportReport:
    imported: tuple[str, ...]
    left_out: dict[str, str]
    warnings: tuple[str, ...]
    experiment: str


def import_cases(store: Store, request: ImportRequest, report: Report = silent) -> ImportReport:
    """Check a folder of cases, copy it into the workspace and give every case its Role, in one transaction."""
    with room_for(store.folder), tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        conversion = Conversion(Path(scratch), request.reference, request.register)
        dataset = read_dataset(request.path, request.format, request.channel_globs, report, conversion)
        _refuse_problems(dataset, request.skip_bad)
        _label_names(dataset, request.labels, _roles(dataset, request, seed=0))  # said before the long work
        with store.read() as session:  # before the long work; asked again under the lock
            _refuse_known_names(session, dataset)
        received = {}
        for number, source in enumerate(dataset.cases, start=1):
            report(number, len(dataset.cases), f"Importing {source.name}")
            received[source.name] = _receive(store, source, Path(scratch))
        return _record(store, dataset, request, received)


@dataclass(frozen=True)
class Received:
    """The files of one case, copied and checked but not yet in the store."""

    images: list[Incoming]
    brain: Incoming
    brain_how: str
    originals: list[Incoming]
    reference: Incoming | None


def _receive(store: Store, source: CaseSource, scratch: Path) -> Received:
    def copy(path: Path) -> Incoming:
        return store.files.receive(path, suffix_of(path), scratch)

    volume = read_volume(source)
    mask, how = brain_mask(volume, source.brain)
    brain = scratch / f"{source.name}-brain.nii.gz"
    write_labelmap(brain, LabelMap(mask.astype(np.uint8), volume.affine), like=source.images[0])
    label = scratch / f"{source.name}-label.nii.gz"
    if source.label:  # its axes may run in another order than the image's, and an Annotation is drawn on as it lies
        copy_label(label, source.label, like=source.images[0])
    return Received(
        images=[copy(path) for path in source.images],
        brain=copy(brain),
        brain_how=how,
        originals=[copy(path) for path in source.originals if path.is_file()],
        reference=copy(label) if source.label else None,
    )


def _record(store: Store, dataset: Dataset, request: ImportRequest, received: dict[str, Received]) -> ImportReport:
    """Files and rows in one transaction. It holds the write lock, so nothing in it may report or compute for long."""
    with store.write() as session:
        _refuse_known_names(session, dataset)
        experiment = cases.active_experiment(session) or _default_experiment(session, dataset, request)
        settings = turns.settings_of(experiment)
        _check_fits(dataset, settings, experiment.name)
        roles = _roles(dataset, request, settings.seed)
        to_label = _label_names(dataset, request.labels, roles)
        warnings = _repeated_subjects(session, dataset)
        if request.labels != "none" and not to_label:
            warnings.append(f"--labels {request.labels}: no such case came with a label file, so none is annotated.")
        for source in dataset.cases:
            case = _store_case(session, store, source, dataset.simulated, received[source.name])
            cases.join(session, experiment.id, case.id, roles.get(source.name, Role.LEARNING))
            warnings += [f"{source.name}: {text}" for text in (*source.warnings, *source.done)]
            if source.name in to_label:
                annotate_from_reference(session, experiment, case, IMPORTER, IMPORTER)
        if not cycles.all_of(session, experiment.id):
            cycles.start(session, experiment.id, number=0)
        if not to_label - set(roles):
            turns.move_on(session, experiment)
        names = tuple(source.name for source in dataset.cases)
        return ImportReport(names, dataset.problems, tuple(warnings), experiment.name)


def _refuse_problems(dataset: Dataset, skip_bad: bool) -> None:
    if dataset.problems and not (skip_bad and dataset.cases):
        first = next(iter(dataset.problems.values()))
        more = len(dataset.problems) - 1
        hint = f" ({more} more; `activedints doctor PATH` lists all, --skip-bad leaves them out)" if more else ""
        raise InvalidFile(f"{first}{hint}")


def _refuse_known_names(session: Session, dataset: Dataset) -> None:
    known = {case.name for case in cases.all_cases(session)}
    twice = sorted(source.name for source in dataset.cases if source.name in known)
    if twice:
        more = f" and {len(twice) - 3} more" if len(twice) > 3 else ""
        raise DuplicateCase(
            f"{len(twice)} of these {len(dataset.cases)} case(s) have the name of one that the workspace holds already"
            f" ({', '.join(twice[:3])}{more}), and a name stands for one scan, also at another voxel size: leave them"
            " out, import them into another workspace, or rename them and keep each patient on one side of the split."
        )


def _default_experiment(session: Session, dataset: Dataset, request: ImportRequest) -> Experiment:
    labels = dataset.labels or LabelSet((0, 1), ("background", "lesion"))
    start = Start.STARTER if experiments.starter_fits(dataset.channels) else Start.SCRATCH
    settings = ExperimentSettings(dataset.channels, labels, start=start, simulated=dataset.simulated)
    return cases.add_experiment(session, experiments.DEFAULT_NAME, settings)


def _check_fits(dataset: Dataset, settings: ExperimentSettings, name: str) -> None:
    for source in dataset.cases:
        missing = [c for c in settings.channels if c not in source.channels]
        if missing:
            raise InvalidChannels(
                f"Case {source.name} has channels {list(source.channels)}; experiment '{name}' also needs {missing}:"
                " write a pattern for each channel, or start another experiment in a new workspace."
            )
    if dataset.labels is not None and dataset.labels != settings.labels:
        raise InvalidLabels(
            f"These cases have labels {dataset.labels.names}; experiment '{name}' has {settings.labels.names}:"
            " import them into another workspace."
        )


def _roles(dataset: Dataset, request: ImportRequest, seed: int) -> dict[str, Role]:
    everyone = [source.name for source in dataset.cases]
    with_label = [source.name for source in dataset.cases if source.label is not None]
    holdout = experiments.draw_roles(with_label, everyone, request.holdout, "holdout", seed, set())
    calibration = experiments.draw_roles(
        with_label, everyone, request.calibration, "calibration", seed, taken=set(holdout)
    )
    both = sorted(set(holdout) & set(calibration))
    if both:
        raise InvalidSettings(f"{both} cannot be holdout and calibration at once; name each case in one of the two.")
    return {**dict.fromkeys(calibration, Role.CALIBRATION), **dict.fromkeys(holdout, Role.HOLDOUT)}


def _label_names(dataset: Dataset, wanted: str, roles: dict[str, Role]) -> set[str]:
    with_label = {source.name for source in dataset.cases if source.label is not None}
    if wanted in ("none", "fixed", "all"):
        return {"none": set(), "fixed": with_label & set(roles), "all": with_label}[wanted]
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    without = sorted(names - with_label)
    if without:
        raise InvalidSettings(f"--labels names {without}, which have no label file among the imported cases.")
    return names


def _repeated_subjects(session: Session, dataset: Dataset) -> list[str]:
    seen = {subject: f"{name}, which is in the workspace already" for subject, name in cases.subjects(session).items()}
    found = []
    for source in dataset.cases:
        subject = subject_key(source.name)
        if subject in seen:
            rule = "never let one patient stand on both sides of a split"
            found.append(f"{source.name} looks like the same patient as {seen[subject]}: {rule}.")
        seen.setdefault(subject, source.name)
    return found


def _store_case(session: Session, store: Store, source: CaseSource, simulated: bool, files: Received) -> Case:
    settle = partial(store.files.settle, session)
    grid = read_grid(source.images[0])
    case = Case(
        name=source.name,
        subject=subject_key(source.name),
        channels=list(source.channels),
        absent=list(source.absent),
        images=[settle(file) for file in files.images],
        brain=settle(files.brain),
        brain_how=files.brain_how,
        originals=[settle(file) for file in files.originals],
        reference=settle(files.reference) if files.reference else None,
        shape=list(grid.shape),
        affine=np.asarray(grid.affine).tolist(),
        warnings=[*source.warnings, *source.done],
        simulated=simulated,
    )
    session.add(case)
    session.flush()
    return case


def suffix_of(path: Path) -> str:
    """'.nii.gz' or '.nii': all of a stored image's name that matters."""
    return ".nii.gz" if path.name.lower().endswith(".gz") else ".nii"


def annotate_from_reference(
    session: Session,
    experiment: Experiment,
    case: Case,
    reader: str,
    source: str,
    file: str | None = None,
    boxes: list[Box] | None = None,
) -> Annotation:
    """Annotate a whole case with a stored label file (by default the one that came with its image); with ``boxes``
    the file knows only these Regions and those of the version before."""
    name = file or case.reference
    if name is None:
        raise InvalidLabels(f"Case {case.name} came without a label file; annotate it on the Annotate page.")
    return annotations.add(
        session,
        Annotation(
            experiment_id=experiment.id,
            case_id=case.id,
            reader=reader,
            source=source,
            file=name,
            regions=_regions(session, experiment, case, boxes),
            seconds=0.0,
        ),
    )


def _regions(session: Session, experiment: Experiment, case: Case, boxes: list[Box] | None) -> list[Any]:
    if not boxes:
        return [[[0, 0, 0], list(case.shape)]]
    before = annotations.newest(session, experiment.id, case.id)
    return (before.regions if before else []) + [[list(low), list(high)] for low, high in boxes]


def source_of(store: Store, case: Case) -> CaseSource:
    """A stored case as its formats read it: paths of the stored files."""
    return CaseSource(
        name=case.name,
        images=tuple(store.files.path(name) for name in case.images),
        channels=tuple(case.channels),
        absent=tuple(case.absent),
    )
