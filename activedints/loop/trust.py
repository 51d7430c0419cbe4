"""How far a reader may trust the uncertain spots: how often such spots were wrong on the calibration cases."""

from activedints.core.cycle import Role
from activedints.store import cycles
from activedints.store.database import Session

FEWEST = 4
"""Calibration cases under which nothing is said."""


def spots_verdict(session: Session, model_id: int) -> str:
    """One sentence: how often the model was wrong at its uncertain spots on the calibration cases, and elsewhere."""
    rows = [row.metrics.get("spots") for row in cycles.evaluations(session, model_id, role=Role.CALIBRATION)]
    found = [row for row in rows if row]
    if len(found) < FEWEST:
        return (
            f"How often such spots are wrong is not known: that takes {FEWEST} annotated calibration cases, and there "
            f"{'is' if len(found) == 1 else 'are'} {len(found)}."
        )
    spots, wrong = sum(row["spots"] for row in found), sum(row["wrong"] for row in found)
    elsewhere = sum(row["errors_elsewhere"] for row in found) / max(1, sum(row["voxels_elsewhere"] for row in found))
    return (
        f"Spots like these were wrong {_times(wrong, spots)} on the calibration cases ({wrong} of {spots} spots, "
        f"{len(found)} cases); elsewhere in the brain {100 * elsewhere:.1f} % of the voxels were."
    )


def _times(wrong: int, spots: int) -> str:
    """'4 times in 10'; 'never' and 'always' only where that was so."""
    if spots == 0 or wrong in (0, spots):
        return "never" if wrong == 0 else "always"
    tens = min(9, max(1, round(10 * wrong / spots)))
    return f"{tens} {'time' if tens == 1 else 'times'} in 10"
