"""How much a reader changed the draft that was shown: the error that the reading found."""

import numpy as np
import numpy.typing as npt

from activedints.core.volume import IGNORE, Box
from activedints.formats.header import read_header
from activedints.formats.voxels import read_label_raw
from activedints.store import cycles
from activedints.store.database import Session, Store
from activedints.store.schema import Case


def changed_ml(
    session: Session,
    store: Store,
    case: Case,
    draft_model_id: int | None,
    drawn: npt.NDArray[np.uint8],
    regions: list[Box],
) -> float | None:
    """mL inside the Regions in which ``drawn`` (x, y, z), in the source file's order, differs from the draft of a
    model; None where no draft was shown."""
    shown = cycles.prediction(session, draft_model_id, case.id) if draft_model_id is not None else None
    if shown is None:
        return None
    header = read_header(store.files.path(shown.label))
    draft = read_label_raw(header)
    if draft.shape != drawn.shape:
        return None
    looked_at = np.zeros(drawn.shape, bool)
    for lo, hi in regions:
        looked_at[tuple(slice(a, b) for a, b in zip(lo, hi))] = True
    different = looked_at & (drawn != draft) & (drawn != IGNORE)
    return float(different.sum()) * abs(float(np.linalg.det(np.asarray(case.affine)[:3, :3]))) / 1000
