"""Where a search's alphas start when somebody has a reason to lean: a few logits instead of zeros."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from activedints.core.architecture import OPERATIONS
from activedints.core.decode import Alphas
from activedints.core.errors import InvalidSettings

STRONGEST = 2.0
"""A leaning is a start that a search can leave: no logit is larger."""


def leaning_alphas(blocks: int, depths: int, lean: Mapping[str, Any]) -> Alphas:
    """Alphas of a space whose operations lean: ``skip`` is added to skips, ``full`` to full 3-D kernels and taken from
    flat ones, on every edge alike. Raises InvalidSettings for a number beyond STRONGEST.

    >>> leaning_alphas(1, 1, {"skip": 0.5, "full": 1.0}).operations[0, 0].tolist()
    [0.5, 0.5, -0.5, -0.5, -0.5]
    """
    skip, full = float(lean.get("skip", 0)), float(lean.get("full", 0))
    if not max(abs(skip), abs(full)) <= STRONGEST:
        raise InvalidSettings(f"A leaning lies within -{STRONGEST:g} and {STRONGEST:g}; got skip {skip}, full {full}.")
    edges = np.zeros((blocks, 3 * depths - 2))
    one = np.where(np.array(OPERATIONS) == "skip", skip, -full / 2)
    one[OPERATIONS.index("conv 3x3x3")] = full / 2
    return Alphas(edges, np.broadcast_to(one, (*edges.shape, len(OPERATIONS))).copy())
