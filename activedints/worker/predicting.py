"""Prediction of files from outside the workspace."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.score import case_scores
from activedints.core.settings import ScoreSettings
from activedints.core.volume import LabelMap, spacing, voxel_millilitres
from activedints.formats.brain import brain_mask
from activedints.formats.case import CaseSource
from activedints.formats.convert import Conversion
from activedints.formats.nifti import read_volume, write_labelmap, write_map
from activedints.formats.source import read_image
from activedints.learn.model import Model, load_model
from activedints.learn.predict import predict
from activedints.loop import experiments
from activedints.store import cases, cycles
from activedints.store.database import Store

MAPS = ("label", "prob", "entropy")


def predict_files(
    store: Store | None,
    image: Path,
    channels: dict[str, str] | None,
    out: Path,
    draws: int,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Segment one case; writes NAME_label, NAME_prob (x, y, z, class), NAME_entropy (.nii.gz) and NAME.json.

    The model is the newest of the active experiment, else the starter. All maps lie on the image's grid, and all files
    come into ``out`` together, at the end. InvalidSettings for an earlier result there, unless ``overwrite``.
    """
    path, whose = _model_file(store)
    model = load_model(path)
    plan = ScoreSettings(draws=draws, patch=model.card.patch)
    with tempfile.TemporaryDirectory() as scratch:
        source = read_image(image, channels, model.card.channels, Conversion(Path(scratch)))
        if not overwrite:
            _refuse_earlier(out, source.name)
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".predicting-") as unfinished:
            facts = _predict(model, whose, source, out, plan, Path(unfinished))
            for file in _files(Path(unfinished), source.name):
                file.replace(out / file.name)
    return facts


def _files(folder: Path, name: str) -> list[Path]:
    return [*(folder / f"{name}_{kind}.nii.gz" for kind in MAPS), folder / f"{name}.json"]


def _refuse_earlier(out: Path, name: str) -> None:
    there = next((file for file in _files(out, name) if file.exists()), None)
    if there is not None:
        raise InvalidSettings(
            f"{there} is there already, an earlier result perhaps, and nothing is written over it unasked: choose"
            " another --out, or add --overwrite."
        )


def _predict(
    model: Model, whose: str, source: CaseSource, out: Path, plan: ScoreSettings, unfinished: Path
) -> dict[str, Any]:
    """Write the files into ``unfinished``; the facts name them as they will lie in ``out``."""
    volume = read_volume(source)
    brain, how = brain_mask(volume, source.brain)
    made = predict(model, volume.array, brain, spacing(volume.affine), volume.channels, plan)
    like, name, labels = source.images[0], source.name, model.card.labels
    label, prob, entropy, card = _files(unfinished, name)
    write_labelmap(label, LabelMap(labels.value_of(made.label_index), volume.affine), like)
    write_map(prob, np.moveaxis(made.probability, 0, -1), volume.affine, like, np.float32)
    write_map(entropy, made.maps["entropy"], volume.affine, like, np.float32)
    voxel_ml = voxel_millilitres(volume.affine)
    facts = {
        **{kind: str(file) for kind, file in zip(MAPS, _files(out, name))},
        "case": name,
        "model": whose,
        "draws": made.draws,
        "seconds": made.seconds,
        "brain": how,
        "millilitres": {n: float((made.label_index == i).sum()) * voxel_ml for i, n in enumerate(labels.names) if i},
        "scores": case_scores(made.maps, made.probability, brain, volume.affine),
        "labels": dict(zip(labels.names, labels.values)),
    }
    card.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return facts


def _model_file(store: Store | None) -> tuple[Path, str]:
    if store is not None:
        with store.read() as session:
            experiment = cases.active_experiment(session)
            newest = cycles.newest_model(session, experiment.id) if experiment else None
        if newest is not None:
            return store.files.path(newest.file), f"{newest.origin}, cycle {newest.cycle_number}"
    if not experiments.STARTER.is_file():
        raise NotFound("There is no trained model and this copy ships no starter: run `activedints train` first.")
    return experiments.STARTER, "starter"
