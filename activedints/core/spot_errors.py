"""Whether uncertain spots are where a model errs: what a reader is told beside the list of spots."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.core.score import SMALLEST_MILLILITRES
from activedints.core.volume import IGNORE

HALF = 0.5
"""Share of a spot's voxels that must be wrong for the spot to count as wrong."""


def spot_errors(
    uncertainty: npt.NDArray[np.floating[Any]],
    reference: npt.NDArray[np.uint8],
    prediction: npt.NDArray[np.uint8],
    brain: npt.NDArray[np.bool_],
    voxel_ml: float,
    at_most: int = 12,
) -> dict[str, int] | None:
    """Counts of one case: its ``spots`` (as ``core.score.uncertain_spots`` finds and ranks them: connected, above half
    of the map's maximum in the brain, not tiny, the first ``at_most``), how many of them were ``wrong`` over half of
    their annotated voxels or more, and voxels and errors elsewhere in the brain. All arrays (x, y, z). None where
    nothing is uncertain or annotated.
    """
    counted = (reference != IGNORE) & brain
    inside = np.where(brain, uncertainty, 0.0)
    peak = float(inside.max(initial=0.0))
    if peak <= 0 or not counted.any():
        return None
    wrong = (reference != prediction) & counted
    places, number = ndimage.label(inside >= HALF * peak)
    within = np.arange(1, number + 1)
    sizes = ndimage.sum_labels(counted, places, within)
    errors = ndimage.sum_labels(wrong, places, within)
    doubt = ndimage.sum_labels(inside * counted, places, within)
    large = np.flatnonzero((sizes * voxel_ml >= SMALLEST_MILLILITRES) & (sizes > 0))
    kept = large[np.argsort(-doubt[large], kind="stable")][:at_most]
    elsewhere = (places == 0) & counted
    return {
        "spots": int(kept.size),
        "wrong": int((errors[kept] >= HALF * sizes[kept]).sum()),
        "voxels_elsewhere": int(elsewhere.sum()),
        "errors_elsewhere": int((wrong & elsewhere).sum()),
    }
