"""NASWOT scores of the measured table's cells on one of its data sets."""

import time
from typing import Any

import numpy as np

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.nas.measured import image_sets, space, table
from activedints.nas.rank.agreement import agreement
from activedints.nas.rank.naswot import Skeleton, naswot
from activedints.worker.few_shot import one_thread


def scored(
    name: str, number: int, images: int, skeleton: Skeleton, seed: int, report: Report = silent
) -> dict[str, Any]:
    """``rows`` ``{cell, naswot, test}``, best score first (None for a dead cell, which comes last), ``kendall`` with
    test accuracy over those with a score, and CPU ``seconds`` a cell. InvalidSettings for more images than there are:
    two equal ones would make every score minus infinity."""
    measured = table.read()
    place, began = measured.place(name), time.process_time()
    own = image_sets.image_set(name).train.images
    if images > len(own):
        raise InvalidSettings(f"'{name}' has {len(own)} training images; {images:,} were asked for: ask for fewer.")
    pixels = own[:images, None]
    scores = []
    with one_thread():
        for row, edges in enumerate(space.edges_of(measured.tokens[:number])):
            scores.append(naswot(edges, pixels, skeleton, seed))
            report(row + 1, min(number, len(measured.cells)), "Scoring untrained networks")
    values, test = np.array(scores), measured.test[place][: len(scores)]
    alive = np.isfinite(values)
    tau = agreement(values[alive], test[alive]).kendall if alive.sum() > 2 else None
    rows = [
        {"cell": measured.cells[k], "naswot": float(values[k]) if alive[k] else None, "test": float(test[k])}
        for k in np.argsort(-values, kind="stable")
    ]
    return {"set": name, "rows": rows, "kendall": tau, "seconds": (time.process_time() - began) / len(scores)}
