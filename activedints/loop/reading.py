"""The reader's side: opening a case, drafts, submitting, skipping and flagging."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.cycle import DIFFICULTIES, Role
from activedints.core.errors import IllegalChange, InvalidLabels, InvalidSettings, NotFound
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE, Box
from activedints.formats.header import read_header
from activedints.formats.nifti import read_label_like, write_annotation
from activedints.formats.voxels import check_label, read_label_raw
from activedints.loop import anchoring, experiments, turns
from activedints.loop.answering import answer_from
from activedints.loop.changes import changed_ml
from activedints.loop.gathering import OpenCase, gather
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Experiment, Remark

SIMULATED_READER = "simulated reader"


def open_case(store: Store, case_id: int, reader: str, tab: str = "") -> OpenCase:
    """Lease a case to a reader and gather what the viewer shows: own drawing, newest annotation or model draft.

    ``tab`` names the browser tab; another tab of the same reader loses the case to this one, and both are told.
    """
    check_reader(reader)
    with store.write() as session:
        experiment = experiments.active(session)
        cases.role_of(session, experiment.id, case_id)  # NotFound for a case of elsewhere
        taken = annotations.lease(session, experiment.id, case_id, reader, tab, opening=True)
        opened = gather(session, store, experiment, cases.case(session, case_id), reader)
        return replace(opened, taken_over=taken)


def preview(store: Store, case_id: int, reader: str) -> OpenCase:
    """What ``open_case`` would gather, without leasing: for fetching a case ahead."""
    with store.read() as session:
        return gather(session, store, experiments.active(session), cases.case(session, case_id), reader)


def renew(store: Store, case_id: int, reader: str, tab: str = "") -> None:
    """Keep a case open at a reader: called by the page every few seconds."""
    with store.write() as session:
        annotations.lease(session, experiments.active(session).id, case_id, reader, tab)


def close_case(store: Store, case_id: int, reader: str, tab: str = "") -> None:
    with store.write() as session:
        annotations.release(session, experiments.active(session).id, case_id, reader, tab)


def save_draft(
    store: Store, case_id: int, reader: str, voxels: npt.NDArray[np.uint8], seconds: float, tab: str = ""
) -> None:
    """Keep a reader's unsubmitted drawing. ``voxels`` (x, y, z) uint8 in the source file's own order."""
    with store.write() as session, tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        experiment = experiments.active(session)
        annotations.lease(session, experiment.id, case_id, reader, tab)  # refuses a tab that lost the case
        case = cases.case(session, case_id)
        file = _store_voxels(session, store, case, voxels, turns.settings_of(experiment).labels, Path(scratch))
        annotations.save_draft(session, experiment.id, case_id, reader, file, seconds)


def _store_voxels(
    session: Session, store: Store, case: Case, voxels: npt.NDArray[np.uint8], labels: LabelSet, scratch: Path
) -> str:
    labels.index_of(voxels)  # raises InvalidLabels for a value that the label set does not know
    path = scratch / "annotation.nii.gz"
    write_annotation(path, voxels, like=store.files.path(case.images[0]))
    return store.files.add(session, path, ".nii.gz")


@dataclass(frozen=True)
class Submission:
    """A reader's finished work on a case. ``voxels`` (x, y, z) uint8 in the source file's own order; no ``regions``
    means the whole volume. ``draft_model_id`` is the model whose draft was shown; ``based_on`` the version opened."""

    case_id: int
    reader: str
    voxels: npt.NDArray[np.uint8]
    seconds: float = 0.0
    regions: tuple[Box, ...] = ()
    draft_model_id: int | None = None
    based_on: int | None = None
    comment: str = ""
    difficulty: str = ""
    """One of DIFFICULTIES; '' where the reader did not say."""
    blind: bool = False
    """Whether the model's opinion was kept back on purpose."""
    tab: str = ""


def submit_annotation(store: Store, submission: Submission) -> str:
    """Store the next version of a case's Annotation and move the cycle on when its query is answered.

    Nobody's work is overwritten: versions only grow, and a tab that lost the case to another one of the same reader is
    refused, for that one's draft goes with the submission. Returns a receipt for the screen.
    """
    check_reader(submission.reader)
    if submission.difficulty not in ("", *DIFFICULTIES):
        raise InvalidSettings(f"A case is {', '.join(DIFFICULTIES)} to read, not '{submission.difficulty[:40]}'.")
    with store.write() as session, tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        experiment = experiments.active(session)
        case = cases.case(session, submission.case_id)
        annotations.check_tab(session, experiment.id, case.id, submission.reader, submission.tab)
        role = cases.role_of(session, experiment.id, case.id)
        labels = turns.settings_of(experiment).labels
        newest = annotations.newest(session, experiment.id, case.id)
        regions = list(submission.regions) or [((0, 0, 0), tuple(case.shape))]
        image = store.files.path(case.images[0])
        # an import of an earlier release kept label files as they came, in another order of axes than the image's
        earlier = read_label_like(store.files.path(newest.file), image) if newest else None
        composed = compose(submission.voxels, regions, earlier)
        row = annotations.add(
            session,
            Annotation(
                experiment_id=experiment.id,
                case_id=case.id,
                reader=submission.reader,
                source="reader",
                file=_store_voxels(session, store, case, composed, labels, Path(scratch)),
                regions=(newest.regions if newest else []) + [[list(lo), list(hi)] for lo, hi in regions],
                seconds=submission.seconds,
                draft_model_id=submission.draft_model_id,
                comment=submission.comment,
                difficulty=submission.difficulty,
                changed_ml=changed_ml(session, store, case, submission.draft_model_id, submission.voxels, regions),
                blind=submission.blind,
                agreement=_agreement(session, store, experiment, case, role, composed),
            ),
        )
        annotations.drop_draft(session, experiment.id, case.id, submission.reader)
        annotations.release(session, experiment.id, case.id, submission.reader, submission.tab)
        job = turns.move_on(session, experiment) if role is Role.LEARNING else None
        if role is not Role.LEARNING:
            turns.after_fixed_reading(session, experiment)
        receipt = f"{case.name}: version {row.version} saved."
        if newest and submission.based_on is not None and newest.version != submission.based_on:
            receipt += f" {newest.reader} saved version {newest.version} meanwhile; both are kept."
        return receipt + (" The query is answered: training is queued." if job else "")


