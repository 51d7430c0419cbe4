"""Figures of what may be believed: reliability, risk against coverage, the forecast, a study's curves."""

from collections.abc import Sequence

from activedints.ui.charts import ACCENT, LINES, MARK, QUIET, TEXT, Chart, Row, empty_figure
from activedints.ui.colours import label_colours
from activedints.ui.words import count

UNITS = {"volumes": "annotated volumes", "voxels": "annotated voxels", "minutes": "estimated reader minutes"}


def reliability(rows: Sequence[Row], labels: Sequence[str]) -> Chart:
    """``rows``: label, probability, share, voxels; a curve per label and the diagonal of a calibrated model."""
    figure = empty_figure("predicted probability", "share of voxels that are it", 320)
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": QUIET, "dash": "dot"}, name="calibrated")
    for label, colour in label_colours(list(labels)).items():
        mine = [row for row in rows if row["label"] == label]
        figure.add_scatter(
            x=[row["probability"] for row in mine],
            y=[row["share"] for row in mine],
            customdata=[row["voxels"] for row in mine],
            name=label,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            hovertemplate=f"{label}: predicted %{{x:.2f}}, true %{{y:.2f}}<br>%{{customdata}} voxels<extra></extra>",
        )
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(range=[0, 1])
    words = (
        "Reliability on the holdout (after the temperature, if one is fitted), bins of equal mass: on the dotted line"
    )
    return Chart(figure, f"{words} a probability is what it says.")


def risk(rows: Sequence[Row]) -> Chart:
    """``rows``: coverage, risk."""
    figure = empty_figure("share of voxels, surest first", "share of them that is wrong", 320)
    figure.add_scatter(
        x=[row["coverage"] for row in rows],
        y=[row["risk"] for row in rows],
        mode="lines+markers",
        line={"color": ACCENT, "width": 3},
        hovertemplate="surest %{x:.0%}: %{y:.2%} wrong<extra></extra>",
    )
    figure.update_yaxes(rangemode="tozero")
    return Chart(
        figure, "Errors among the voxels that the model is surest of, on the holdout: flat, then steep is good."
    )


def forecast(curve: Sequence[Row], ahead: Sequence[Row], sentence: str) -> Chart:
    """``curve``: cases, dice; ``ahead``: cases, dice, low, high."""
    figure = empty_figure("annotated cases", "mean class Dice (0 to 1)", 320)
    if ahead:
        x = [row["cases"] for row in ahead]
        edge = [row["high"] for row in ahead] + [row["low"] for row in reversed(ahead)]
        figure.add_scatter(
            x=x + x[::-1],
            y=edge,
            mode="lines",
            fill="toself",
            fillcolor="rgba(240,163,94,0.18)",
            line={"width": 0},
            hoverinfo="skip",
            name="95 % interval",
        )
        figure.add_scatter(
            x=x,
            y=[row["dice"] for row in ahead],
            mode="lines+markers",
            line={"color": MARK, "dash": "dash"},
            name="forecast",
            hovertemplate="%{x} cases: %{y:.3f}<extra></extra>",
        )
    figure.add_scatter(
        x=[row["cases"] for row in curve],
        y=[row["dice"] for row in curve],
        mode="lines+markers",
        line={"color": TEXT, "width": 3},
        name="measured",
        hovertemplate="%{x} cases: %{y:.3f}<extra></extra>",
    )
    figure.update_yaxes(range=[0, 1])
    return Chart(figure, sentence)


def study(rows: Sequence[Row], unit: str, sentence: str) -> Chart:
    """``rows``: arm, the cost ``unit``, dice, low, high, n; a curve and a band per arm."""
    figure = empty_figure(UNITS[unit], "mean class Dice on the holdout (0 to 1)", 360)
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    for arm, colour in zip(arms, LINES * 8):
        mine = [row for row in rows if row["arm"] == arm]
        if all(row["low"] is not None for row in mine):
            red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
            x = [row[unit] for row in mine]
            figure.add_scatter(
                x=x + x[::-1],
                y=[row["high"] for row in mine] + [row["low"] for row in reversed(mine)],
                mode="lines",
                fill="toself",
                fillcolor=f"rgba({red},{green},{blue},0.12)",
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        figure.add_scatter(
            x=[row[unit] for row in mine],
            y=[row["dice"] for row in mine],
            customdata=[row["n"] for row in mine],
            name=arm,
            mode="lines+markers",
            line={"color": colour, "width": 3 if arm == "foreground-random" else 2},
            hovertemplate=f"{arm}: %{{y:.3f}}, n = %{{customdata}} seeds<extra></extra>",
        )
    seeds = max((row["n"] for row in rows), default=0)
    return Chart(figure, f"{sentence} Means over up to {count(seeds, 'seed')}, bands are 95 % bootstrap intervals.")
