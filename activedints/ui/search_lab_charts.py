"""Charts of the Search algorithms page: regret with bands, shares of operations, entropy, difficulty of tests."""

from collections.abc import Sequence
from typing import Any

from activedints.ui.charts import ACCENT, LINES, MARK, Chart, Row, empty_figure

OPERATIONS = ("none", "skip", "1 x 1", "3 x 3", "pooling")
EDGES = ("0 to 1", "0 to 2", "1 to 2", "0 to 3", "1 to 3", "2 to 3")
HUES = ("#9AA4B1", "#F0E442", "#5BA7E8", "#D55E00", "#3FB68B")


def regret(found: Row) -> Chart:
    """Mean regret per evaluation with its 95 % band over seeds."""
    figure = empty_figure("cells trained", "regret in test accuracy (points)", 380)
    names = list(dict.fromkeys(row["algorithm"] for row in found["curves"]))
    for name, colour in zip(names, LINES * 2):
        rows = [row for row in found["curves"] if row["algorithm"] == name]
        x = [row["evaluation"] for row in rows]
        band = [row["high"] for row in rows] + [row["low"] for row in reversed(rows)]
        shade = f"rgba{(*(int(colour[k : k + 2], 16) for k in (1, 3, 5)), 0.15)}"
        figure.add_scatter(
            x=x + x[::-1], y=band, fill="toself", fillcolor=shade, line={"width": 0}, showlegend=False, hoverinfo="skip"
        )
        figure.add_scatter(
            x=x,
            y=[row["regret"] for row in rows],
            name=name,
            mode="lines",
            line={"color": colour, "width": 2},
            hovertemplate="%{x} trained: %{y:.2f} points<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_yaxes(rangemode="tozero")
    return Chart(
        figure,
        f"Points of test accuracy below the best measured cell ({found['best']:.1f} %), of the cell that is best by "
        f"validation so far: mean of {found['seeds']} seeds and 95 % band. Selection never sees test accuracy.",
    )


def shares(rows: Sequence[Sequence[float]], what: str) -> Chart:
    """Stacked bars: one an edge, its probability or share of each operation."""
    figure = empty_figure("edge of the cell", "share (0 to 1)", 320)
    for place, (operation, colour) in enumerate(zip(OPERATIONS, HUES)):
        figure.add_bar(
            x=list(EDGES),
            y=[row[place] for row in rows],
            name=operation,
            marker_color=colour,
            hovertemplate="%{x}, " + operation + ": %{y:.3f}<extra></extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True)
    figure.update_yaxes(range=[0, 1.001])
    return Chart(figure, f"{what}: on every edge the shares sum to 1.")


def entropy(steps: Sequence[int], values: Sequence[float]) -> Chart:
    """Mean entropy of the shares over the steps of a search by gradient."""
    figure = empty_figure("step", "mean entropy of the shares (nats)", 260)
    figure.add_scatter(x=list(steps), y=list(values), mode="lines+markers", line={"color": ACCENT, "width": 2})
    return Chart(figure, f"Entropy falls from {values[0]:.2f} to {values[-1]:.2f}; 1.61 is five equal shares.")


def difficulty(rounds: Sequence[Row]) -> Chart:
    """How much harder the test is than the bank it is made from."""
    figure = empty_figure("round", "learner's loss (nats)", 260)
    x = [row["round"] for row in rounds]
    for key, name, colour in (("test_loss", "on the test", MARK), ("bank_loss", "on the whole bank", ACCENT)):
        y = [row[key] for row in rounds]
        figure.add_scatter(x=x, y=y, name=name, mode="lines+markers", line={"color": colour, "width": 2})
    figure.update_layout(showlegend=True)
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(rangemode="tozero")
    times = ", ".join(f"{row['difficulty']:.2f}" for row in rounds)
    return Chart(figure, f"The test is {times} times as hard as the bank, round by round.")


def shapes(details: dict[str, Any]) -> Chart:
    """Cells of different shape: training loss early and accuracy at the end, over depth."""
    rows = details["shapes"]
    figure = empty_figure("depth of the cell (edges)", "mean training loss after epoch 2 (nats)", 300)
    for seed in sorted({row["seed"] for row in rows}):
        mine = [row for row in rows if row["seed"] == seed]
        figure.add_scatter(
            x=[row["depth"] for row in mine],
            y=[row["loss"] for row in mine],
            text=[f"{row['cell']}: width {row['width']:g}c, test {row['test']:.1f} %" for row in mine],
            name=f"seed {seed}",
            mode="markers",
            marker={"size": 9, "color": LINES[seed % len(LINES)]},
            hovertemplate="%{text}<br>loss %{y:.3f}<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    return Chart(figure, details["sentence"])
