"""Charts of the few-shot page: accuracy step by step, shares of operations, and the cell with fading edges."""

from collections.abc import Sequence

from activedints.core.cell import NODES, OPERATIONS
from activedints.loop.few_shot import Adapted, CellView
from activedints.ui.charts import ACCENT, GRID, LINES, QUIET, TEXT, Chart, empty_figure

HUES = dict(zip(OPERATIONS, ("#D55E00", "#F0E442", "#9AA4B1", "#F0A35E", "#5BA7E8", "#3FB68B", "#CC79A7")))
SHADES = [[0.0, "#12161B"], [1.0, ACCENT]]
FAINTEST = 0.02
"""Edges that carry less than this share of their fullest weight are not drawn."""

PLACES = ((0.0, 0.55), (0.0, -0.55), (1.4, 0.8), (2.2, -0.1), (3.0, -0.9))
"""Where the two inputs and the three nodes of a cell stand."""
NAMES = ("input 0", "input 1", *(f"node {number}" for number in range(NODES)))


def accuracy_chart(runs: Sequence[Adapted]) -> Chart:
    """Accuracy on the targets after every step, one curve a learner, and what guessing gives."""
    figure = empty_figure("step of the adaptation", "targets told right (%)", 300)
    for run, colour in zip(runs, LINES * 4):
        points = run.accuracies
        figure.add_scatter(
            x=[step for step, _ in points],
            y=[share for _, share in points],
            name=run.title,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 6},
            hovertemplate="step %{x}: %{y:.0f} %<extra>%{fullData.name}</extra>",
        )
    chance = runs[0].chance if runs else 0.0
    figure.add_hline(chance, line={"color": QUIET, "dash": "dot"}, annotation_text="guessing", annotation_font_size=12)
    figure.update_yaxes(range=[0, 104])
    figure.update_xaxes(rangemode="tozero", dtick=5 if max((len(run.steps) for run in runs), default=0) > 6 else 1)
    figure.update_layout(showlegend=True)
    ends = "; ".join(f"{run.title} {run.accuracies[-1][1]:.0f} %" for run in runs if run.accuracies)
    return Chart(
        figure, f"Share of the targets told right after each step, all targets of the episode seen at once. {ends}."
    )


def heat_map(cells: Sequence[CellView], temperature: float) -> Chart:
    """Share of each operation on each edge of each cell."""
    figure = empty_figure("operation", "edge", 460)
    rows = [
        (f"cell {cell.number}: {NAMES[edge.state]} to node {edge.node}", edge) for cell in cells for edge in cell.edges
    ]
    figure.add_heatmap(
        x=list(OPERATIONS),
        y=[name for name, _ in rows],
        z=[edge.shares for _, edge in rows],
        zmin=0,
        zmax=1,
        colorscale=SHADES,
        xgap=1,
        ygap=1,
        colorbar={"title": {"text": "share"}, "thickness": 10},
        hovertemplate="%{y}<br>%{x}: %{z:.2f}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, title=None)
    figure.update_xaxes(showgrid=False, title=None)
    surest = max((max(edge.shares) for _, edge in rows), default=0.0)
    return Chart(
        figure,
        f"Share of each operation on each edge at temperature {temperature:.2g}: softmax(alpha / temperature), "
        f"a row sums to 1; the surest edge has {surest:.2f}.",
    )


def draw_cell(cell: CellView) -> Chart:
    """The cell's nodes and edges: an edge's colour is its strongest operation, its strength its weight times share."""
    figure = empty_figure("", f"cell {cell.number}", 300)
    named: set[str] = set()
    for edge in cell.edges:
        strength = edge.weight * max(edge.shares)
        if strength < FAINTEST:
            continue
        (x0, y0), (x1, y1) = PLACES[edge.state], PLACES[edge.node + 2]
        figure.add_scatter(
            x=[x0, x1],
            y=[y0, y1],
            mode="lines",
            name=edge.operation,
            legendgroup=edge.operation,
            showlegend=edge.operation not in named,
            opacity=min(1.0, 0.06 + 0.94 * strength),
            line={"color": HUES[edge.operation], "width": 1 + 4 * min(1.0, strength)},
            hovertemplate=f"{edge.operation}: {max(edge.shares):.2f}, of input {edge.weight:.2f}<extra></extra>",
        )
        named.add(edge.operation)
    figure.add_scatter(
        x=[x for x, _ in PLACES],
        y=[y for _, y in PLACES],
        text=[name.replace(" ", "<br>") for name in NAMES],
        mode="markers+text",
        marker={"size": 44, "color": "#1B2027", "line": {"color": GRID, "width": 2}},
        textfont={"size": 11, "color": TEXT},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_xaxes(visible=False, range=[-0.5, 3.5])
    figure.update_yaxes(visible=False, range=[-1.4, 1.3])
    figure.update_layout(showlegend=True)
    return Chart(figure, f"Cell {cell.number}: {cell.sentence}")
