"""A DiNTS Architecture as data: which edges are active and which operation each carries (He et al., CVPR 2021).

L layers, D resolutions, E = 3 D - 2 edges a layer. Edge ``i`` ends at resolution ``(i + 1) // 3`` and leaves
resolution ``out - 1 + (i + 1) % 3``. JSON only: an architecture never comes from a pickle.
"""

import json
from dataclasses import asdict, dataclass

from activedints.core.errors import InvalidSettings

OPERATIONS = ("skip", "conv 3x3x3", "conv 3x3x1", "conv 3x1x3", "conv 1x3x3")

Rows = tuple[tuple[int, ...], ...]


def edge_ends(edge: int) -> tuple[int, int]:
    """Resolution that an edge leaves and the one it enters.

    >>> [edge_ends(i) for i in range(4)]
    [(0, 0), (1, 0), (0, 1), (1, 1)]
    """
    out = (edge + 1) // 3
    return out - 1 + (edge + 1) % 3, out


@dataclass(frozen=True)
class Architecture:
    """``arch_code_a`` (L, E) of 0/1, ``arch_code_c`` (L, E) of operation indices; filters = 32 * 2^i * channel_mul."""

    name: str
    arch_code_a: Rows
    arch_code_c: Rows
    channel_mul: float
    use_downsample: bool = True
    provenance: str = ""

    @property
    def blocks(self) -> int:
        return len(self.arch_code_a)

    @property
    def depths(self) -> int:
        return (len(self.arch_code_a[0]) + 2) // 3

    @property
    def node_a(self) -> Rows:
        """Active resolutions before each layer and after the last (L + 1, D), derived from the active edges."""
        rows = [[0] * self.depths for _ in range(self.blocks + 1)]
        for layer, codes in enumerate(self.arch_code_a):
            for edge, active in enumerate(codes):
                if active:
                    start, end = edge_ends(edge)
                    rows[layer][start] = rows[layer + 1][end] = 1
        return tuple(tuple(row) for row in rows)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> "Architecture":
        """Read what ``to_json`` wrote; InvalidSettings names what is wrong with anything else."""
        try:
            fields = json.loads(text)
            rows = {
                k: tuple(tuple(int(v) for v in row) for row in fields.pop(k)) for k in ("arch_code_a", "arch_code_c")
            }
            return Architecture(**(fields | rows))
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise InvalidSettings(
                f"This is no architecture in JSON ({fault}); export one from the Search page."
            ) from None
