"""What the Progress page says beyond the figures: may the map be trusted, where does the curve go, when to stop."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from activedints.core.cycle import Role
from activedints.core.metrics import mean
from activedints.core.stopping import FEWEST_POINTS, Advice, advise, forecast
from activedints.loop import experiments, querying, turns
from activedints.loop.calibrating import (
    calibration_rows,
    fitted_temperature,
    reliability_rows,
    risk_rows,
    voxels_of,
)
from activedints.loop.costs import reader_minutes
from activedints.loop.decisions import verdict
from activedints.store import cases, cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Cycle, Experiment

Row = dict[str, Any]
AHEAD = (1.25, 1.5, 2.0, 3.0)
"""How far a forecast looks, as multiples of what is labelled."""


@dataclass(frozen=True)
class OutlookView:
    """Newest cycle with a model. Rows are empty and sentences say why where nothing can be said."""

    trust: str
    temperature: str
    calibration: tuple[Row, ...]
    """On the holdout: label, before, after (the temperature), cases."""
    reliability: tuple[Row, ...]
    """On the holdout: label, probability, share, voxels."""
    risk: tuple[Row, ...]
    """On the holdout: coverage, risk."""
    curve: tuple[Row, ...]
    """cases, minutes, dice: the mean class Dice of the holdout per cycle."""
    forecast: tuple[Row, ...]
    """cases, minutes, dice, low, high."""
    forecast_sentence: str
    advice: tuple[Advice, ...]


def view(store: Store) -> OutlookView | None:
    """None while no cycle has a model."""
    with store.read() as session:
        experiment = experiments.active(session)
        done = [cycle for cycle in cycles.all_of(session, experiment.id) if cycle.model_id is not None]
        return _view(session, store, experiment, done) if done else None


def _view(session: Session, store: Store, experiment: Experiment, done: list[Cycle]) -> OutlookView:
    settings = turns.settings_of(experiment)
    model_id = done[-1].model_id or 0
    temperature, words = fitted_temperature(session, store, experiment.id, model_id)
    held = voxels_of(session, store, experiment.id, model_id, Role.HOLDOUT)
    labels = settings.labels.foreground
    curve = _curve(session, experiment, done)
    ahead = _forecast(curve)
    return OutlookView(
        trust=verdict(session, experiment.id, model_id, settings).trust,
        temperature=words,
        calibration=tuple(calibration_rows(held, temperature, labels)) if held else (),
        reliability=tuple(reliability_rows(held, temperature, labels)) if held else (),
        risk=tuple(risk_rows(held)) if held else (),
        curve=tuple(curve),
        forecast=tuple(ahead),
        forecast_sentence=_forecast_sentence(curve, ahead),
        advice=tuple(_advice(session, experiment, done, settings.budget, settings.planned, settings.budget_unit)),
    )


def _class_dice(session: Session, model_id: int, role: Role) -> float | None:
    """Mean over cases of the mean Dice over labels."""
    values = []
    for found in cycles.evaluations(session, model_id, role):
        values.append(mean([one["dice"] for one in found.metrics["labels"].values()])["mean"])
    found_mean = mean([float(v) if v is not None else None for v in values])["mean"]
    return float(found_mean) if found_mean is not None else None


def _curve(session: Session, experiment: Experiment, done: list[Cycle]) -> list[Row]:
    each = reader_minutes(session, experiment.id)
    rows = []
    for cycle in done:
        dice = _class_dice(session, cycle.model_id or 0, Role.HOLDOUT)
        labelled = len(cycles.trained_on(session, cycle.model_id or 0))
        if dice is not None and labelled:
            minutes = labelled * each if each is not None else None
            rows.append({"cycle": cycle.number, "cases": labelled, "minutes": minutes, "dice": dice})
    return rows


def _forecast(curve: list[Row]) -> list[Row]:
    if not curve:
        return []
    last = curve[-1]
    amounts = [round(last["cases"] * factor) for factor in AHEAD]
    each = last["minutes"] / last["cases"] if last["minutes"] is not None else None
    found = forecast([(row["cases"], row["dice"]) for row in curve], [float(a) for a in dict.fromkeys(amounts)])
    return [
        {
            "cases": int(one.amount),
            "minutes": one.amount * each if each is not None else None,
            "dice": one.dice,
            "low": one.low,
            "high": one.high,
        }
        for one in found
    ]


def _forecast_sentence(curve: list[Row], ahead: list[Row]) -> str:
    if not ahead:
        return f"No forecast yet: {len(curve)} cycle(s) on the curve, {FEWEST_POINTS} of different size are needed."
    far = ahead[-1]
    minutes = f" (about {far['minutes']:.0f} reader minutes in all)" if far["minutes"] is not None else ""
    return (
        f"With {far['cases']} annotated cases{minutes} a mean class Dice of {far['dice']:.2f} is expected, 95 %"
        f" interval {far['low']:.2f} to {far['high']:.2f}; a forecast from {len(curve)} cycles."
    )


def _advice(
    session: Session, experiment: Experiment, done: list[Cycle], budget: float, planned: int, unit: str
) -> list[Advice]:
    dice = [_class_dice(session, cycle.model_id or 0, Role.CALIBRATION) for cycle in done]
    learning = {case.id for case in cases.members(session, experiment.id, Role.LEARNING)}
    agreements = []
    for cycle in done:
        rows = cycles.predictions(session, cycle.model_id or 0).values()
        known = [row.scores["agreement"] for row in rows if row.case_id in learning and "agreement" in row.scores]
        agreements.append(fmean(known) if known else None)
    timed = unit != "minutes" or reader_minutes(session, experiment.id) is not None  # else no minute is known of
    spent = querying.spent(session, experiment, cycles.all_of(session, experiment.id), unit) if timed else 0.0
    return advise([d for d in dice if d is not None], agreements, spent, planned * budget, unit)
