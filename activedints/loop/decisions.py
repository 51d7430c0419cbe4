"""What the calibration cases decide each cycle: source of draws, reduction, fallback; never the holdout.

SCIENCE: with dropout, entropy of many draws often finds errors no better than one deterministic pass. So one pass is
the default, and a source of draws is used where it surely finds errors better, or where the strategy cannot do
without. Under FEWEST annotated calibration cases nothing is decided and the sentence says so.
"""

from dataclasses import dataclass
from statistics import fmean

import numpy as np

from activedints.core.calibration import USELESS, trust
from activedints.core.cycle import Role
from activedints.core.experiment import ExperimentSettings
from activedints.core.metrics import mean
from activedints.core.score import DEFAULT_REDUCTION, REDUCTIONS
from activedints.core.score_choice import FEWEST, choose_reduction
from activedints.core.strategies import needs_draws
from activedints.store import cases, cycles
from activedints.store.database import Session
from activedints.store.schema import Prediction

ONE_PASS = "one-pass"


def auroc_key(source: str) -> str:
    """Key of a calibration case's Scores: AUROC of voxel errors in the brain by this source's entropy."""
    return f"error_auroc/{source}"


@dataclass(frozen=True)
class Verdict:
    """How the pool is scored and asked, and why. ``aurocs`` are means over ``n`` calibration cases by source."""

    source: str
    draws: int
    reduction: str
    fallback: bool
    """Whether the uncertainty map misses the errors, so that diversity asks instead."""
    sentence: str
    """Which source of draws, and why."""
    reduction_sentence: str
    trust: str
    """What a reader may think of the map."""
    aurocs: dict[str, float]
    n: int


def verdict(session: Session, experiment_id: int, model_id: int, settings: ExperimentSettings) -> Verdict:
    """Decide from what is stored of the model's calibration cases."""
    fixed = {case.id for case in cases.members(session, experiment_id, Role.CALIBRATION)}
    rows = [row for row in cycles.predictions(session, model_id).values() if row.case_id in fixed]
    source, draws, sentence, aurocs, n = _source([row.scores for row in rows], settings)
    reduction, words = _reduction(session, model_id, rows)
    auroc = aurocs.get(source, aurocs.get(ONE_PASS))
    fallback = auroc is not None and n >= FEWEST and auroc < USELESS
    return Verdict(source, draws, reduction, fallback, sentence, words, trust(auroc, n, FEWEST), aurocs, n)


def _source(rows: list[dict[str, float]], settings: ExperimentSettings) -> tuple[str, int, str, dict[str, float], int]:
    tried = [source for source in settings.sources if source != ONE_PASS]
    measured = [row for row in rows if row.get(auroc_key(ONE_PASS)) is not None]
    known = [s for s in tried if measured and all(row.get(auroc_key(s)) is not None for row in measured)]
    columns = {s: [row[auroc_key(s)] for row in measured] for s in [ONE_PASS, *known]} if measured else {}
    aurocs = {source: fmean(values) for source, values in columns.items()}
    n = len(measured)
    gains = {s: lower_bound([a - b for a, b in zip(columns[s], columns[ONE_PASS])]) for s in known}
    better = [source for source in known if gains[source] > 0]
    needed = needs_draws(settings.strategy)
    figures = ", ".join(f"{source} {value:.3f}" for source, value in aurocs.items())
    figures = f" (AUROC of voxel errors: {figures}; n {n})" if figures else ""
    if settings.draws == 1 or not tried:
        return ONE_PASS, 1, f"The experiment asks for one deterministic pass{figures}.", aurocs, n
    if n >= FEWEST and better:
        best = max(better, key=lambda s: aurocs[s])
        why = f"Draws of '{best}' are used: they find errors better than one pass on the calibration cases"
        return best, settings.draws, f"{why}{figures}.", aurocs, n
    if needed:
        why = f"The strategy '{settings.strategy}' needs draws, so {settings.draws} of '{tried[0]}' are made"
        return tried[0], settings.draws, f"{why}{figures}.", aurocs, n
    if n < FEWEST:
        why = f"One deterministic pass is used: fewer than {FEWEST} annotated calibration cases"
    else:
        why = "One deterministic pass is used: draws find errors no better on the calibration cases"
    return ONE_PASS, 1, f"{why}{figures}.", aurocs, n


def _reduction(session: Session, model_id: int, rows: list[Prediction]) -> tuple[str, str]:
    """Chosen by how the calibration cases' Scores rank their errors, 1 - mean class Dice."""
    errors = {}
    for found in cycles.evaluations(session, model_id, Role.CALIBRATION):
        classes = mean([label["dice"] for label in found.metrics["labels"].values()])
        if classes["mean"] is not None:
            errors[found.case_id] = 1 - classes["mean"]
    wanted = [f"entropy/{name}" for name in REDUCTIONS]
    usable = [row for row in rows if row.case_id in errors and all(name in row.scores for name in wanted)]
    return choose_reduction(
        [row.scores for row in usable], [errors[row.case_id] for row in usable], list(REDUCTIONS), DEFAULT_REDUCTION
    )


def lower_bound(differences: list[float]) -> float:
    """2.5 % point of the bootstrapped mean."""
    values = np.asarray(differences)
    picks = np.random.default_rng(0).integers(len(values), size=(2000, len(values)))
    return float(np.percentile(values[picks].mean(axis=1), 2.5))
