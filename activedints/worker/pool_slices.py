"""The experiment's own scans as a data set of small slices, for the advisor."""

import numpy as np

from activedints.core.cycle import Role
from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.volume import IGNORE
from activedints.formats.nifti import read_labelmap
from activedints.loop import experiments, turns
from activedints.nas.advisor.own_images import from_arrays
from activedints.nas.measured.image_sets import ImageSet
from activedints.nas.measured.slicing import graded, pictures
from activedints.store import annotations, cases
from activedints.store.database import Store
from activedints.worker.gather import read_scan

CASES, SLICES, WANTED = 16, 6, 24
"""Cases looked at, axial slices of each, and slices in all: few cases give more slices each."""
QUESTIONS = ("sequences", "lesion")


def pool_set(store: Store, question: str, seed: int) -> ImageSet:
    """Axial slices of up to CASES learning cases; holdout and calibration are never looked at.

    ``question`` "sequences": the pool, which needs no label: which channel is it? "lesion": annotated cases: does the
    annotation mark anything on the slice? InvalidSettings or NotFound, one sentence each, where that cannot be asked.
    """
    if question not in QUESTIONS:
        raise InvalidSettings(f"Of one's own scans the advisor asks {' or '.join(QUESTIONS)}, not '{question}'.")
    with store.read() as session:
        experiment = experiments.active(session)
        settings = turns.settings_of(experiment)
        newest = annotations.newest_of_each(session, experiment.id)
        learning = cases.members(session, experiment.id, Role.LEARNING)
        files = {case.id: newest[case.id].file for case in learning if case.id in newest}
    annotated = question == "lesion"
    rows = [
        case for case in learning if (case.id in files) == annotated or (not annotated and len(files) == len(learning))
    ]
    if not rows:
        raise NotFound("No learning case fits this question: annotate one, or import cases into the pool.")
    order = np.random.default_rng(seed).permutation(len(rows))[:CASES]
    number = max(SLICES, -(-WANTED // len(order)))
    found: dict[str, list[np.ndarray]] = {}
    for case in (rows[place] for place in order):
        scan = read_scan(store, case, settings.channels)
        shown, places = pictures(graded(scan.image, scan.brain), scan.brain, "axial", number)
        if annotated:
            label = read_labelmap(store.files.path(files[case.id])).array[:, :, places]
            for picture, here in zip(shown, np.moveaxis(label, 2, 0)):
                if (here != IGNORE).all():
                    found.setdefault("lesion" if (here > 0).any() else "no lesion", []).append(picture[0])
        else:
            for number, channel in enumerate(settings.channels):
                found.setdefault(channel, []).extend(shown[:, number])
    names = list(found)
    return from_arrays("your scans", [np.stack(found[name]) for name in names], names)
