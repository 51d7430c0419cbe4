"""One cell of a study: train on one labelled set, measure the holdout, look at the pool. Everything is a file.

A cell's key follows from what it depends on alone, so arms that hold the same labels at the same seed and cycle share
it: cycle 0 is computed once per seed.
"""

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from activedints.core.calibration import (
    class_calibration_errors,
    error_auroc,
    fit_temperature,
    relevant,
)
from activedints.core.job import Report
from activedints.core.metrics import ANY_FOREGROUND, evaluate
from activedints.core.region import box_scores, only_inside
from activedints.core.score import case_scores
from activedints.core.score_choice import FEWEST
from activedints.core.settings import LabelSet, ScoreSettings, TrainSettings
from activedints.core.volume import IGNORE
from activedints.learn.data import TrainingCase
from activedints.learn.model import Model, load_model
from activedints.learn.predict import Prediction, predict
from activedints.learn.train import train
from activedints.worker.study.architecture import architecture_for
from activedints.worker.study.dataset import PER_CASE, Data
from activedints.worker.study.plan import Arm

SAMPLED = 20_000


@dataclass(frozen=True)
class Cell:
    """``labelled`` candidates behind a training of ``seed`` and ``cycle``; ``before`` is the key of the arm's last cell
    where the regime goes on from it; ``last`` cells need not look at the pool."""

    seed: int
    cycle: int
    labelled: tuple[int, ...]
    regime: str
    start: str
    last: bool
    before: str = ""

    @property
    def key(self) -> str:
        facts = [*asdict(self).values()]
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
        return f"seed{self.seed}-cycle{self.cycle}-{digest}"


def cell_of(arm: Arm, seed: int, cycle: int, cycles: int, labelled: list[int], before: str) -> Cell:
    """The cell of an arm; in the weights-only regime it does not matter where the arm came from."""
    chained = arm.regime != "weights-only"
    return Cell(
        seed, cycle, tuple(sorted(labelled)), arm.regime, arm.start, cycle == cycles - 1, before if chained else ""
    )


def result_path(folder: Path, key: str) -> Path:
    return folder / "cells" / f"{key}.json"


def read_result(folder: Path, key: str, embedded: bool = False) -> dict[str, Any] | None:
    """A finished cell's result; None while there is none, or where it was computed before an arm came that needs the
    pool ``embedded``."""
    path = result_path(folder, key)
    if not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_text())
    return None if embedded and "pool" in found and not found["embedding"] else found


def compute(cell: Cell, data: Data, folder: Path, report: Report, embed: bool = False, threads: int = 1) -> None:
    """Compute a cell and write its result; a killed one resumes its training from the last checkpoint."""
    work = folder / "work" / cell.key
    began, cpu = time.monotonic(), time.process_time()
    learning = training_cases(data, cell.labelled)
    architecture, start = architecture_for(cell, data, learning, folder, report, threads)
    plan = data.plan
    settings = TrainSettings(
        steps=plan.steps,
        patch=(plan.patch,) * 3,
        seed=cell.seed * 1009 + cell.cycle,
        spacing=(plan.spacing,) * 3 if plan.spacing else None,
        threads=threads,
        device="cpu",
    )
    trained = train(learning, architecture, data.channels, data.labels, settings, report, work, start)
    model = load_model(trained.path, "cpu")
    result = {"key": cell.key, "seed": cell.seed, "cycle": cell.cycle, "labelled": list(cell.labelled)}
    result |= {"steps": trained.steps, "train_seconds": trained.seconds, "loss": trained.loss}
    result |= measured(model, data, threads, report)
    if not cell.last:
        result |= pool_of(model, data, cell.labelled, embed, threads, report)
    result |= {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}
    if cell.regime != "weights-only":
        kept = folder / "models" / f"{cell.key}.safetensors"
        kept.parent.mkdir(exist_ok=True)
        trained.path.replace(kept)
    path = result_path(folder, cell.key)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(f".{time.monotonic_ns()}.partial")
    partial.write_text(json.dumps(result))
    partial.replace(path)
    shutil.rmtree(work, ignore_errors=True)


