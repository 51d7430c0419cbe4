"""The one message that the browser sends: read with suspicion, before anything else sees it."""

import base64
import binascii
import hashlib
import math
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile, InvalidGeometry, InvalidLabels
from activedints.core.packed import unpack
from activedints.core.volume import Box
from activedints.ui.viewer.view import ViewerEvent, ViewerQuestion
from activedints.ui.viewer.volumes import Grid

KINDS = ("draft", "submit", "skip", "flag")
QUESTIONS = ("prepare", "refine", "predict", "prompt", "map")
LONGEST_REASON = 2000


def decode_mask(text: str, sha: str, grid: Grid, labels: Iterable[int]) -> npt.NDArray[np.uint8]:
    """Base64 of gzipped RAS+ voxels -> label map (x, y, z) uint8 in the FILE's voxel order.

    ``sha`` is the SHA-256 of the raw voxels. Refuses what is not base64 or gzip, more or fewer voxels than the grid
    has (nothing beyond that is ever inflated), another digest, and values that are no label of the set.
    """
    expected = math.prod(grid.shape)
    try:
        packed = base64.b64decode(text, validate=True)
        inflate = zlib.decompressobj(wbits=31)
        raw = inflate.decompress(packed, expected + 1)
    except (binascii.Error, ValueError, zlib.error) as fault:
        raise InvalidFile(f"The drawing arrived damaged ({fault}); it is still in your browser: save again.") from None
    if len(raw) != expected:
        raise InvalidGeometry(
            f"The drawing must have the {expected} voxels of its case; {'more' if len(raw) > expected else len(raw)} "
            "arrived: reload the case."
        )
    if not inflate.eof or hashlib.sha256(raw).hexdigest() != sha:
        raise InvalidFile("The drawing's checksum does not fit its voxels; it is still in your browser: save again.")
    unknown = sorted(set(raw.translate(None, bytes({0, *labels}))))  # ten times faster than counting in NumPy
    if unknown:
        raise InvalidLabels(f"The drawing holds values {unknown}, which are no labels of this case: reload the case.")
    array = grid.to_file(np.frombuffer(raw, np.uint8).reshape(grid.ras_shape, order="F"))
    return np.asfortranarray(array)  # the order of the file, in which it will be written


def read_event(message: Any, case_id: int, grid: Grid, labels: Iterable[int], read_only: bool = False) -> ViewerEvent:
    """The browser's message for the open case as a ViewerEvent; an error in one sentence for anything else."""
    if not isinstance(message, dict) or message.get("kind") not in KINDS:
        raise InvalidFile("The viewer sent a message of an unknown kind; reload the page.")
    if message.get("case") != case_id:
        raise InvalidFile(f"This drawing belongs to case {message.get('case')}, but case {case_id} is open.")
    if read_only:
        raise InvalidFile("This case is open for reading only; nothing was saved.")
    number, seconds, reason = message.get("number"), message.get("seconds"), message.get("reason", "")
    mask, sha, difficulty = message.get("mask"), message.get("sha"), message.get("difficulty", "")
    if (
        not isinstance(number, int)
        or not isinstance(seconds, (int, float))
        or not 0 <= seconds < 1e7
        or not isinstance(reason, str)
        or len(reason) > LONGEST_REASON
        or not isinstance(difficulty, str)
        or not isinstance(mask, (str, type(None)))
    ):
        raise InvalidFile("The viewer's message is incomplete; reload the page.")
    if mask is None and message["kind"] in ("draft", "submit"):
        raise InvalidFile("The viewer sent no drawing to save; reload the page.")
    array = None if mask is None else decode_mask(mask, str(sha), grid, labels)
    regions = tuple(grid.file_box(read_box(box, grid.ras_shape)) for box in message.get("regions") or [])
    return ViewerEvent(message["kind"], number, array, float(seconds), reason, regions, difficulty)


def read_box(given: Any, shape: tuple[int, ...]) -> Box:
    """A half-open voxel box as the browser writes it; InvalidGeometry unless it lies in ``shape``."""
    try:
        lo, hi = ([int(v) for v in end] for end in given)
        x, y, z = zip(lo, hi, strict=True)
    except (TypeError, ValueError):
        raise InvalidGeometry("The viewer sent a box that is none; reload the page.") from None
    if any(not 0 <= a < b <= n for (a, b), n in zip((x, y, z), shape)):
        raise InvalidGeometry(f"The box {lo} to {hi} must lie in the case's {shape} voxels; reload the page.")
    return (x[0], y[0], z[0]), (x[1], y[1], z[1])


def read_question(message: Any, case_id: int, grid: Grid, labels: Iterable[int]) -> ViewerQuestion:
    """The browser's question about the open case, checked like a drawing."""
    if not isinstance(message, dict) or message.get("do") not in QUESTIONS or not isinstance(message["number"], int):
        raise InvalidFile("The viewer asked something unknown; reload the page.")
    if message.get("case") != case_id:
        raise InvalidFile(f"This question belongs to case {message.get('case')}, but case {case_id} is open.")
    value, measure, channel = message.get("value", 0), message.get("measure", ""), message.get("channel", "")
    if value not in {0, *labels} or not isinstance(measure, str) or not isinstance(channel, str):
        raise InvalidLabels(f"The question is about label {value}, which is none of this case; reload the page.")
    asked = ViewerQuestion(message["do"], message["number"], value=value, measure=measure, channel=channel)
    if message.get("box") is None:
        return asked
    box = read_box(message["box"], grid.ras_shape)
    shape = tuple(hi - lo for lo, hi in zip(*box))
    label, scribble = (unpack(message[name], shape) if name in message else None for name in ("label", "scribble"))
    return replace(asked, box=box, label=label, scribble=scribble)
