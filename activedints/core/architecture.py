"""A DiNTS Architecture as data: which edges are active and which operation each carries (He et al., CVPR 2021).

L layers, D resolutions, E = 3 D - 2 edges a layer. Edge ``i`` ends at resolution ``(i + 1) // 3`` and leaves
resolution ``out - 1 + (i + 1) % 3``. JSON only: an architecture never comes from a pickle.
"""

import json
from dataclasses import asdict, dataclass

from activedints.core.errors import InvalidSettings

OPERATIONS = ("skip", "conv 3x3x3", "conv 3x3x1", "conv 3x1x3", "conv 1x3x3")
NORMS = ("instance", "batch")

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
    fine_skip: bool = False
    """Add the stem's features at the input's resolution to what rises to it. DiNTS (False) has no such path: halved by
    its stem, it sees 2 mm scans at 4 mm, coarser than an enhancing rim."""
    norm: str = "instance"
    """``instance`` as in DiNTS, or ``batch``: statistics of the training, so that the brightness of a window beside the
    rest of the scan is not forgotten."""
    provenance: str = ""

    def check(self) -> None:
        """Raise InvalidSettings unless this is a network: whole rows, known operations, and every node that a layer
        reads is filled by the layer before it (and none is filled in vain)."""
        if self.norm not in NORMS:
            raise InvalidSettings(
                f"Architecture {self.name!r} has a norm {self.norm!r}, which must be one of {', '.join(NORMS)}: "
                "export it again from the Search page."
            )
        width = 3 * self.depths - 2 if self.blocks else 0
        for codes, top in ((self.arch_code_a, 1), (self.arch_code_c, len(OPERATIONS) - 1)):
            if (
                not codes
                or len(codes) != self.blocks
                or any(len(r) != width or not set(r) <= set(range(top + 1)) for r in codes)
            ):
                raise InvalidSettings(
                    f"Architecture {self.name!r} needs {self.blocks} rows of 3 D - 2 codes, edges 0 or 1, operations "
                    f"0 to {len(OPERATIONS) - 1}: export it again from the Search page."
                )
        reads = [{edge_ends(i)[0] for i, on in enumerate(row) if on} for row in self.arch_code_a]
        fills = [{edge_ends(i)[1] for i, on in enumerate(row) if on} for row in self.arch_code_a]
        for layer in range(self.blocks):
            if not fills[layer] or (layer and fills[layer - 1] != reads[layer]):
                filled = sorted(fills[layer - 1]) if layer else []
                raise InvalidSettings(
                    f"Architecture {self.name!r} is not feasible: layer {layer} reads resolutions "
                    f"{sorted(reads[layer])} but the layer before it fills {filled}; take one that a search decoded."
                )

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
        """Readable JSON: a layer a line, as one draws it."""
        facts = asdict(self)
        tables = {name: facts.pop(name) for name in ("arch_code_a", "arch_code_c")}
        lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items()]
        for name, rows in tables.items():
            body = ",\n".join(f"  {json.dumps(row)}" for row in rows)
            lines.append(f" {json.dumps(name)}: [\n{body}\n ]")
        return "{\n" + ",\n".join(lines) + "\n}"

    @staticmethod
    def from_json(text: str) -> "Architecture":
        """Read what ``to_json`` wrote; InvalidSettings names what is wrong with anything else."""
        try:
            fields = json.loads(text)
            rows = {
                k: tuple(tuple(int(v) for v in row) for row in fields.pop(k)) for k in ("arch_code_a", "arch_code_c")
            }
            architecture = Architecture(**(fields | rows))
        except (ValueError, TypeError, KeyError, AttributeError) as fault:
            raise InvalidSettings(
                f"This is no architecture in JSON ({fault}); export one from the Search page."
            ) from None
        architecture.check()
        return architecture


def same_network(one: Architecture | str, other: Architecture | str) -> bool:
    """Whether two networks compute alike, whatever they are called and wherever they came from; baselines by name."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    codes = ("arch_code_a", "arch_code_c", "channel_mul", "use_downsample", "fine_skip", "norm")
    return all(getattr(one, name) == getattr(other, name) for name in codes)
