"""The searched cells as drawings that fade: states in a row, what feeds a node as arcs above and below, as SVG.

States stand in their order, so an arc leaves to the right and no arc runs through a node. Arcs of the first input and
of the first node lie above, the others below. An arc's colour is its strongest operation; its strength is how much of
its node it carries, times that operation's share.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from activedints.core.cell import NODES, OPERATIONS
from activedints.loop.few_shot import CellView
from activedints.ui.charts import GRID, QUIET, TEXT

HUES = dict(zip(OPERATIONS, ("#D55E00", "#F0E442", "#9AA4B1", "#F0A35E", "#5BA7E8", "#3FB68B", "#CC79A7")))
SHORT = dict(zip(OPERATIONS, ("max", "avg", "skip", "1x5", "conv", "sep", "dil")))
"""The operations in a word each."""
FAINTEST = 0.02
"""Arcs that carry less than this share of their fullest weight are not drawn."""

WIDTH, HEIGHT = 264, 156
"""Of one cell, in SVG units; LEGEND is the height of the row that names the colours."""
LEGEND = 20
STATES = ("in 0", "in 1", *(f"node {number}" for number in range(NODES)))
LINE, FIRST, APART, ROUND = 92, 24, 54, 17
"""Height of the row of states, where it begins, the distance of two states, and their radius."""


def text(x: float, y: float, words: str, colour: str = QUIET, anchor: str = "start", size: int = 11) -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'


def svg(width: int, height: int, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
    return head + "".join(parts) + "</svg>"


def pictured(cells: Sequence[CellView]) -> str:
    """All cells, one below the other, with what the colours mean."""
    drawn = [part for row, cell in enumerate(cells) for part in cell_at(cell, 0, row * HEIGHT)]
    return svg(WIDTH, HEIGHT * len(cells) + LEGEND, [*drawn, *legend(0, HEIGHT * len(cells))])


def cell_at(cell: CellView, left: float, top: float) -> list[str]:
    """One cell with its corner at ``left``, ``top``."""
    found = [text(left, top + 12, f"cell {cell.number}", size=12)]
    for edge in cell.edges:
        strength = min(1.0, edge.weight * max(edge.shares))
        if strength >= FAINTEST:
            found.append(arc(edge.state, edge.node + 2, strength, HUES[edge.operation], left, top))
    for place, name in enumerate(STATES):
        x, y = left + FIRST + APART * place, top + LINE
        found.append(f'<circle cx="{x}" cy="{y}" r="{ROUND}" fill="#1B2027" stroke="{GRID}" stroke-width="2"/>')
        found.append(text(x, y + 4, name, TEXT, "middle", 10))
    return found


def arc(start: int, end: int, strength: float, colour: str, left: float, top: float) -> str:
    """A bow from state ``start`` to state ``end``, the higher the farther."""
    x0, x1, y = left + FIRST + APART * start, left + FIRST + APART * end, top + LINE
    rise = (end - start) * 24 * (1 if start % 2 == 0 else -0.8)
    return (
        f'<path d="M{x0} {y}C{x0 + 8} {y - rise:.0f} {x1 - 8} {y - rise:.0f} {x1} {y}" fill="none" stroke="{colour}" '
        f'stroke-width="{1 + 4 * strength:.1f}" stroke-opacity="{0.06 + 0.94 * strength:.2f}"/>'
    )


def legend(left: float, top: float) -> list[str]:
    """The colour of every operation."""
    wide = WIDTH / len(OPERATIONS)
    found = []
    for place, operation in enumerate(OPERATIONS):
        x = round(left + place * wide, 1)
        found.append(f'<circle cx="{x + 5}" cy="{top + 10}" r="4" fill="{HUES[operation]}"/>')
        found.append(text(x + 11, top + 14, SHORT[operation], TEXT, size=10))
    return found
