"""Charts of the few-shot page: accuracy step by step, and the shares of the operations."""

from collections.abc import Sequence

from activedints.core.cell import NODES, OPERATIONS
from activedints.loop.few_shot import Adapted, CellView
from activedints.ui.charts import ACCENT, LINES, QUIET, Chart, empty_figure

SHADES = [[0.0, "#12161B"], [1.0, ACCENT]]
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
        x=["<br>".join(name.rsplit(" ", 1)) for name in OPERATIONS],
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
