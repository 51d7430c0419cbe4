"""A search as pictures: the topology at one step, and the curves of entropy, memory and loss."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from activedints.core.architecture import OPERATIONS
from activedints.loop.searches import DrawnEdge, Moment
from activedints.ui.charts import LINES, MARK, QUIET, Chart, empty_figure
from activedints.ui.topology import COLOURS, draw_nodes, name_resolutions

Row = dict[str, Any]
PRUNED = "rgba(154,164,177,0.28)"
THINNEST, THICKEST = 0.8, 8.0
SHADES = 10
"""Steps of an edge's width: a trace of the figure has one width."""


def draw_moment(moment: Moment) -> Chart:
    """Left to right through the layers: width = chance, colour = likeliest operation, grey = pruned."""
    figure = empty_figure("layer", "resolution", 140 + 78 * moment.architecture.depths)
    _draw_edges(figure, [edge for edge in moment.edges if not edge.kept], "pruned", PRUNED)
    for operation in OPERATIONS:
        mine = [edge for edge in moment.edges if edge.kept and edge.operation == operation]
        _draw_edges(figure, mine, operation, COLOURS[operation])
    draw_nodes(figure, moment.architecture)
    name_resolutions(figure, moment.architecture)
    _draw_hover(figure, moment.edges)
    return Chart(figure, moment.words)


def _draw_edges(figure: go.Figure, edges: Sequence[DrawnEdge], name: str, colour: str) -> None:
    """The edges of one colour, a trace per width, one entry in the legend."""
    by_width: dict[int, list[DrawnEdge]] = {}
    for edge in edges:
        by_width.setdefault(round(edge.chance * SHADES), []).append(edge)
    for first, (shade, mine) in enumerate(sorted(by_width.items(), reverse=True)):
        x: list[float | None] = []
        y: list[float | None] = []
        for edge in mine:
            x += [edge.layer, edge.layer + 1, None]
            y += [edge.start, edge.end, None]
        width = THINNEST + (THICKEST - THINNEST) * shade / SHADES
        line = {"color": colour, "width": width}
        figure.add_scatter(
            x=x, y=y, mode="lines", line=line, name=name, legendgroup=name, showlegend=first == 0, hoverinfo="skip"
        )


def _draw_hover(figure: go.Figure, edges: Sequence[DrawnEdge]) -> None:
    """Nothing to see: a third of the way along each edge a pointer reads its numbers."""
    figure.add_scatter(
        x=[edge.layer + 1 / 3 for edge in edges],
        y=[edge.start + (edge.end - edge.start) / 3 for edge in edges],
        customdata=[[e.operation, e.chance, e.share, "kept" if e.kept else "pruned"] for e in edges],
        mode="markers",
        marker={"size": 16, "opacity": 0},
        showlegend=False,
        hovertemplate="%{customdata[0]} (share %{customdata[2]:.0%})<br>active with chance %{customdata[1]:.2f},"
        " %{customdata[3]}<extra></extra>",
    )


def entropy_curves(rows: Sequence[Row], step: int) -> Chart:
    """Entropy of the alphas as a share of its maximum: 1 undecided, 0 decided."""
    figure = _curves(
        rows, {"edge_entropy": "edges", "operation_entropy": "operations"}, "entropy (1 = undecided)", step
    )
    figure.update_yaxes(range=[0, 1.05])
    return Chart(figure, "Entropy of the alphas, as a share of its maximum; it falls as the search decides.")


def ram_curve(rows: Sequence[Row], sigma: float, step: int) -> Chart:
    """The mean sampled network's activation memory beside the budget."""
    figure = _curves(rows, {"ram": "mean sampled network"}, "memory (share of the largest network)", step)
    figure.add_hline(y=sigma, line={"color": MARK, "width": 1.5, "dash": "dash"})
    figure.update_yaxes(range=[0, 1.05])
    return Chart(figure, f"Expected activation memory; the search pulls it to the budget sigma = {sigma:g} (dashed).")


def loss_curves(rows: Sequence[Row], step: int) -> Chart:
    """Training loss of sampled networks, and the loss of the decoded one on the alphas' half."""
    names = {"loss": "sampled networks, weights' half", "validation_loss": "decoded network, alphas' half"}
    figure = _curves(rows, names, "loss (Dice + cross-entropy)", step)
    return Chart(figure, "Loss of the sampled networks, and of the decoded one with the supernet's weights.")


def _curves(rows: Sequence[Row], names: dict[str, str], unit: str, step: int) -> go.Figure:
    figure = empty_figure("steps", unit, 270)
    for (name, words), colour in zip(names.items(), LINES):
        figure.add_scatter(
            x=[row["step"] for row in rows],
            y=[row[name] for row in rows],
            name=words,
            mode="lines+markers" if len(rows) < 30 else "lines",
            line={"color": colour, "width": 2},
            hovertemplate="step %{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.add_vline(x=step, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.update_layout(showlegend=len(names) > 1, legend={"y": -0.34})
    return figure