def training_cases(data: Data, labelled: tuple[int, ...]) -> list[TrainingCase]:
    """The labelled cases as learning takes them; what no Region holds is ignored."""
    found = []
    for case in sorted({candidate // PER_CASE for candidate in labelled}):
        whole = data.cases[case]
        mine = [data.boxes[c] for c in labelled if c // PER_CASE == case and c in data.boxes]
        label = only_inside(whole.label, mine) if mine and len(mine) < len(data.whole(case)) else whole.label
        found.append(TrainingCase(whole.case_id, whole.image, whole.brain, whole.spacing, label))
    return found


def look(model: Model, case: TrainingCase, data: Data, draws: int, threads: int, temperature: float = 1) -> Prediction:
    plan = ScoreSettings(
        draws=draws,
        patch=model.card.patch,
        threads=threads,
        device="cpu",
        source=data.plan.source,
        temperature=temperature,
    )
    return predict(model, case.image, case.brain, case.spacing, data.channels, plan)


def measured(model: Model, data: Data, threads: int, report: Report) -> dict[str, Any]:
    """Dice per holdout case and label, AUROC of voxel errors, calibration error before and after the temperature that
    the Calibration cases gave; by one deterministic pass."""
    samples: dict[str, list[Any]] = {"calibration": [], "holdout": []}
    rows: dict[str, list[dict[str, Any]]] = {"calibration": [], "holdout": []}
    aurocs = []
    indices = LabelSet(tuple(range(data.labels.classes)), data.labels.names)
    for role, members in (("calibration", data.calibration), ("holdout", data.holdout)):
        for number, member in enumerate(members):
            case = data.cases[member]
            report(number, len(members), f"Measuring the {role}: {case.case_id}")
            made = look(model, case, data, 1, threads)
            samples[role].append(_sample(made, case, member))
            found = evaluate(case.label, made.label_index, indices, case.spacing, distances=False)
            dice = {name: label.dice for name, label in found.labels.items()}
            scores = case_scores(made.maps, made.probability, case.brain, np.diag([*case.spacing, 1.0]))
            true_ml = found.any_foreground.reference_ml
            row = {"case": case.case_id, "dice": {**dice, ANY_FOREGROUND: found.any_foreground.dice}}
            rows[role].append(row | {"true_ml": true_ml, "scores": scores})
            if role == "holdout":
                aurocs.append(error_auroc(made.maps["entropy"], case.label, made.label_index, case.brain))
    fitted = data.plan.temperature and len(samples["calibration"]) >= FEWEST
    temperature = fit_temperature(*_together(samples["calibration"])) if fitted else 1.0
    p, truth, _ = _together(samples["holdout"])
    errors = {"before": class_calibration_errors(p, truth)}
    errors["after"] = class_calibration_errors(p, truth, temperature)
    facts = {"auroc": _mean(aurocs), "temperature": temperature, "calibration_error": errors}
    return {**rows, **facts}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _sample(made: Prediction, case: TrainingCase, seed: int) -> tuple[Any, Any, Any]:
    """Voxels of the brain for calibration: probability, truth, weight; relevant ones and others drawn apart."""
    known = case.brain & (case.label != IGNORE)
    p, truth = made.probability[:, known], case.label[known]
    rng, kept, weights = np.random.default_rng(seed), [], []
    foreground = relevant(p, truth)
    for group in (np.flatnonzero(foreground), np.flatnonzero(~foreground)):
        chosen = rng.choice(group, min(SAMPLED, group.size), replace=False) if group.size else group
        kept.append(chosen)
        weights.append(np.full(chosen.size, group.size / max(1, chosen.size)))
    place = np.concatenate(kept)
    return p[:, place], truth[place], np.concatenate(weights)


def _together(samples: list[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    p, truth, weight = zip(*samples)
    return np.concatenate(p, axis=1), np.concatenate(truth), np.concatenate(weight)


def pool_of(
    model: Model, data: Data, labelled: tuple[int, ...], embed: bool, threads: int, report: Report
) -> dict[str, Any]:
    """Scores of every candidate that has no label yet, by number, and embeddings of all where they are asked for."""
    left = [candidate for candidate in data.candidates if candidate not in set(labelled)]
    seen = sorted({candidate // PER_CASE for candidate in left})
    known = sorted({candidate // PER_CASE for candidate in labelled}) if embed else []
    scores: dict[str, dict[str, float]] = {}
    embedding: dict[str, list[float]] = {}
    for number, member in enumerate([*seen, *known]):
        case = data.cases[member]
        report(number, len(seen) + len(known), f"Looking at the pool: {case.case_id}")
        made = look(model, case, data, data.plan.draws, threads)
        if embed:
            embedding[str(member * PER_CASE)] = [round(float(v), 6) for v in made.embedding]
        if member not in seen:
            continue
        affine, names = np.diag([*case.spacing, 1.0]), data.labels.foreground
        if not data.boxes:
            found = case_scores(made.maps, made.probability, case.brain, affine, names, made.class_variance)
            scores[str(member * PER_CASE)] = found
            continue
        mine = [candidate for candidate in left if candidate // PER_CASE == member]
        boxes = [data.boxes[candidate] for candidate in mine]
        millilitre = float(np.prod(case.spacing)) / 1000
        rows = box_scores(made.maps, made.probability, case.brain, boxes, names, millilitre)
        scores |= {str(candidate): row for candidate, row in zip(mine, rows)}
    return {"pool": scores, "embedding": embedding}
