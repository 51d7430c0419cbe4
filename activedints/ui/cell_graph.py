"""A cell of a benchmark as a drawing: its vertices from input to output, and what each edge computes."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from activedints.ui.charts import QUIET, TEXT, Chart

OPERATION_COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2")


def cell_graph(edges: Sequence[Sequence[Any]], vertices: int) -> Chart:
    """The drawn cell: vertices on an arc from input to output, each edge in the colour of its operation."""
    figure = go.Figure()
    figure.update_layout(
        height=220,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": TEXT, "size": 12},
        legend={"orientation": "h", "font_color": TEXT},
        xaxis={"visible": False},
        yaxis={"visible": False},
    )
    places = _arc(vertices)
    colour = dict(zip(sorted({operation for _, _, operation in edges}), OPERATION_COLOURS * 4))
    for operation, paint in colour.items():
        xs, ys = [], []
        for i, j, which in edges:
            if which == operation:
                xs += [places[i][0], places[j][0], None]
                ys += [places[i][1], places[j][1], None]
        line = {"color": paint, "width": 4}
        figure.add_scatter(x=xs, y=ys, mode="lines", line=line, name=operation, hoverinfo="name")
    texts = ["in", *(str(v) for v in range(1, vertices - 1)), "out"]
    figure.add_scatter(
        x=[x for x, _ in places],
        y=[y for _, y in places],
        text=texts,
        mode="markers+text",
        marker={"size": 30, "color": "#161A20", "line": {"color": QUIET, "width": 2}},
        showlegend=False,
        hoverinfo="skip",
    )
    listed = "; ".join(f"{texts[i]} to {texts[j]} {operation}" for i, j, operation in edges)
    return Chart(figure, f"Cell: {listed or 'no connection at all'}.")


def _arc(vertices: int) -> list[tuple[float, float]]:
    """Inner vertices alternately above and below the line from input to output, so that no two edges coincide."""
    inner = [(float(v), 0.8 if v % 2 else -0.8) for v in range(1, vertices - 1)]
    return [(0.0, 0.0), *inner, (float(vertices - 1), 0.0)]
