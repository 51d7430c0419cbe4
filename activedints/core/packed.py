"""Label boxes as text, for questions and answers of one line: base64 of zlib of the voxels, x fastest."""

import base64
import binascii
import math
import zlib

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile


def pack(array: npt.NDArray[np.uint8]) -> str:
    """(x, y, z) uint8 -> text.

    >>> unpack(pack(np.array([[[1, 2]]], np.uint8)), (1, 1, 2)).tolist()
    [[[1, 2]]]
    """
    return base64.b64encode(zlib.compress(array.astype(np.uint8).tobytes(order="F"), 1)).decode()


def unpack(text: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The array (x, y, z) of ``shape``; never inflates more than that. InvalidFile for anything else."""
    expected = math.prod(shape)
    try:
        inflate = zlib.decompressobj(wbits=47)  # zlib or gzip, told by the first bytes
        raw = inflate.decompress(base64.b64decode(text, validate=True), expected + 1)
    except (binascii.Error, ValueError, zlib.error) as fault:
        raise InvalidFile(f"A box of labels arrived damaged ({fault}): try again.") from None
    if len(raw) != expected:
        raise InvalidFile(f"A box of labels must hold {expected} voxels for its shape {shape}: try again.")
    return np.frombuffer(raw, np.uint8).reshape(shape, order="F")
