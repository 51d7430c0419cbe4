"""Queries of Regions: which boxes of a case are still open, and when a query is answered."""

from math import ceil, prod
from typing import Any

from activedints.core.cycle import Role
from activedints.core.experiment import ExperimentSettings
from activedints.core.query import Scores
from activedints.core.region import MOST_BOXES, boxes_of
from activedints.core.volume import Box
from activedints.formats.nifti import read_labelmap
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Experiment, Prediction, Query

PER_CASE = MOST_BOXES
"""Candidate number of a box = case id * PER_CASE + its number in the case."""


def box_of(row: dict[str, Any]) -> Box:
    """The box, on the source grid, of one entry of a Prediction's boxes."""
    (x0, y0, z0), (x1, y1, z1) = row["low"], row["high"]
    return (x0, y0, z0), (x1, y1, z1)


def check_boxes(store: Store, experiment: Experiment, settings: ExperimentSettings) -> None:
    """Refuse a side so small that the boxes of a case are more than have a number: before a job computes anything,
    for they are made only when it ends. A brain is read only where the whole case could hold so many."""
    if settings.unit != "region":
        return
    with store.read() as session:
        learning = cases.members(session, experiment.id, Role.LEARNING)
    for case in learning:
        if prod(ceil(length / settings.side) for length in case.shape) > MOST_BOXES:
            boxes_of(case.name, read_labelmap(store.files.path(case.brain)).array > 0, settings.side)


def open_boxes(prediction: Prediction | None, newest: Annotation | None) -> list[int]:
    """Numbers of a case's boxes that no Region of its newest version covers."""
    rows = (prediction.boxes or []) if prediction else []
    return [i for i, row in enumerate(rows) if newest is None or not annotations.holds(newest, box_of(row))]


def cases_with_open_boxes(session: Session, experiment: Experiment, members: list[int]) -> list[int]:
    """Of these cases, those with a box that the newest model could still ask about; a case that it has not seen stays
    in unless all of it is annotated."""
    newest = annotations.newest_of_each(session, experiment.id)
    model = cycles.newest_model(session, experiment.id)
    seen = cycles.predictions(session, model.id) if model else {}
    known = {case: row for case, row in seen.items() if row.boxes is not None}

    def still_open(case: int) -> bool:
        if case in known:
            return bool(open_boxes(known[case], newest.get(case)))
        whole = tuple(cases.case(session, case).shape)
        return case not in newest or not annotations.covers(newest[case], whole)

    return [case for case in members if still_open(case)]


def candidates_of(
    session: Session, experiment: Experiment, model_id: int, free: list[int]
) -> tuple[Scores, dict[int, int]]:
    """Scores of every open box of the pool by candidate number, and its cost in voxels."""
    newest = annotations.newest_of_each(session, experiment.id)
    predictions = cycles.predictions(session, model_id)
    scores, voxels = {}, {}
    for case in free:
        for number in open_boxes(predictions.get(case), newest.get(case)):
            row = predictions[case].boxes[number]  # type: ignore[index]
            scores[case * PER_CASE + number] = row["scores"]
            sides = [high - low for low, high in zip(row["low"], row["high"])]
            voxels[case * PER_CASE + number] = sides[0] * sides[1] * sides[2]
    return scores, voxels


def case_voxels(session: Session, case_id: int) -> int:
    """Voxels of a whole case."""
    x, y, z = cases.case(session, case_id).shape
    return int(x * y * z)


def answered(query: Query, newest: Annotation | None) -> bool:
    """Whether a case's newest version holds everything that a query asked for."""
    if newest is None:
        return False
    return all(annotations.holds(newest, (tuple(lo), tuple(hi))) for lo, hi in query.regions or [])
