"""A DiNTS architecture as a drawing: a node per resolution and layer, an edge per active operation."""

from collections.abc import Sequence

import plotly.graph_objects as go

from activedints.core.architecture import OPERATIONS, Architecture
from activedints.loop.networks import Edge
from activedints.ui.charts import GRID, QUIET, TEXT, Chart, empty_figure

COLOURS = dict(zip(OPERATIONS, ("#9AA4B1", "#5BA7E8", "#3FB68B", "#F0A35E", "#CC79A7")))
DASHES = dict(zip(OPERATIONS, ("dot", "solid", "solid", "solid", "solid")))


def resolution_name(depth: int) -> str:
    """
    >>> resolution_name(0), resolution_name(2)
    ('full', '1/4')
    """
    return "full" if depth == 0 else f"1/{2**depth}"


def draw_topology(architecture: Architecture, edges: Sequence[Edge]) -> Chart:
    """Left to right through the layers, the finest resolution on top; colour = operation."""
    figure = empty_figure("layer", "resolution", 130 + 70 * architecture.depths)
    for operation in OPERATIONS:
        mine = [edge for edge in edges if edge.operation == operation]
        if mine:
            _draw_edges(figure, mine, operation)
    draw_nodes(figure, architecture)
    name_resolutions(figure, architecture)
    sentence = (
        f"The {len(edges)} active edges of '{architecture.name}', layer by layer; a node is a resolution,"
        " bright where the network passes through it."
    )
    return Chart(figure, sentence)


def name_resolutions(figure: go.Figure, architecture: Architecture) -> None:
    """Layers from left to right, resolutions from the finest down."""
    shift = 1 if architecture.use_downsample else 0
    names = [resolution_name(depth + shift) for depth in range(architecture.depths)]
    figure.update_yaxes(tickvals=list(range(architecture.depths)), ticktext=names, autorange="reversed", showgrid=False)
    figure.update_xaxes(dtick=1, showgrid=False)


def _draw_edges(figure: go.Figure, edges: Sequence[Edge], operation: str) -> None:
    x: list[float | None] = []
    y: list[float | None] = []
    for edge in edges:
        x += [edge.layer, edge.layer + 1, None]
        y += [edge.start, edge.end, None]
    figure.add_scatter(
        x=x,
        y=y,
        name=operation,
        mode="lines",
        line={"color": COLOURS[operation], "width": 3, "dash": DASHES[operation]},
        hoverinfo="skip",
    )


def draw_nodes(figure: go.Figure, architecture: Architecture) -> None:
    """A node per resolution between layers, bright where the network passes through it."""
    nodes = [(layer, depth, on) for layer, row in enumerate(architecture.node_a) for depth, on in enumerate(row)]
    figure.add_scatter(
        x=[layer for layer, _, _ in nodes],
        y=[depth for _, depth, _ in nodes],
        mode="markers",
        showlegend=False,
        marker={
            "size": 14,
            "color": [TEXT if on else GRID for _, _, on in nodes],
            "line": {"color": QUIET, "width": 1},
        },
        hovertemplate="after layer %{x}<extra></extra>",
    )
