"""Figures from plain rows: dark, quiet, axes with units, and one sentence each that says what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from activedints.core.metrics import ANY_FOREGROUND
from activedints.loop.progress import words_for
from activedints.ui.colours import label_colours
from activedints.ui.words import count

Row = dict[str, Any]

TEXT, QUIET, GRID, ACCENT, MARK = "#E8EBEF", "#9AA4B1", "#232930", "#5BA7E8", "#F0A35E"
LINES = (ACCENT, MARK, "#3FB68B", "#CC79A7", "#F0E442")
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


@dataclass(frozen=True)
class Chart:
    """A figure and the one sentence that says what it shows."""

    figure: go.Figure
    sentence: str


def show(chart: Chart, key: str) -> None:
    """Draw a chart with its sentence below; a screen reader gets the sentence too."""
    st.plotly_chart(chart.figure, theme=None, key=key, config=CONFIG, alt=chart.sentence)
    st.caption(chart.sentence)


def empty_figure(x: str, y: str, height: int = 300) -> go.Figure:
    """Axes with their units in the house's style, and nothing in them; the y axis is named above it, to be read."""
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "tickcolor": GRID, "automargin": True}
    small = {"size": 13, "color": QUIET}
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 12, "t": 34, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": TEXT, "family": "Source Sans, sans-serif", "size": 13},
        title={"text": y, "font": small, "x": 0, "xanchor": "left", "y": 0.99, "yanchor": "top", "pad": {"l": 4}},
        hoverlabel={"bgcolor": "#161A20", "bordercolor": GRID, "font_color": TEXT},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0, "font_color": TEXT},
        xaxis={"title": {"text": x, "font": small, "standoff": 6}, "tickfont": small, **axis},
        yaxis={"tickfont": small, **axis},
        barcornerradius=3,
    )
    return figure


def _line(figure: go.Figure, rows: Sequence[Row], y: str, n: str, name: str, **line: Any) -> None:
    """One curve over cycles; every point tells its n."""
    present = [row for row in rows if row[y] is not None]
    figure.add_scatter(
        x=[row["cycle"] for row in present],
        y=[row[y] for row in present],
        customdata=[[row[n], row["labelled"]] for row in present],
        name=name,
        mode="lines+markers",
        line=line,
        marker={"size": 7},
        hovertemplate=f"{name}: %{{y:.3f}}<br>n = %{{customdata[0]}}, %{{customdata[1]}} labelled<extra></extra>",
    )
    figure.update_xaxes(tickmode="array", tickvals=sorted({row["cycle"] for row in rows}))


QUANTITIES = {
    "dice": ("Dice (0 to 1)", "Mean Dice over the holdout cases that define it; higher is better"),
    "hd95_mm": (
        "surface distance, 95th percentile (mm)",
        "Mean 95 % Hausdorff distance on the holdout; lower is better",
    ),
    "assd_mm": ("mean surface distance (mm)", "Mean symmetric surface distance on the holdout; lower is better"),
    "false_positive_ml": ("false positive volume (mL)", "Mean volume marked where there is nothing; lower is better"),
}


def label_curves(rows: Sequence[Row], labels: Sequence[str], quantity: str) -> Chart:
    """``rows``: cycle, labelled, label, the mean ``quantity`` (or None) and 'QUANTITY n'; a curve per label."""
    unit, sentence = QUANTITIES[quantity]
    figure = empty_figure("cycle", unit, 340)
    for label, colour in {**label_colours(list(labels)), ANY_FOREGROUND: TEXT}.items():
        mine = [row for row in rows if row["label"] == label]
        width = 3.5 if label == ANY_FOREGROUND else 2
        _line(figure, mine, quantity, f"{quantity} n", label, color=colour, width=width)
    figure.update_yaxes(range=[0, 1] if quantity == "dice" else None, rangemode="tozero")
    last = [row for row in rows if row["cycle"] == max(row["cycle"] for row in rows)]
    counts = ", ".join(f"{row['label']} {row[f'{quantity} n']}" for row in last)
    return Chart(figure, f"{sentence}. Cases behind the last point: {counts}.")


