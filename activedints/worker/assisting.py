"""The interactive lane's help to a reader at a case: refine by a scribble, predict a box again, make another map."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidGeometry, InvalidSettings, NotFound
from activedints.core.packed import pack, unpack
from activedints.core.settings import LabelSet, ScoreSettings
from activedints.core.volume import Box, spacing
from activedints.formats.nifti import read_map, write_heat_map
from activedints.learn.local import predict_box
from activedints.learn.model import Model, load_model
from activedints.learn.predict import predict
from activedints.learn.refine import refine
from activedints.loop import experiments, turns
from activedints.loop.assisting import OF_ONE_LABEL
from activedints.loop.opening import map_file
from activedints.store import cases, cycles
from activedints.store.database import Store
from activedints.store.schema import Case
from activedints.worker.gather import Scan, read_scan
from activedints.worker.measuring import in_label_set

Tell = Callable[[dict[str, Any]], None]

MOST_VOXELS = 160**3
DRAWS = 10
"""Draws behind a map that one pass cannot give."""


@dataclass
class Warm:
    """The newest checkpoint of the active experiment and the case last asked about, loaded once and kept."""

    store: Store
    device: str
    model_name: str = ""
    model: Model | None = None
    case_id: int = 0
    scan: Scan | None = None

    def newest(self, file: str) -> Model:
        if self.model_name != file or self.model is None:
            self.model, self.model_name = load_model(self.store.files.path(file), self.device), file
        return self.model

    def scan_of(self, case: Case, channels: tuple[str, ...]) -> Scan:
        if self.case_id != case.id or self.scan is None:
            self.scan, self.case_id = read_scan(self.store, case, channels), case.id
        return self.scan


@dataclass(frozen=True)
class _Place:
    """A case and what belongs to it: the newest model's row, its stored map, the label set."""

    case: Case
    channels: tuple[str, ...]
    labels: LabelSet
    model_id: int
    model_file: str
    uncertainty: Path | None


def _place(store: Store, case_id: int) -> _Place:
    with store.read() as session:
        experiment = experiments.active(session)
        settings = turns.settings_of(experiment)
        case = cases.case(session, case_id)
        row = cycles.newest_model(session, experiment.id)
        known = cycles.prediction(session, row.id, case.id) if row else None
        heat = store.files.path(known.uncertainty) if known else None
        file, number = (row.file, row.id) if row else ("", 0)
        return _Place(case, settings.channels, settings.labels, number, file, heat)


def prepare(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Load the case before the first stroke, so that the first answer is as fast as the others."""
    place = _place(store, int(question["case"]))
    warm.scan_of(place.case, place.channels)
    return {"ready": True}


def refined(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """``box``, ``label`` and ``scribble`` (packed, RAS+; 1 where drawn), ``value``: the box's label map after it."""
    place = _place(store, int(question["case"]))
    scan = warm.scan_of(place.case, place.channels)
    box, window = _box(question["box"], scan.brain.shape)
    shape = tuple(hi - lo for lo, hi in zip(*box))
    label, drawn = unpack(question["label"], shape), unpack(question["scribble"], shape) == 1
    heat = read_map(place.uncertainty)[window] if place.uncertainty and question.get("model", True) else None
    began = time.monotonic()
    image = scan.image[(slice(None), *window)]
    after = refine(image, label, drawn, int(question["value"]), spacing(scan.affine), heat)
    return {"label": pack(after), "seconds": time.monotonic() - began}


def predicted(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """``box``: what the newest model says there now, as packed label values (RAS+)."""
    place = _place(store, int(question["case"]))
    if not place.model_file:
        raise NotFound("There is no model yet, so nothing can be predicted here; draw it by hand.")
    scan, model = warm.scan_of(place.case, place.channels), warm.newest(place.model_file)
    box, _ = _box(question["box"], scan.brain.shape)
    began = time.monotonic()
    plan = ScoreSettings(draws=1, patch=model.card.patch, threads=os.cpu_count() or 1)
    index = predict_box(model, scan.image, scan.brain, spacing(scan.affine), place.channels, box, plan)
    values = in_label_set(index, model.card.labels, place.labels)
    return {"label": pack(values), "seconds": time.monotonic() - began}


def another_map(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """``measure`` and ``about`` (a label value; 0 for all): makes the map's file where it is not there yet."""
    place = _place(store, int(question["case"]))
    measure, about = str(question["measure"]), int(question.get("about", 0))
    if not place.model_file:
        raise NotFound("There is no model yet, so there is no map of where it is unsure.")
    path = map_file(store, place.model_id, place.case.id, measure, about)
    if not path.exists():
        scan, model = warm.scan_of(place.case, place.channels), warm.newest(place.model_file)
        share = uncertainty_share(model, scan, place.channels, place.labels, measure, about)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_heat_map(path, share, scan.affine, store.files.path(place.case.images[0]))
    return {"file": str(path)}


def uncertainty_share(
    model: Model, scan: Scan, channels: tuple[str, ...], labels: LabelSet, measure: str, about: int
) -> npt.NDArray[np.floating]:
    """A map (x, y, z) in 0..1: entropy as a share of log(classes), other measures of their highest value here.

    ``about`` names a label value: then the map is about "this label or not": its entropy as a share of log 2, or the
    variance of its probability as a share of the highest here.
    """
    draws = 1 if measure == "entropy" else DRAWS
    plan = ScoreSettings(draws=draws, patch=model.card.patch, threads=os.cpu_count() or 1)
    made = predict(model, scan.image, scan.brain, spacing(scan.affine), channels, plan)
    if about:
        names = model.card.labels.names
        name = labels.names[labels.values.index(about)] if about in labels.values else ""
        if name not in names or measure not in OF_ONE_LABEL:
            raise InvalidSettings(
                f"A map of one label is {' or '.join(OF_ONE_LABEL)}, for a label that the model knows "
                f"({', '.join(names[1:])}); asked was {measure} of {name or about}: choose another."
            )
        if measure == "variance":
            assert made.class_variance is not None, "there were several draws"
            return _of_highest(made.class_variance[names.index(name) - 1])
        p = np.clip(made.probability[names.index(name)], 1e-6, 1 - 1e-6)
        return -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) * scan.brain
    if measure not in made.maps:
        raise InvalidSettings(f"There is no map '{measure}'; there are {', '.join(sorted(made.maps))}.")
    found = made.maps[measure]
    return found / np.log(len(model.card.labels.names)) if measure == "entropy" else _of_highest(found)


def _of_highest(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """A map as a share of its highest value."""
    highest = float(values.max(initial=0.0))
    return values / highest if highest > 0 else values


def _box(given: Any, shape: tuple[int, ...]) -> tuple[Box, tuple[slice, slice, slice]]:
    (x0, y0, z0), (x1, y1, z1) = ([int(v) for v in end] for end in given)
    lo, hi = (x0, y0, z0), (x1, y1, z1)
    size = np.prod([b - a for a, b in zip(lo, hi)])
    if any(not 0 <= a < b <= n for a, b, n in zip(lo, hi, shape)) or size > MOST_VOXELS:
        raise InvalidGeometry(f"The box {lo} to {hi} must lie in {shape} and hold at most {MOST_VOXELS} voxels.")
    return (lo, hi), (slice(x0, x1), slice(y0, y1), slice(z0, z1))
