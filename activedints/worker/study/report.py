"""A study as one self-contained HTML page: curves with bands, differences, costs, what was queried, the sentences."""

from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

Row = dict[str, Any]
COLOURS = ("#5BA7E8", "#F0A35E", "#3FB68B", "#CC79A7", "#F0E442", "#9AA4B1", "#D55E00", "#56B4E9")
MEAN = "mean over labels"
UNITS = {"volumes": "annotated volumes", "voxels": "annotated voxels", "minutes": "estimated reader minutes"}
STARTS = {"scratch": "random weights", "starter": "the starter where the architecture is its own"}
COLDS = {"random": "drawn at random", "typicality": "the most typical ones"}
REGIMES = {
    "weights-only": "",
    "topology-only": "; a topology-only arm searches its architecture anew each cycle",
    "joint": "; a joint arm searches its architecture anew each cycle and goes on from its last weights while the"
    " architecture stays the same",
}
STYLE = (
    "body{background:#0E1116;color:#E8EBEF;font:15px/1.5 'Source Sans 3',sans-serif;max-width:1100px;margin:2rem auto;"
    "padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .7rem;border-bottom:1px solid"
    " #232930;text-align:right}td:first-child,th:first-child{text-align:left}h2{margin-top:2.5rem}small{color:#9AA4B1}"
)


def write_report(path: Path, summary: dict[str, Any]) -> None:
    """Write the page; it needs no network to be read."""
    parts = []
    script = True
    for unit in ("volumes", "voxels", "minutes"):
        if any(row[unit] is not None for row in summary["bands"]):
            parts.append(_drawn(curve_figure(summary, MEAN, unit), script))
            script = False
    for label in dict.fromkeys(row["label"] for row in summary["bands"]):
        if label != MEAN:
            parts.append(_drawn(curve_figure(summary, label, summary["unit"]), script))
            script = False
    path.write_text(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>Study of {escape(summary['name'])}</title><style>{STYLE}</style></head><body>"
        f"<h1>Study of {escape(summary['name'])}</h1><p>{escape(intro(summary['plan']))}</p>"
        + "".join(f"<p><b>{escape(words)}</b></p>" for words in summary["sentences"])
        + "<h2>Dice against cost</h2>"
        + "".join(parts)
        + "<h2>Area under the budget curve, paired over seeds</h2>"
        + _table(summary["differences"], ("arm", "control", "difference", "low", "high", "n"))
        + "<h2>Does a Score rank the errors?</h2><p>Rank correlation with 1 - mean class Dice over the holdout, and"
        " what is left of it given the log of the true volume. Size alone is minus_log_predicted_ml.</p>"
        + _table(summary["scores"], ("score", "spearman", "partial", "cells", "cases", "warning"))
        + "<h2>Last cycle, Dice per label</h2>"
        + _table(_last(summary["bands"]), ("arm", "label", "dice", "low", "high", "n", "volumes", "voxels", "minutes"))
        + "<h2>What was queried</h2>"
        + _table(summary["queries"], ("arm", "seed", "cycle", "case", "low", "high", "voxels"))
        + f"<p><small>Settings {summary['hash']}; {summary['core_minutes']:.1f} core-minutes, where a cell that"
        " arms share counts for each.</small></p>"
        "</body></html>",
        encoding="utf-8",
    )


def intro(plan: Row) -> str:
    """What was run. Arms may differ in start, regime and cold start: every way that one of them goes is told."""
    starts, regimes, colds = (sorted({arm[what] for arm in plan["arms"]}) for what in ("start", "regime", "cold"))
    sizes = ((len(plan["arms"]), "arm"), (len(plan["seeds"]), "seed"), (plan["cycles"], "cycle"))
    counted = "" if plan["budget_unit"] == "volumes" else f"{plan['budget_unit']} of "
    alike = "the same for all at a seed" if len(colds) == 1 else "at a seed the same for all that draw it alike"
    return (
        f"{' x '.join(_count(*size) for size in sizes)}; initial set of {_count(plan['initial'], 'case')},"
        f" {' or '.join(COLDS[cold] for cold in colds)}, {alike}; then {plan['budget']:g} {counted}{plan['unit']}s"
        f" a cycle; every training takes {plan['steps']} steps from"
        f" {' or '.join(STARTS[start] for start in starts)}{''.join(REGIMES[regime] for regime in regimes)};"
        f" {_count(len(plan['holdout_names']) or plan['holdout'], 'holdout case')} that no decision read."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def curve_figure(summary: dict[str, Any], label: str, unit: str) -> go.Figure:
    """Dice of one label against one cost, a curve and a 95 % bootstrap band over seeds per arm."""
    figure = go.Figure()
    arms = list(dict.fromkeys(row["arm"] for row in summary["bands"]))
    for arm, colour in zip(arms, COLOURS * 8):
        rows = [r for r in summary["bands"] if r["arm"] == arm and r["label"] == label and r[unit] is not None]
        x = [row[unit] for row in rows]
        if rows and all(row["low"] is not None for row in rows):
            edge = [row["high"] for row in rows] + [row["low"] for row in reversed(rows)]
            fill = f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:], 16)},0.15)"
            figure.add_scatter(
                x=x + x[::-1],
                y=edge,
                mode="lines",
                fill="toself",
                fillcolor=fill,
                line_width=0,
                hoverinfo="skip",
                showlegend=False,
            )
        counts = [row["n"] for row in rows]
        figure.add_scatter(
            x=x,
            y=[row["dice"] for row in rows],
            customdata=counts,
            name=arm,
            mode="lines+markers",
            line={"color": colour, "width": 3 if arm == "foreground-random" else 2},
            hovertemplate=f"{escape(arm)}: %{{y:.3f}} at %{{x:.4g}}, %{{customdata}} seeds<extra></extra>",
        )
    figure.update_layout(
        title=f"Dice of {label}: mean over seeds, band = 95 % bootstrap interval",
        xaxis_title=UNITS[unit],
        yaxis_title="Dice (0 to 1)",
        template="plotly_dark",
        paper_bgcolor="#0E1116",
        plot_bgcolor="#0E1116",
        height=430,
    )
    return figure


def _drawn(figure: go.Figure, script: bool) -> str:
    return str(figure.to_html(full_html=False, include_plotlyjs=script))


def _last(bands: list[Row]) -> list[Row]:
    return [row for row in bands if row["cycle"] == max(r["cycle"] for r in bands if r["arm"] == row["arm"])]


def _table(rows: list[Row], columns: tuple[str, ...]) -> str:
    def words(value: Any) -> str:
        if value is None:
            return "–"
        return f"{value:.4g}" if isinstance(value, float) else escape(str(value))

    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{words(row.get(c))}</td>" for c in columns) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