def mean_uncertainty(rows: Sequence[Row], score: str) -> Chart:
    """``rows``: cycle, score, mean, n; drawn for one ``score``."""
    mine = [row for row in rows if row["score"] == score]
    figure = empty_figure("cycle", words_for(score))
    _line(figure, mine, "mean", "n", "mean over the pool", color=ACCENT, width=3)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(rangemode="tozero")
    return Chart(
        figure, f"Mean Score of the cases still in the pool, per cycle ({count(mine[-1]['n'], 'case')} at the end)."
    )


def score_histogram(rows: Sequence[Row], score: str) -> Chart:
    """``rows``: case, queried, and the Scores; how one Score is spread, and which cases were asked for."""
    figure = empty_figure(words_for(score), "cases")
    highest = max((row[score] for row in rows), default=0.0) or 1.0
    bins = {"start": 0.0, "end": highest * 1.1, "size": highest / 20}
    for queried, name, colour in ((False, "stayed in the pool", ACCENT), (True, "queried next", MARK)):
        values = [row[score] for row in rows if row["queried"] is queried]
        figure.add_histogram(x=values, name=name, marker_color=colour, xbins=bins)
    figure.update_layout(barmode="stack", bargap=0.08)
    figure.update_xaxes(range=[0.0, highest * 1.1])
    figure.update_yaxes(dtick=1 if len(rows) < 12 else None)
    asked = sum(row["queried"] for row in rows)
    words = f"Spread of the Score over {count(len(rows), 'case')} of the pool; the {asked} queried next are bright."
    return Chart(figure, words)


def reading_times(rows: Sequence[Row]) -> Chart:
    """``rows``: case, reader, minutes, in the order of submission."""
    figure = empty_figure("annotations in the order of submission", "reader's time (min)")
    for reader, colour in zip(dict.fromkeys(row["reader"] for row in rows), LINES * 8):
        mine = [(index + 1, row) for index, row in enumerate(rows) if row["reader"] == reader]
        figure.add_bar(
            x=[index for index, _ in mine],
            y=[row["minutes"] for _, row in mine],
            customdata=[f"{row['case']}, version {row['version']}" for _, row in mine],
            name=reader,
            width=0.6,
            marker_color=colour,
            hovertemplate=f"{reader}: %{{y:.1f}} min<br>%{{customdata}}<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(dtick=1 if len(rows) < 20 else None, range=[0.4, max(len(rows), 10) + 0.6])
    return Chart(
        figure, f"Active time of a person on {count(len(rows), 'annotation')}; imports and simulations left out."
    )


def anchoring(rows: Sequence[Row], sentence: str) -> Chart:
    """``rows``: case, minutes, blind, agreement with the draft; a point per annotation that could be compared."""
    figure = empty_figure("reader's time (min)", "agreement with the model's draft (Dice)")
    kinds = ((False, "read with the draft", ACCENT, "circle"), (True, "read without it", MARK, "diamond"))
    for blind, name, colour, symbol in kinds:
        mine = [row for row in rows if row["blind"] is blind and row["agreement with the draft"] is not None]
        figure.add_scatter(
            x=[row["minutes"] for row in mine],
            y=[row["agreement with the draft"] for row in mine],
            customdata=[f"{row['case']}, version {row['version']}" for row in mine],
            mode="markers",
            name=f"{name} (n {len(mine)})",
            marker={"color": colour, "symbol": symbol, "size": 10},
            hovertemplate="%{customdata}<br>Dice %{y:.2f}, %{x:.1f} min<extra></extra>",
        )
    figure.update_layout(showlegend=True)
    figure.update_yaxes(range=[-0.02, 1.02])
    figure.update_xaxes(rangemode="tozero")
    return Chart(figure, sentence)


def training_curves(curves: dict[str, list[tuple[float, float]]]) -> Chart:
    """A job's own numbers: name -> [(share of the work in %, value)]; losses alone where there are some."""
    losses = {name: points for name, points in curves.items() if "loss" in name} or curves
    figure = empty_figure("done (%)", ", ".join(losses).replace("_", " "), 220)
    for (name, points), colour in zip(losses.items(), LINES * 4):
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            name=name.replace("_", " "),
            mode="lines",
            line={"color": colour, "width": 2},
            hovertemplate="%{y:.4f}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(showlegend=len(losses) > 1)
    figure.update_xaxes(range=[0, 100])
    return Chart(figure, "The loss that the job reported so far; it should fall and level out.")
