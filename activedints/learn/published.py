"""Architectures that others saved with torch: MONAI's and NVIDIA's ``arch_code*.pth``, read without trusting them.

Such a file is a pickle of ``{"arch_code_a": (L, 3D-2), "arch_code_c": (L, 3D-2), ...}`` as NumPy arrays or tensors.
It is unpickled with ``weights_only=True``, NumPy arrays of plain numbers being the only addition: nothing else in it
can be made, so nothing in it can run.
"""

import _codecs
import base64
import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch

from activedints.core.architecture import Architecture
from activedints.core.errors import UnsafeCheckpoint

NUMBERS = [np.dtypes.Float32DType, np.dtypes.Float64DType, np.dtypes.Int32DType, np.dtypes.Int64DType]
ALLOWED = [
    (np._core.multiarray._reconstruct, "numpy._core.multiarray._reconstruct"),
    (np._core.multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),
    np.ndarray,
    np.dtype,
    *NUMBERS,
    _codecs.encode,
]


def read_published(path: Path, channel_mul: float = 1.0) -> Architecture:
    """The architecture of an ``arch_code*.pth`` file.

    Raises UnsafeCheckpoint for a file that is none or holds more than numbers, InvalidSettings where the codes are no
    feasible network.
    """
    try:
        with torch.serialization.safe_globals(ALLOWED):
            codes = torch.load(path, map_location="cpu", weights_only=True)
        edges, operations = (np.asarray(codes[name]) for name in ("arch_code_a", "arch_code_c"))
        if operations.ndim == 3:  # one-hot
            operations = operations.argmax(-1)
        rows = [tuple(tuple(int(v) for v in row) for row in table) for table in (edges, operations)]
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as fault:
        raise UnsafeCheckpoint(
            f"{path.name} is no architecture code or holds more than numbers ({type(fault).__name__}); "
            "give a file with arch_code_a and arch_code_c, or an architecture in JSON."
        ) from None
    architecture = Architecture(path.stem, rows[0], rows[1], channel_mul, provenance=f"Imported from {path.name}.")
    architecture.check()
    return architecture


def read_uploaded_code(name: str, content: str, scratch: Path) -> Architecture:
    """The architecture of a file that came over a wire: its own ``name`` (shown, never used as a path) and its bytes
    as base64 text, which lie in ``scratch`` while they are read. Raises what ``read_published`` raises."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / f"{Path(name).stem[:60].replace(chr(0), '')}.pth"
        path.write_bytes(base64.b64decode(content, validate=True))
        return read_published(path)
