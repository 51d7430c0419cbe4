"""One case looked at by a model: draft, heat map, spots, Scores, embedding; of a fixed case also what it teaches about
the uncertainty itself."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from activedints.core import metrics
from activedints.core.calibration import error_auroc, relevant, tempered
from activedints.core.cycle import Role
from activedints.core.region import box_scores, boxes_of
from activedints.core.score import case_scores, uncertain_spots
from activedints.core.settings import LabelSet, ScoreSettings
from activedints.core.volume import IGNORE, Box, LabelMap, spacing, voxel_millilitres
from activedints.formats.grid import Grid
from activedints.formats.header import read_header
from activedints.formats.nifti import read_labelmap, write_heat_map, write_labelmap
from activedints.learn.model import Model as LoadedModel
from activedints.learn.predict import Prediction as Made
from activedints.learn.predict import predict
from activedints.learn.sources import MEMBERS
from activedints.loop.decisions import ONE_PASS, auroc_key
from activedints.store import annotations, cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Annotation, Case, Prediction
from activedints.worker.gather import Scan, Turn, read_scan

SAMPLED = 20_000
"""At most so many relevant voxels of a fixed case, and as many others, are kept for calibration."""


@dataclass(frozen=True)
class How:
    """How cases are predicted: the source of Draws, how many, and the temperature of the probabilities."""

    source: str = ONE_PASS
    draws: int = 1
    temperature: float = 1.0


def predict_case(
    store: Store, turn: Turn, model_id: int, case: Case, models: Sequence[LoadedModel], how: How | None = None
) -> None:
    """Predict one case and record its draft, heat map, spots, Scores and embedding; of an annotated holdout or
    calibration case a sample of its voxels too, and of the latter how well each source of draws finds its errors."""
    how, settings, model = how or How(), turn.settings, models[0]
    scan = read_scan(store, case, settings.channels)
    made = _made(models, scan, turn, how)
    labels = model.card.labels
    spots = uncertain_spots(made.maps["entropy"], made.probability, scan.brain, scan.affine, labels.names)
    heat = np.clip(made.maps["entropy"] / np.log(labels.classes), 0, 1)
    values = in_label_set(made.label_index, labels, settings.labels)
    like = store.files.path(case.images[0])
    with store.read() as session:
        newest = annotations.newest(session, turn.experiment.id, case.id)
        role = cases.role_of(session, turn.experiment.id, case.id)
        before = _draft_before(session, turn, model_id, case)
    scores = case_scores(made.maps, made.probability, scan.brain, scan.affine, labels.foreground, made.class_variance)
    if before is not None:
        scores |= agreement(read_labelmap(store.files.path(before)).array, values)
    if role is Role.CALIBRATION and newest is not None:
        scores |= _error_aurocs(store, turn, newest, scan, models)
    boxes = None
    if settings.unit == "region" and role is Role.LEARNING:
        boxes = _boxes(
            made, boxes_of(case.name, scan.brain, settings.side), scan, read_header(like).grid, labels.foreground
        )
    with tempfile.TemporaryDirectory(dir=store.folder) as scratch:
        label, uncertainty = Path(scratch) / "draft.nii.gz", Path(scratch) / "uncertainty.nii.gz"
        write_labelmap(label, LabelMap(values, scan.affine), like)
        write_heat_map(uncertainty, heat, scan.affine, like)
        sample = None
        if role is not Role.LEARNING and newest is not None and labels.names == settings.labels.names:
            sample = Path(scratch) / "sample.npz"
            truth = settings.labels.index_of(read_labelmap(store.files.path(newest.file)).array)
            write_sample(sample, tempered(made.probability, 1 / how.temperature), truth, scan.brain, turn.settings.seed)
        with store.write() as session:
            session.merge(
                Prediction(
                    model_id=model_id,
                    case_id=case.id,
                    draws=made.draws,
                    label=store.files.add(session, label, ".nii.gz"),
                    uncertainty=store.files.add(session, uncertainty, ".nii.gz"),
                    scores=scores,
                    embedding=[round(float(v), 6) for v in made.embedding],
                    boxes=boxes,
                    sample=store.files.add(session, sample, ".npz") if sample else None,
                    spots=[asdict(spot) for spot in spots],
                    seconds=made.seconds,
                )
            )


def _boxes(made: Made, found: list[Box], scan: Scan, grid: Grid, labels: tuple[str, ...]) -> list[dict[str, object]]:
    """Every Region that can be asked for: where it lies on the source grid, and its Scores."""
    voxel_ml = voxel_millilitres(scan.affine)
    rows = box_scores(made.maps, made.probability, scan.brain, found, labels, voxel_ml)
    places = [grid.box_from_ras(box) for box in found]
    return [{"low": list(low), "high": list(high), "scores": row} for (low, high), row in zip(places, rows)]


def _made(models: Sequence[LoadedModel], scan: Scan, turn: Turn, how: How) -> Made:
    plan = ScoreSettings(
        draws=how.draws,
        source=how.source,
        temperature=how.temperature,
        patch=models[0].card.patch,
        seed=turn.settings.seed,
    )
    return predict(list(models), scan.image, scan.brain, spacing(scan.affine), turn.settings.channels, plan)


def _error_aurocs(
    store: Store, turn: Turn, annotation: Annotation, scan: Scan, models: Sequence[LoadedModel]
) -> dict[str, float]:
    """How well entropy finds the wrong voxels of an annotated case: by one pass, and by every source on trial."""
    reference = read_labelmap(store.files.path(annotation.file)).array
    tried = [s for s in turn.settings.sources if s != ONE_PASS and (s not in MEMBERS or len(models) > 1)]
    found = {}
    for source in [ONE_PASS, *(tried if turn.settings.draws > 1 else [])]:
        draws = 1 if source == ONE_PASS else turn.settings.draws
        made = _made(models, scan, turn, How(source, draws))
        labels = in_label_set(made.label_index, models[0].card.labels, turn.settings.labels)
        value = error_auroc(made.maps["entropy"], reference, labels, scan.brain)
        if value is not None:
            found[auroc_key(source)] = value
    return found


def write_sample(path: Path, probability: np.ndarray, truth: np.ndarray, brain: np.ndarray, seed: int) -> None:
    """Keep voxels for calibration: ``probability`` (class, n) float32, ``truth`` (n,) class indices, ``weight`` (n,),
    how many voxels of the case each stands for. Relevant voxels and the others are drawn apart."""
    known = brain & (truth != IGNORE)
    p, label = probability[:, known], truth[known]
    rng, kept, weights = np.random.default_rng(seed), [], []
    foreground = relevant(p, label)
    for group in (np.flatnonzero(foreground), np.flatnonzero(~foreground)):
        chosen = rng.choice(group, min(SAMPLED, group.size), replace=False) if group.size else group
        kept.append(np.sort(chosen))
        weights.append(np.full(chosen.size, group.size / max(1, chosen.size), np.float32))
    place = np.concatenate(kept)
    np.savez_compressed(
        path, probability=p[:, place].astype(np.float32), truth=label[place], weight=np.concatenate(weights)
    )


def _draft_before(session: Session, turn: Turn, model_id: int, case: Case) -> str | None:
    """The draft that the model before this one made of the case."""
    earlier = [model.id for model in cycles.models(session, turn.experiment.id) if model.id < model_id]
    row = cycles.prediction(session, earlier[-1], case.id) if earlier else None
    return row.label if row else None


def agreement(before: np.ndarray, now: np.ndarray) -> dict[str, float]:
    """Any-foreground Dice of two drafts: do predictions still change (Bloodgood & Vijay-Shanker, CoNLL 2009)."""
    hits = int(((before > 0) & (now > 0)).sum())
    found = metrics.dice(hits, int((before > 0).sum()), int((now > 0).sum()))
    return {"agreement": 1.0 if found is None else found}


def in_label_set(index: np.ndarray, model: LabelSet, experiment: LabelSet) -> np.ndarray:
    """A model's class indices as the experiment's label values; another label set is only any foreground, and all
    of it gets the first foreground label."""
    if model.names == experiment.names:
        return experiment.value_of(index)
    return np.where(index > 0, experiment.values[1], 0).astype(np.uint8)
