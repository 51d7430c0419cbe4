"""A query answered from a label file, by an oracle or a simulated reader: the Regions that it asked for, no more."""

import tempfile
from pathlib import Path

import numpy as np

from activedints.core.volume import IGNORE, Box
from activedints.formats.nifti import read_label_like, write_annotation
from activedints.loop.importing import annotate_from_reference
from activedints.store import annotations
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Experiment, Query


def answer_from(
    session: Session,
    store: Store,
    experiment: Experiment,
    case: Case,
    query: Query | None,
    reader: str,
    file: str,
) -> Annotation:
    """Annotate a case with a stored label file on its own grid: the whole of it, or a query's Regions over what was
    annotated before."""
    boxes: list[Box] = [(tuple(low), tuple(high)) for low, high in query.regions or []] if query else []
    if not boxes:
        return annotate_from_reference(session, experiment, case, reader, reader, file)
    image = store.files.path(case.images[0])
    truth = read_label_like(store.files.path(file), image)
    newest = annotations.newest(session, experiment.id, case.id)
    known = np.full(truth.shape, IGNORE, np.uint8)
    if newest is not None:
        known = read_label_like(store.files.path(newest.file), image)
    for low, high in boxes:
        window = tuple(slice(a, b) for a, b in zip(low, high))
        known[window] = truth[window]
    with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        path = Path(scratch) / "answer.nii.gz"
        write_annotation(path, known, like=image)
        name = store.files.add(session, path, ".nii.gz")
    return annotate_from_reference(session, experiment, case, reader, reader, name, boxes)
