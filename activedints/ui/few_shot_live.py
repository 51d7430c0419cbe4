"""The picture of an adaptation while it runs: accuracy so far, the shares of the operations and the cells, as one SVG.

An SVG of a few kilobytes is made in a millisecond and drawn by the browser in one go; a chart with all its interaction
takes a hundred times that, at every step. The charts come when the adaptation is done.
"""

from collections.abc import Sequence

from activedints.core.cell import OPERATIONS
from activedints.loop.few_shot import Adapted, CellView
from activedints.ui import few_shot_cells
from activedints.ui.charts import ACCENT, GRID, LINES, QUIET, TEXT
from activedints.ui.few_shot_cells import SHORT, svg, text
from activedints.ui.few_shot_charts import NAMES

WIDTH = 540
PLOT = (30, 28, 194, 206)
"""Left, top, right and bottom of the accuracy's axes."""
TABLE = (344, 44, 538, 306)
"""The same of the shares: an edge a row, an operation a column."""
EMPTY = (18, 22, 27)


def picture(runs: Sequence[Adapted], cells: Sequence[CellView], temperature: float | None, steps: int) -> str:
    """``runs``: those that are done and the one that runs; ``cells`` of its last step, none where it does not search.

    ``steps``: where the axis ends.
    """
    parts, bottom = [*axes(runs, steps), *curves(runs, steps), *shares(cells, temperature)], TABLE[3]
    if cells:
        top, apart = bottom + 12, WIDTH - few_shot_cells.WIDTH
        parts += [part for cell in cells for part in few_shot_cells.cell_at(cell, cell.number * apart, top)]
        bottom = top + few_shot_cells.HEIGHT + few_shot_cells.LEGEND
        parts += few_shot_cells.legend(0, bottom - few_shot_cells.LEGEND)
    return svg(WIDTH, bottom, parts)


def line(x0: float, y0: float, x1: float, y1: float, colour: str = GRID, dash: str = "") -> str:
    return f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="{colour}" stroke-dasharray="{dash}"/>'


def at(step: float, share: float, steps: int) -> tuple[float, float]:
    """Where a step and its accuracy in % stand."""
    left, top, right, bottom = PLOT
    return round(left + (right - left) * step / max(1, steps), 1), round(bottom - (bottom - top) * share / 104, 1)


def axes(runs: Sequence[Adapted], steps: int) -> list[str]:
    """Axes with their units, and what guessing gives."""
    left, _, right, bottom = PLOT
    found = [text(4, 12, "targets told right (%)"), text(right, bottom + 28, "step", anchor="end")]
    for share in (0, 20, 40, 60, 80, 100):
        y = at(0, share, steps)[1]
        found += [line(left, y, right, y), text(left - 6, y + 4, str(share), anchor="end")]
    ticks = range(0, steps + 1, 5 if steps > 6 else 1)
    found += [text(at(step, 0, steps)[0], bottom + 14, str(step), anchor="middle") for step in ticks]
    if runs:
        y = at(0, runs[0].chance, steps)[1]
        found += [line(left, y, right, y, QUIET, "2 4"), text(right, y - 5, "guessing", anchor="end")]
    return found


def curves(runs: Sequence[Adapted], steps: int) -> list[str]:
    """One curve a learner, with its name below."""
    found = []
    for number, (run, colour) in enumerate(zip(runs, LINES * 4)):
        points = [at(step, share, steps) for step, share in run.accuracies]
        joined = " ".join(f"{x},{y}" for x, y in points)
        found.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        found += [f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in points]
        y = PLOT[3] + 46 + 15 * number
        found += [line(4, y - 4, 20, y - 4, colour), text(26, y, run.title, TEXT)]
    return found


def shares(cells: Sequence[CellView], temperature: float | None) -> list[str]:
    """A square for each operation on each edge, the brighter the larger its share."""
    if not cells or temperature is None:
        return []
    left, top, right, bottom = TABLE
    rows = [(cell.number, edge) for cell in cells for edge in cell.edges]
    wide, high = (right - left) / len(OPERATIONS), (bottom - top) / len(rows)
    found = [text(PLOT[2] + 22, 12, f"share of each operation on each edge, temperature {temperature:.2g}")]
    for column, word in enumerate(SHORT.values()):
        found.append(text(left + (column + 0.5) * wide, top - 6, word, anchor="middle", size=10))
    for row, (number, edge) in enumerate(rows):
        y = top + row * high
        name = f"cell {number}: {NAMES[edge.state]} to node {edge.node}"
        found.append(text(left - 6, round(y + 0.75 * high, 1), name, anchor="end", size=10))
        found += [
            f'<rect x="{left + column * wide:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" height="{high - 1:.1f}" '
            f'fill="{shade(share)}"/>'
            for column, share in enumerate(edge.shares)
        ]
    return found


def shade(share: float) -> str:
    """From the background (0) to the accent (1).

    >>> shade(0.0), shade(1.0)
    ('#12161b', '#5ba7e8')
    """
    full = (int(ACCENT[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(lo + (hi - lo) * share):02x}" for lo, hi in zip(EMPTY, full))
