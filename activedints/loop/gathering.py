"""What the viewer shows of a case: gathered from rows and files, changing nothing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from activedints.core.cycle import Role
from activedints.core.nested import NestedRule
from activedints.core.place import middle
from activedints.core.score import Spot
from activedints.core.settings import LabelSet
from activedints.core.volume import Box
from activedints.loop import trust, turns
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Experiment, Model, Prediction, Query


@dataclass(frozen=True)
class OpenCase:
    """All that the viewer shows of a case. Every file lies on the case's source grid."""

    case_id: int
    name: str
    role: Role
    simulated: bool
    images: tuple[Path, ...]
    channels: tuple[str, ...]
    absent: tuple[str, ...]
    brain: Path
    brain_how: str
    labels: LabelSet
    nested: tuple[NestedRule, ...]
    segmentation: Path | None
    segmentation_is: str
    """Where the starting label map comes from, in words for the screen."""
    beneath: Path | None
    """The model's draft, where ``segmentation`` is a version that covers only Regions of the case."""
    uncertainty: Path | None
    spots: tuple[Spot, ...]
    centre: tuple[float, float, float]
    """Middle of the image in RAS mm, from which a spot's side is told."""
    verdict: str
    """How far uncertain spots are to be trusted, in words; '' where none are shown."""
    seconds: float
    reason: str
    regions: tuple[Box, ...]
    """Boxes that the query asks for, on the source grid; none for the whole volume."""
    versions: tuple[tuple[str, Path], ...]
    """Earlier versions, newest first, and the model's draft: what to compare with."""
    version: int
    remark: str
    """What the reader of the newest version said of the case: how hard it was, and the comment; '' for nothing."""
    draft_model_id: int | None
    blind: bool
    """Whether the model's opinion is kept back, to measure anchoring."""
    experiment: str
    cycle: int
    any_foreground_only: bool
    taken_over: bool = False
    """Whether another tab of this reader had the case open, and has it no more."""

    @property
    def unread_by_model(self) -> bool:
        """Whether the model's opinion must not be asked for: fixed and blind cases are read without it."""
        return self.role is not Role.LEARNING or self.blind


def gather(session: Session, store: Store, experiment: Experiment, case: Case, reader: str) -> OpenCase:
    """An OpenCase for ``reader``: own drawing, newest Annotation or model draft, in this order."""
    settings = turns.settings_of(experiment)
    cycle = cycles.current(session, experiment.id)
    role = cases.role_of(session, experiment.id, case.id)
    model = cycles.newest_model(session, experiment.id)
    query = next((q for q in cycles.queries(session, cycle.id) if q.case_id == case.id), None)
    kept = annotations.versions(session, experiment.id, case.id)
    blind = bool(query and query.blind) and not kept
    # a fixed case is read blind: a draft would pull the reference towards the model that it has to judge
    open_to_model = model is not None and role is Role.LEARNING and not blind
    shown = cycles.prediction(session, model.id, case.id) if model and open_to_model else None
    saved = annotations.draft(session, experiment.id, case.id, reader)
    start, words = _start(saved.file if saved else None, kept, shown, model, blind)
    if saved:
        words = f"your unsubmitted drawing of {saved.updated_at[:16].replace('T', ' ')} UTC"
    partial = kept and not saved and not annotations.covers(kept[-1], tuple(case.shape))
    return OpenCase(
        case_id=case.id,
        name=case.name,
        role=role,
        simulated=case.simulated,
        images=tuple(store.files.path(name) for name in case.images),
        channels=tuple(case.channels),
        absent=tuple(case.absent),
        brain=store.files.path(case.brain),
        brain_how=case.brain_how,
        labels=settings.labels,
        nested=settings.rules,
        segmentation=store.files.path(start) if start else None,
        segmentation_is=words,
        beneath=store.files.path(shown.label) if shown and partial else None,
        uncertainty=store.files.path(shown.uncertainty) if shown else None,
        spots=tuple(Spot(tuple(s["mm"]), s["millilitres"], s["uncertainty"], s["label"]) for s in shown.spots)
        if shown
        else (),
        centre=middle(np.asarray(case.affine, float), tuple(case.shape)),
        verdict=trust.spots_verdict(session, model.id) if shown and model else "",
        seconds=saved.seconds if saved else 0.0,
        reason=query.reason if query else "",
        regions=tuple(_boxes(query)),
        versions=tuple(_versions(store, kept, shown)),
        version=kept[-1].version if kept else 0,
        remark=_remark(kept[-1]) if kept else "",
        draft_model_id=model.id if shown and model else None,
        blind=blind,
        experiment=experiment.name,
        cycle=cycle.number,
        any_foreground_only=shown is not None and model is not None and any_foreground_only(model, settings.labels),
    )


def _start(
    saved: str | None, kept: list[Annotation], shown: Prediction | None, model: Model | None, blind: bool
) -> tuple[str | None, str]:
    """The file that the case opens with, and what it is."""
    if saved:
        return saved, ""
    if kept:
        return kept[-1].file, f"version {kept[-1].version}, by {kept[-1].reader}"
    if shown and model:
        return shown.label, f"draft of the {model.origin} model, cycle {model.cycle_number}"
    if blind:
        return None, "empty on purpose: this case is read without the model's opinion, to measure how it sways readers"
    return None, "empty: this case is read without a draft"


def _remark(version: Annotation) -> str:
    """'hard: motion', 'hard' or 'motion'."""
    return ": ".join(part for part in (version.difficulty, version.comment.strip()) if part)


def _boxes(query: Query | None) -> list[Box]:
    return [(tuple(lo), tuple(hi)) for lo, hi in query.regions] if query else []


def _versions(store: Store, kept: list[Annotation], shown: Prediction | None) -> list[tuple[str, Path]]:
    """What the drawing can be compared with: versions, newest first, then the model's draft."""
    found = [(f"version {row.version}, {row.reader}", row.file) for row in reversed(kept)]
    found += [("the model's draft", shown.label)] if shown else []
    return [(name, store.files.path(file)) for name, file in found]


def any_foreground_only(model: Model, labels: LabelSet) -> bool:
    """The starter was trained for another label set: its draft says where, not what."""
    known = model.settings.get("labels")
    return model.origin == "starter" and known is not None and tuple(known) != labels.names