def _agreement(
    session: Session, store: Store, experiment: Experiment, case: Case, role: Role, voxels: npt.NDArray[np.uint8]
) -> float | None:
    """With the newest model's draft of the case, shown or not; None where there is none, or the case is fixed."""
    model = cycles.newest_model(session, experiment.id) if role is Role.LEARNING else None
    found = cycles.prediction(session, model.id, case.id) if model else None
    return anchoring.agreement(voxels, read_label_raw(read_header(store.files.path(found.label)))) if found else None


def compose(
    voxels: npt.NDArray[np.uint8], regions: list[Box], earlier: npt.NDArray[np.uint8] | None
) -> npt.NDArray[np.uint8]:
    """A version over the earlier ones: it wins inside its Regions, the earlier map stays outside, else IGNORE.

    >>> compose(np.ones((2, 1, 1), np.uint8), [((0, 0, 0), (1, 1, 1))], None).ravel()
    array([  1, 255], dtype=uint8)
    """
    composed = np.full(voxels.shape, IGNORE, np.uint8) if earlier is None else earlier.copy()
    if composed.shape != voxels.shape:
        raise InvalidLabels(f"The drawing has shape {voxels.shape}, the case {composed.shape}: reload the case.")
    for lo, hi in regions:
        window = tuple(slice(a, b) for a, b in zip(lo, hi))
        composed[window] = voxels[window]
    return composed


def set_aside(store: Store, case_id: int, reader: str, kind: str, reason: str) -> str:
    """Skip a case (for this cycle) or flag it (for good), with a reason; the worklist moves on."""
    if kind not in ("skip", "flag"):
        raise InvalidSettings(f"A case is set aside by 'skip' or 'flag', not by '{kind}'.")
    with store.write() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        case = cases.case(session, case_id)
        annotations.remark(
            session,
            Remark(
                experiment_id=experiment.id,
                case_id=case_id,
                cycle_id=cycle.id,
                kind=kind,
                reason=reason.strip() or "no reason given",
                reader=reader,
            ),
        )
        annotations.release(session, experiment.id, case_id, reader)
        turns.move_on(session, experiment)
        return f"{case.name} is {'skipped for this cycle' if kind == 'skip' else 'flagged and left out'}."


def simulate_reader(store: Store) -> str:
    """Answer everything that waits with the label files that came with the data. Only where every answer exists."""
    with store.write() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        annotated = cases.annotated_ids(session, experiment.id)
        asked = {q.case_id: q for q in turns.outstanding(session, experiment, cycle)}
        waiting = [q.case for q in asked.values()]
        for role in (Role.HOLDOUT, Role.CALIBRATION):
            waiting += [c for c in cases.members(session, experiment.id, role) if c.id not in annotated]
        without = [case.name for case in waiting if case.reference is None]
        if without:
            raise NotFound(f"The simulated reader has no label file for {without}; these need a person.")
        for case in waiting:
            given, query = case.reference or "", asked.get(case.id)
            answer_from(session, store, experiment, case, query, SIMULATED_READER, given)
        job = turns.move_on(session, experiment)
        return f"The simulated reader annotated {len(waiting)} case(s)." + (" Training is queued." if job else "")


def check_reader(reader: str) -> None:
    """A reader has a short printable name."""
    if not 0 < len(reader.strip()) <= 60 or not reader.isprintable():
        raise IllegalChange("Say who you are first: a reader needs a name of 1 to 60 printable characters.")


def submit_file(store: Store, case_name: str, label: Path, reader: str) -> str:
    """Submit a label map from a file: it must lie on the case's own grid. Returns the receipt."""
    with store.read() as session:
        case = cases.case_named(session, case_name)
        labels = turns.settings_of(experiments.active(session)).labels
        image = store.files.path(case.images[0])
    check_label(label, read_header(image), labels)
    return submit_annotation(store, Submission(case.id, reader, read_label_like(label, image)))
