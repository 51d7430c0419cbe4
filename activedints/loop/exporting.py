"""What was made, out of the workspace, with where it came from."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.formats import bids, export, nnunet
from activedints.formats.export import ExportCase, check_empty
from activedints.loop import experiments, turns
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Experiment

WRITERS: dict[str, Callable[..., list[Path]]] = {
    "nifti": export.export_nifti,
    "msd": export.export_msd,
    "nnunet": nnunet.export_nnunet,
    "bids": bids.export_bids,
}


def export_all(store: Store, out: Path, format: str = "nifti", report: Report = silent) -> dict[str, Any]:
    """Write the active experiment's annotations, newest drafts and heat maps into the empty folder ``out``."""
    if format not in WRITERS:
        raise InvalidSettings(f"There is no export format '{format}'; choose one of {', '.join(WRITERS)}.")
    with store.read() as session:
        experiment = experiments.active(session)
        rows = _rows(session, store, experiment)
        labels = turns.settings_of(experiment).labels
    if not rows:
        raise InvalidSettings("There is nothing to export yet: no case is annotated or predicted.")
    files = _written(partial(WRITERS[format], rows, labels), out, report)
    annotated = sum(row.annotation is not None for row in rows)
    return {"format": format, "out": str(out), "cases": len(rows), "annotations": annotated, "files": files}


def _written(write: Callable[[Path, Report], list[Path]], out: Path, report: Report) -> int:
    """Write into a folder inside ``out`` and move all of it up at the end: what fails on the way leaves nothing."""
    new = not out.exists()
    check_empty(out)
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=out, prefix=".exporting-") as unfinished:
            folder = Path(unfinished) / out.resolve().name
            number = len(write(folder, report))
            for path in folder.iterdir():
                path.rename(out / path.name)
    except BaseException:
        if new and not any(out.iterdir()):
            out.rmdir()
        raise
    return number


def _rows(session: Session, store: Store, experiment: Experiment) -> list[ExportCase]:
    newest = annotations.newest_of_each(session, experiment.id)
    model = cycles.newest_model(session, experiment.id)
    predicted = cycles.predictions(session, model.id) if model else {}
    rows = []
    for case in cases.members(session, experiment.id):
        annotation, prediction = newest.get(case.id), predicted.get(case.id)
        if annotation is None and prediction is None:
            continue
        rows.append(
            ExportCase(
                name=case.name,
                images=tuple(store.files.path(name) for name in case.images),
                channels=tuple(case.channels),
                annotation=store.files.path(annotation.file) if annotation else None,
                prediction=store.files.path(prediction.label) if prediction else None,
                maps={"uncertainty": store.files.path(prediction.uncertainty)} if prediction else {},
                facts=_facts(case, annotation, model.file if model and prediction else None),
            )
        )
    return rows


def _facts(case: Case, annotation: Annotation | None, model: str | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"simulated": case.simulated, "model": model, "image_files": case.images}
    if annotation is not None:
        facts |= {
            "reader": annotation.reader,
            "source": annotation.source,
            "version": annotation.version,
            "annotated_at": annotation.created_at,
            "seconds": annotation.seconds,
            "regions": annotation.regions,
            "draft_model": annotation.draft_model_id,
            "annotation_file": annotation.file,
        }
    return facts
