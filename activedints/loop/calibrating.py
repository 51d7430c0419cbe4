"""Calibration as the screens and the scoring job see it: fitted on Calibration cases, reported on the Holdout."""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.calibration import (
    class_calibration_errors,
    fit_temperature,
    relevant,
    reliability,
    risk_coverage,
    tempered,
)
from activedints.core.cycle import Role
from activedints.core.score_choice import FEWEST
from activedints.core.uncertainty import entropy
from activedints.store import cases, cycles
from activedints.store.database import Session, Store

Row = dict[str, Any]


@dataclass(frozen=True)
class Voxels:
    """Sampled voxels of some cases: ``probability`` (class, n), ``truth`` (n,), ``weight`` (n,) how many each is."""

    probability: npt.NDArray[np.float64]
    truth: npt.NDArray[np.uint8]
    weight: npt.NDArray[np.float64]
    cases: int


def read_sample(path: Path) -> Voxels:
    """A stored sample of one case; arrays only, never a pickle."""
    with np.load(path) as file:
        return Voxels(file["probability"].astype(np.float64), file["truth"], file["weight"].astype(np.float64), 1)


def voxels_of(session: Session, store: Store, experiment_id: int, model_id: int, role: Role) -> Voxels | None:
    """The samples of all annotated cases of a role, together; None where there is none."""
    members = {case.id for case in cases.members(session, experiment_id, role)}
    rows = [row for row in cycles.predictions(session, model_id).values() if row.case_id in members and row.sample]
    found = [read_sample(store.files.path(row.sample)) for row in rows if row.sample]
    return joined(found) if found else None


def joined(parts: list[Voxels]) -> Voxels:
    return Voxels(
        np.concatenate([part.probability for part in parts], axis=1),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.weight for part in parts]),
        sum(part.cases for part in parts),
    )


def fitted_temperature(session: Session, store: Store, experiment_id: int, model_id: int) -> tuple[float, str]:
    """The temperature of the calibration cases, and the sentence; 1 under FEWEST of them."""
    found = voxels_of(session, store, experiment_id, model_id, Role.CALIBRATION)
    number = found.cases if found else 0
    if found is None or number < FEWEST:
        return 1.0, f"No temperature is fitted: {number} annotated calibration case(s), {FEWEST} are needed."
    fitted = fit_temperature(found.probability, found.truth, found.weight)
    return fitted, f"Temperature {fitted:.2f}, fitted on {number} calibration cases."


def calibration_rows(voxels: Voxels, temperature: float, labels: tuple[str, ...]) -> list[Row]:
    """Per foreground label: calibration error before and after the temperature (None where none is fitted), and n."""
    before = class_calibration_errors(voxels.probability, voxels.truth)
    after: list[float | None] = [None] * len(before)
    if temperature != 1.0:
        after = class_calibration_errors(voxels.probability, voxels.truth, temperature)
    rows = [
        {"label": label, "before": b, "after": a, "cases": voxels.cases} for label, b, a in zip(labels, before, after)
    ]
    means = [
        fmean(v for v in column if v is not None) if any(v is not None for v in column) else None
        for column in (before, after)
    ]
    return [*rows, {"label": "mean over labels", "before": means[0], "after": means[1], "cases": voxels.cases}]


def reliability_rows(voxels: Voxels, temperature: float, labels: tuple[str, ...]) -> list[Row]:
    """The reliability diagram: per label and bin, mean probability and share of voxels that are it."""
    kept = relevant(voxels.probability, voxels.truth)
    p = tempered(voxels.probability[:, kept], temperature)
    return [
        {"label": label, "probability": confidence, "share": share, "voxels": number}
        for index, label in enumerate(labels, start=1)
        for confidence, share, number in reliability(p[index], voxels.truth[kept] == index)
    ]


def risk_rows(voxels: Voxels) -> list[Row]:
    """Risk against coverage by predictive entropy."""
    wrong = voxels.probability.argmax(axis=0) != voxels.truth
    found = risk_coverage(entropy(voxels.probability), wrong, voxels.weight)
    return [{"coverage": coverage, "risk": risk} for coverage, risk in found]
