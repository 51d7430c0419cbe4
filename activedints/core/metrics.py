"""How well a Prediction matches a reference: Dice, surface distances in mm, false-positive mL.

Where a label is absent (the rules of docs/architecture.md): reference and prediction both empty: ``None``, left out
of means and counted; reference empty, prediction not: Dice 0, and the false-positive mL; reference present,
prediction empty: Dice 0. Surface distances are ``None`` when either is empty. A healthy case (no foreground in the
reference) reports false-positive mL only. Ignore voxels (255 in the reference) count for nothing.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.core.errors import InvalidGeometry
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE

ANY_FOREGROUND = "any foreground"
"""The union of all labels but background and ignore."""

Spacing = tuple[float, float, float]
Mask = npt.NDArray[np.bool_]
Distances = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LabelMetrics:
    """One label of one case. ``None`` means "not defined here" and is never a number."""

    dice: float | None
    hd95_mm: float | None
    assd_mm: float | None
    reference_ml: float
    predicted_ml: float
    false_positive_ml: float


@dataclass(frozen=True)
class CaseMetrics:
    """One case: metrics per label name, and of the union of all labels."""

    labels: dict[str, LabelMetrics]
    any_foreground: LabelMetrics
    annotated_voxels: int
    """Voxels that were compared; the rest of the reference is ignore."""
    name: str = field(default="", compare=False)

    @property
    def healthy(self) -> bool:
        return self.any_foreground.reference_ml == 0


def confusion(reference: npt.NDArray[Any], prediction: npt.NDArray[Any], classes: int) -> npt.NDArray[np.int64]:
    """Voxel counts (class of reference, class of prediction) of two arrays of class indices, ignore left out.

    >>> confusion(np.array([0, 1, 1, 255]), np.array([0, 1, 0, 1]), 2)
    array([[1, 0],
           [1, 1]])
    """
    if reference.shape != prediction.shape:
        raise InvalidGeometry(
            f"A prediction must have the shape of its reference {reference.shape}; it has {prediction.shape}: "
            "predict the same case."
        )
    known = reference != IGNORE
    pairs = reference[known].astype(np.int64) * classes + prediction[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def dice(hits: int, in_reference: int, in_prediction: int) -> float | None:
    """``2 hits / (in_reference + in_prediction)`` (Dice 1945); None when both are empty.

    >>> dice(1, 2, 2), dice(0, 0, 3), dice(0, 3, 0), dice(0, 0, 0)
    (0.5, 0.0, 0.0, None)
    """
    total = int(in_reference) + int(in_prediction)
    return 2.0 * int(hits) / total if total else None


def surface(mask: Mask) -> Mask:
    """Voxels of ``mask`` (x, y, z) with a face neighbour outside it; beyond the array is outside."""
    inner: Mask = ndimage.binary_erosion(mask)
    return mask & ~inner


def surface_distances(reference: Mask, prediction: Mask, spacing: Spacing) -> tuple[Distances, Distances] | None:
    """Distances in mm from each surface voxel of one mask to the nearest of the other: (reference's, prediction's).

    ``None`` when either mask is empty. Distances run between voxel centres.
    """
    if not reference.any() or not prediction.any():
        return None
    box = ndimage.find_objects((reference | prediction).astype(np.uint8))[0]  # nothing outside it matters
    mine, theirs = surface(reference[box]), surface(prediction[box])
    to_theirs = ndimage.distance_transform_edt(~theirs, sampling=spacing)
    to_mine = ndimage.distance_transform_edt(~mine, sampling=spacing)
    return to_theirs[mine], to_mine[theirs]


def hausdorff_95(there: Distances, back: Distances) -> float:
    """The larger of the two 95th percentiles of directed surface distances, in mm, as MONAI has it."""
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def mean_surface_distance(there: Distances, back: Distances) -> float:
    """Average symmetric surface distance in mm (ASSD): the mean over the surface voxels of both masks."""
    return float((there.sum() + back.sum()) / (there.size + back.size))


def compare(reference: Mask, prediction: Mask, spacing: Spacing, distances: bool = True) -> LabelMetrics:
    """Metrics of one label from two masks (x, y, z), ignore voxels already False in both."""
    millilitres = float(np.prod(spacing)) / 1000.0
    mine, theirs = int(reference.sum()), int(prediction.sum())
    hits = int((reference & prediction).sum())
    found = surface_distances(reference, prediction, spacing) if distances else None
    return LabelMetrics(
        dice=dice(hits, mine, theirs),
        hd95_mm=hausdorff_95(*found) if found else None,
        assd_mm=mean_surface_distance(*found) if found else None,
        reference_ml=mine * millilitres,
        predicted_ml=theirs * millilitres,
        false_positive_ml=(theirs - hits) * millilitres,
    )


def evaluate(
    reference: npt.NDArray[np.uint8],
    prediction: npt.NDArray[np.uint8],
    labels: LabelSet,
    spacing: Spacing,
    distances: bool = True,
    name: str = "",
) -> CaseMetrics:
    """Compare two label maps (x, y, z) of label values; voxels that are IGNORE in the reference count for nothing.

    ``spacing`` in mm. ``distances=False`` leaves the surface distances out (None), for a quick look.
    InvalidGeometry if the shapes differ, InvalidLabels for a value outside the set.

    >>> two = LabelSet((0, 1), ("background", "lesion"))
    >>> truth, guess = np.zeros((2, 8, 8, 8), np.uint8)
    >>> truth[2:6, 2:6, 2:6] = 1; guess[3:6, 2:6, 2:6] = 1
    >>> found = evaluate(truth, guess, two, (2.0, 2.0, 2.0)).labels["lesion"]
    >>> round(found.dice, 3), found.hd95_mm, found.reference_ml
    (0.857, 2.0, 0.512)
    """
    if reference.shape != prediction.shape or reference.ndim != 3:
        raise InvalidGeometry(
            f"A prediction must have the shape (x, y, z) of its reference {reference.shape}; it has "
            f"{prediction.shape}: predict the same case."
        )
    known = reference != IGNORE
    truth = np.where(known, labels.index_of(reference), 0)
    guess = np.where(known, labels.index_of(prediction), 0)
    guess[guess == IGNORE] = 0
    measured = {
        label: compare(truth == index, guess == index, spacing, distances)
        for index, label in enumerate(labels.foreground, start=1)
    }
    union = compare(truth > 0, guess > 0, spacing, distances)
    return CaseMetrics(*_healthy(measured, union), annotated_voxels=int(known.sum()), name=name)


def _healthy(measured: dict[str, LabelMetrics], union: LabelMetrics) -> tuple[dict[str, LabelMetrics], LabelMetrics]:
    """A case without any foreground reports false-positive mL only: its Dice would say nothing about overlap."""
    if union.reference_ml > 0:
        return measured, union

    def without(one: LabelMetrics) -> LabelMetrics:
        return LabelMetrics(None, None, None, 0.0, one.predicted_ml, one.false_positive_ml)

    return {label: without(one) for label, one in measured.items()}, without(union)


Mean = dict[str, float | int | None]
"""``{"mean": ..., "n": ...}``: a mean never goes without the number of cases that it is over."""

QUANTITIES = ("dice", "hd95_mm", "assd_mm", "false_positive_ml")


def mean(values: list[float | None]) -> Mean:
    """Mean over the values that are defined.

    >>> mean([1.0, None, 0.0]), mean([None])
    ({'mean': 0.5, 'n': 2}, {'mean': None, 'n': 0})
    """
    defined = [v for v in values if v is not None]
    return {"mean": float(np.mean(defined)) if defined else None, "n": len(defined)}


def summarise(cases: list[CaseMetrics]) -> dict[str, dict[str, Mean]]:
    """Means over cases per label, and of the union of all labels under ANY_FOREGROUND; ready for JSON.

    ``{"edema": {"dice": {"mean": 0.8, "n": 7}, "hd95_mm": ..., "assd_mm": ..., "false_positive_ml": ...}, ...}``
    """
    rows = [{**case.labels, ANY_FOREGROUND: case.any_foreground} for case in cases]
    names = list(dict.fromkeys([*(n for row in rows for n in row if n != ANY_FOREGROUND), ANY_FOREGROUND]))
    return {
        label: {what: mean([getattr(row[label], what) for row in rows if label in row]) for what in QUANTITIES}
        for label in names
    }
