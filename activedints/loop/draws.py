"""Whether Draws earn their cost: decided on the calibration cases of each cycle, never on the holdout.

SCIENCE: with dropout, entropy of many draws often finds errors no better than one deterministic pass. So one pass is
the default, and draws are used where they find errors better there, or where the strategy cannot do without.
"""

from dataclasses import dataclass
from statistics import fmean

import numpy as np

from activedints.core.cycle import Role
from activedints.core.experiment import ExperimentSettings
from activedints.core.query import MEASURE_OF
from activedints.core.uncertainty import NEEDS_DRAWS
from activedints.store import cases, cycles
from activedints.store.database import Session

DRAWS, ONE_PASS = "error_auroc/draws", "error_auroc/one_pass"
"""Keys of a calibration case's Scores: AUROC of voxel errors in the brain by entropy."""
FEWEST = 4
"""Calibration cases under which nothing is decided."""


@dataclass(frozen=True)
class Verdict:
    """How the pool is scored, and why in one sentence. AUROCs are means over ``n`` calibration cases."""

    draws: int
    sentence: str
    auroc_draws: float | None
    auroc_one_pass: float | None
    n: int


def verdict(session: Session, experiment_id: int, model_id: int, settings: ExperimentSettings) -> Verdict:
    """Draws for the pool: as many as set if they find errors better on the calibration cases, else one pass."""
    fixed = {case.id for case in cases.members(session, experiment_id, Role.CALIBRATION)}
    rows = [p.scores for p in cycles.predictions(session, model_id).values() if p.case_id in fixed]
    pairs = [
        (row[DRAWS], row[ONE_PASS]) for row in rows if row.get(DRAWS) is not None and row.get(ONE_PASS) is not None
    ]
    many, one = (fmean(p[i] for p in pairs) if pairs else None for i in (0, 1))
    measure = MEASURE_OF.get(settings.strategy, "").partition("/")[0]
    figures = (
        f"AUROC of voxel errors {many:.3f} with {settings.draws} draws, {one:.3f} with one pass, n {len(pairs)}"
        if pairs
        else ""
    )
    if settings.draws == 1:
        chosen, why = 1, "The experiment asks for one deterministic pass"
    elif measure in NEEDS_DRAWS:
        chosen, why = settings.draws, f"The strategy '{settings.strategy}' needs draws, so {settings.draws} are made"
    elif len(pairs) < FEWEST:
        chosen, why = (
            1,
            f"One deterministic pass is used: fewer than {FEWEST} annotated calibration cases",
        )
    elif _lower_bound([a - b for a, b in pairs]) > 0:
        chosen, why = settings.draws, "Draws are used: they find errors better than one pass on the calibration cases"
    else:
        chosen, why = 1, "One deterministic pass is used: draws find errors no better on the calibration cases"
    figures = f" (AUROC of voxel errors: draws {many:.3f}, one pass {one:.3f}, n {len(pairs)})" if pairs else ""
    return Verdict(chosen, f"{why}{figures}.", many, one, len(pairs))


def _lower_bound(differences: list[float]) -> float:
    """2.5 % point of the bootstrapped mean."""
    values = np.asarray(differences)
    picks = np.random.default_rng(0).integers(len(values), size=(2000, len(values)))
    return float(np.percentile(values[picks].mean(axis=1), 2.5))
