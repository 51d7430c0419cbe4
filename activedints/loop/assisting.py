"""The model's help at an open case, asked of the interactive lane: refine by a scribble, predict a box, another map."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.errors import IllegalChange
from activedints.core.packed import pack, unpack
from activedints.core.volume import Box
from activedints.loop.asking import ask
from activedints.loop.gathering import OpenCase
from activedints.store.database import Store

Labels = npt.NDArray[np.uint8]

MEASURES = {
    "entropy": "Entropy",
    "mutual_information": "Mutual information",
    "variance": "Variance",
}
"""Maps that can be asked for: measure -> its name on the screen."""


def prepare(store: Store, opened: OpenCase) -> None:
    """Tell the lane which case is worked on, so that its first answer is fast."""
    ask(store, {"do": "prepare", "case": opened.case_id})


def refine(store: Store, opened: OpenCase, box: Box, label: Labels, scribble: Labels, value: int) -> Labels:
    """The label map of a ``box`` (RAS+ voxels) after a scribble of ``value``; ``label`` is as the reader sees it."""
    question = {"do": "refine", "case": opened.case_id, "box": box, "value": value, "model": not opened.unread_by_model}
    answer = ask(store, {**question, "label": pack(label), "scribble": pack(scribble)})
    return unpack(answer["label"], label.shape)


def predict_box(store: Store, opened: OpenCase, box: Box) -> Labels:
    """What the newest model says in a ``box`` (RAS+ voxels); refused for cases that are read without its opinion."""
    _refuse_opinion(opened)
    answer = ask(store, {"do": "predict", "case": opened.case_id, "box": box}, seconds=120)
    return unpack(answer["label"], tuple(hi - lo for lo, hi in zip(*box)))


def uncertainty_map(store: Store, opened: OpenCase, measure: str, about: int) -> Path:
    """The file of another map of where the model is unsure; ``about`` is a label value, 0 for all labels."""
    _refuse_opinion(opened)
    if measure == "entropy" and about == 0 and opened.uncertainty is not None:
        return opened.uncertainty
    return Path(ask(store, {"do": "map", "case": opened.case_id, "measure": measure, "about": about}, 300)["file"])


def _refuse_opinion(opened: OpenCase) -> None:
    if opened.unread_by_model:
        raise IllegalChange("This case is read without the model's opinion, so that what you draw stays your own.")
