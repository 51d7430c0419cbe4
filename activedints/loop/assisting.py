"""The model's help at an open case, asked of the interactive lane: refine by a scribble, predict a box, another map."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from activedints.core.errors import IllegalChange, NotFound
from activedints.core.packed import pack, unpack
from activedints.core.volume import Box
from activedints.formats.nifti import read_map
from activedints.loop import prompting
from activedints.loop.asking import ask
from activedints.loop.gathering import OpenCase
from activedints.loop.opening import channels
from activedints.store.database import Store

Labels = npt.NDArray[np.uint8]

MEASURES = {
    "entropy": "Entropy",
    "mutual_information": "Mutual information",
    "variance": "Variance",
}
"""Maps that can be asked for: measure -> its name on the screen."""
OF_ONE_LABEL = ("entropy", "variance")
"""Measures that there are of one label against the rest, too."""


def prepare(store: Store, opened: OpenCase) -> None:
    """Tell the lane which case is worked on, so that its first answer is fast."""
    ask(store, {"do": "prepare", "case": opened.case_id}, seconds=5)


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


def prompt(
    store: Store, opened: OpenCase, url: str, channel: str, label: Labels, scribble: Labels, value: int
) -> Labels:
    """The label map of the whole case (RAS+) after an external server's answer to a scribble on one channel.

    The server starts from the scribble's label as it is drawn; background takes away from the label under it.
    """
    _refuse_opinion(opened)
    files = dict(channels(store, opened))
    if channel not in files:
        raise NotFound(f"There is no channel '{channel}' to show to the nnInteractive server; choose another.")
    drawn = scribble == 1
    about = value or int(np.bincount(label[drawn], minlength=2)[1:].argmax()) + 1  # background: of what lies there
    mask = prompting.prompt(url, read_map(files[channel]), (label == about).astype(np.uint8), scribble, value != 0)
    after = np.where((label == about) & ~mask, 0, label)
    return np.where(mask, about, after).astype(np.uint8)


def _refuse_opinion(opened: OpenCase) -> None:
    if opened.unread_by_model:
        raise IllegalChange("This case is read without the model's opinion, so that what you draw stays your own.")
