"""Cells drawn without replacement from the decoder's own distribution, by going through all of it.

The decoder writes a cell token by token, and there are only 5^6 ways: its whole tree of prefixes is small enough to be
scored at once. On the scored leaves the Gumbel-top-k trick (Kool, van Hoof, Welling, ICML 2019, whose stochastic beam
search this is with a beam that never has to drop anything) draws exactly as sampling again and again would that throws
away graphs that are no cells and cells that came before, but wastes no sample.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from activedints.nas.advisor.graphs import LEADS, NODES, GraphDecoder
from activedints.nas.measured import space

Array = npt.NDArray[np.float64]


def kinds_at(v: int) -> list[int]:
    """Node types that a cell can have at node ``v``: input, operations, output."""
    return [0] if v == 0 else [1] if v == NODES - 1 else list(range(2, 2 + space.TOKENS))


@torch.no_grad()
def leaves(decoder: GraphDecoder, z: Tensor, heat: float = 1.0) -> Array:
    """(5^6,) chance that ``decoder.sample`` writes each six tokens, last token fastest, with the edges of a cell.

    ``z`` (latent,); ``heat`` divides the logits of types. 0 where an edge comes out wrong; the sum is below 1 by what
    goes to graphs with a second input or output.
    """
    total, states = torch.zeros(1), []
    for v in range(NODES):
        kinds = kinds_at(v)
        chance = (decoder.next_types(z.expand(len(total), -1), states) / heat).log_softmax(1)[:, kinds]
        total = (total[:, None] + chance).flatten()
        kind = torch.tensor(kinds).repeat(len(total) // len(kinds))
        states = [one.repeat_interleave(len(kinds), 0) for one in states]
        here, heard = z.expand(len(total), -1), torch.from_numpy(LEADS[:v, v]).expand(len(total), -1)
        if states:
            edges = decoder.next_edges(states, decoder.node(here, [], kind, heard[:, :0].float())) > 0
            total = total.masked_fill((edges != heard).any(1), float("-inf"))
        if v < NODES - 1:
            states.append(decoder.node(here, states, kind, heard.float()))
    return total.double().exp().numpy()


@cache
def cell_of() -> npt.NDArray[np.intp]:
    """(5^6,) row of ``space.everything()`` that six tokens are, last token fastest; -1 for dead cells."""
    every = np.stack(np.unravel_index(np.arange(space.TOKENS**6), (space.TOKENS,) * 6), 1)
    code = lambda tokens: tokens.astype(np.intp) @ space.TOKENS ** np.arange(5, -1, -1)  # noqa: E731
    rows = np.searchsorted(code(space.everything()), code(space.essential(every)))
    return np.where(space.live(every), rows, -1)


def cell_chances(leaf: Array) -> Array:
    """(cell,) chance of each row of ``space.everything()``: tokens on edges that do nothing make no difference."""
    rows = cell_of()
    return np.bincount(rows[rows >= 0], leaf[rows >= 0], len(space.everything()))


def drawn(chances: Array, number: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """At most ``number`` different rows, in the order in which drawing without replacement in proportion to ``chances``
    (not necessarily of sum 1) gives them; rows of chance 0 never.

    >>> drawn(np.array([0.0, 2.0, 0.0]), 3, np.random.default_rng(0)).tolist()
    [1]
    """
    with np.errstate(divide="ignore"):
        keys = np.log(chances) + rng.gumbel(size=len(chances))
    order = np.argsort(-keys, kind="stable")[:number]
    return order[chances[order] > 0]
