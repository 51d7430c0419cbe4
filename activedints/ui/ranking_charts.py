"""Charts of the Architecture ranking page, from the plain rows that ``activedints.nas.rank.study`` describes."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from activedints.ui.charts import ACCENT, LINES, MARK, QUIET, TEXT, Chart, Row, empty_figure

View = dict[str, Any]

NAMES = {
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "r2": "R²",
    "spearman": "Spearman, unseen architectures",
    "kendall": "Kendall, unseen architectures",
    "spearman_reported": "Spearman with the reported accuracy",
    "kendall_reported": "Kendall with the reported accuracy",
    "top1_regret": "regret, best predicted",
    "top10_regret": "regret, best of ten by validation",
    "top1_selection_regret": "validation regret, best predicted",
    "top10_selection_regret": "validation regret, best of ten",
    "coverage": "share inside the 90 % interval",
    "seconds": "seconds to fit and rank",
}
"""What the figures are called on the screen."""

SEARCHES = {"predictor": "with the ranking", "evolution": "regularised evolution", "random": "random search"}
DOTS, BEST_DOTS = 3_000, 200
"""About how many dots a cloud has, and how many of the best predicted are always among them."""


def predicted_against_measured(view: View) -> Chart:
    """One dot an architecture; dashed: prediction and measurement agree; dotted: the ten best by each of the two."""
    points, unit = view["points"], view["target"]["unit"]
    figure = empty_figure(f"predicted accuracy ({unit})", f"measured: {column_words(view['target'])}", 420)
    shown = _shown(points["trained"])
    for trained, name, colour, size in ((False, "not trained", ACCENT, 4), (True, "trained", MARK, 6)):
        rows = [i for i in shown if points["trained"][i] is trained]
        figure.add_trace(
            go.Scattergl(
                x=[points["predicted"][i] for i in rows],
                y=[points["measured"][i] for i in rows],
                customdata=[_about(points, i) for i in rows],
                name=name,
                mode="markers",
                marker={"size": size, "color": colour, "opacity": 0.55 if not trained else 1},
                hovertemplate="%{customdata[0]}<br>predicted %{x:.2f} (%{customdata[1]} to %{customdata[2]}), "
                "measured %{y:.2f}<br>rank %{customdata[3]} predicted, %{customdata[4]} measured<extra></extra>",
            )
        )
    low, high = min(points["measured"]), max(points["measured"])
    dash = {"color": QUIET, "dash": "dash", "width": 1}
    figure.add_shape(type="line", x0=low, y0=low, x1=high, y1=high, line=dash)
    figure.add_vline(_tenth(points["predicted"]), line={"color": QUIET, "dash": "dot", "width": 1})
    figure.add_hline(_tenth(points["measured"]), line={"color": QUIET, "dash": "dot", "width": 1})
    said = view["figures"]
    agreed = (
        "no order" if said["spearman"] is None else f"Spearman {said['spearman']:.3f}, Kendall {said['kendall']:.3f}"
    )
    return Chart(
        figure,
        f"{view['train_size']} trained architectures rank {view['pool']:,}: {agreed} on those not trained. Dotted: "
        f"the ten best by prediction (right of it) and by measurement (above it).{_left_out(shown, view)}",
    )


def accuracy_against_cost(view: View, cost: str) -> Chart:
    """The Pareto front of predicted accuracy over one cost column, on all architectures."""
    points, unit = view["points"], view["costs"][cost]
    shown = _shown(points["trained"])
    figure = empty_figure(f"{cost.replace('_', ' ')} ({unit})", f"predicted accuracy ({view['target']['unit']})", 360)
    figure.add_trace(
        go.Scattergl(
            x=[points[cost][i] for i in shown],
            y=[points["predicted"][i] for i in shown],
            name="architectures",
            mode="markers",
            marker={"size": 3, "color": ACCENT, "opacity": 0.35},
            hoverinfo="skip",
        )
    )
    front = view["fronts"][cost]
    figure.add_scatter(
        x=[points[cost][i] for i in front],
        y=[points["predicted"][i] for i in front],
        customdata=[[points["architecture"][i], points["measured"][i]] for i in front],
        name="front",
        mode="lines+markers",
        line={"color": MARK, "width": 2, "shape": "hv"},
        hovertemplate="%{customdata[0]}<br>predicted %{y:.2f}, measured %{customdata[1]:.2f}<extra>%{x:.3g}</extra>",
    )
    return Chart(
        figure,
        f"{len(front)} architectures on the front: nothing cheaper is predicted to be better.{_left_out(shown, view)}",
    )


NO_BETTER = (
    "That is **no better than chance**: the measured architectures do not say which others are good, and what is "
    "advised here is as good as any that the memory holds."
)


def candidates_against_memory(found: View) -> Chart:
    """Predicted Dice of DiNTS candidates over their memory, with the 90 % interval of those advised."""
    points, advised = found["points"], found["advised"]
    figure = empty_figure("activations of one patch (MB, counted)", "predicted Dice (0 to 1)", 340)
    figure.add_scatter(
        x=points["activation_megabytes"],
        y=points["predicted"],
        text=points["name"],
        name="candidates",
        mode="markers",
        marker={"size": 5, "color": ACCENT, "opacity": 0.5},
        hovertemplate="%{text}: %{y:.3f}, %{x:.0f} MB<extra></extra>",
    )
    figure.add_scatter(
        x=[row["activation_megabytes"] for row in advised],
        y=[row["predicted"] for row in advised],
        text=[row["name"] for row in advised],
        error_y=_bars([row["predicted"] for row in advised], [row["high"] for row in advised], MARK),
        name="advised",
        mode="markers",
        marker={"size": 10, "color": MARK},
        hovertemplate="%{text}: %{y:.3f}, %{x:.0f} MB<extra></extra>",
    )
    verdict = "" if found["better_than_chance"] else NO_BETTER
    ceiling = "" if found["ceiling"] is None else f" (two trainings of the same ones agree to {found['ceiling']:.2f})"
    return Chart(
        figure,
        f"Predicted from {found['n']} measured architectures, whose left-out Dice is ranked to Spearman "
        f"{found['spearman']:.2f}{ceiling}. {verdict}",
    )


def learning_curve(summary: Sequence[Row], what: str) -> Chart:
    """One figure over the number of trained architectures, a line per regressor with its 95 % interval over seeds."""
    mine = [row for row in summary if row["what"] == what]
    figure = empty_figure("trained architectures", NAMES[what], 320)
    for name, colour in zip(dict.fromkeys(row["regressor"] for row in mine), LINES * 4):
        rows = sorted((row for row in mine if row["regressor"] == name), key=lambda row: row["train_size"])
        figure.add_scatter(
            x=[row["train_size"] for row in rows],
            y=[row["mean"] for row in rows],
            error_y=_bars([row["mean"] for row in rows], [row["high"] for row in rows], colour),
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            hovertemplate="%{x} architectures: %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    seeds = max((row["n"] for row in mine), default=0)
    return Chart(figure, f"{NAMES[what]}, mean and 95 % interval over {seeds} choices of the trained architectures.")


def importance_bars(importance: Sequence[Row], shown: int = 12) -> Chart:
    """The features on which the ranking leans most; longest bar first."""
    rows = list(importance[:shown])[::-1]
    figure = empty_figure("loss of Spearman when shuffled", "", 60 + 26 * len(rows))
    figure.add_bar(
        x=[row["drop"] for row in rows],
        y=[row["feature"] for row in rows],
        orientation="h",
        error_x={"type": "data", "array": [row["deviation"] for row in rows], "color": QUIET, "thickness": 1},
        marker_color=ACCENT,
        customdata=[[row["meaning"]] for row in rows],
        hovertemplate="%{customdata[0]}<br>%{x:.3f}<extra></extra>",
    )
    figure.update_layout(showlegend=False)
    return Chart(figure, "How much worse architectures that were not trained are ranked without each feature.")


def dependence_curve(curve: Row, unit: str) -> Chart:
    """Predicted accuracy as one feature changes and all others stay; the band holds eight architectures of ten."""
    figure = empty_figure(f"{curve['feature']} ({curve['unit']})", f"predicted accuracy ({unit})", 240)
    around = curve["grid"] + curve["grid"][::-1]
    band = curve["high"] + curve["low"][::-1]
    figure.add_scatter(x=around, y=band, fill="toself", mode="none", fillcolor="rgba(91,167,232,0.2)", hoverinfo="skip")
    line = {"color": ACCENT, "width": 3}
    figure.add_scatter(
        x=curve["grid"], y=curve["mean"], mode="lines+markers", line=line, hovertemplate="%{y:.2f}<extra></extra>"
    )
    figure.update_layout(showlegend=False)
    return Chart(figure, curve["meaning"])


def search_curves(searches: Sequence[Row], unit: str) -> Chart:
    """Regret of the architecture that would be kept, after each trained architecture, by way of searching."""
    figure = empty_figure("trained architectures", f"regret ({unit} below the best of the pool)", 340)
    for (strategy, name), colour in zip(SEARCHES.items(), (MARK, ACCENT, QUIET)):
        rows = [row for row in searches if row["strategy"] == strategy]
        figure.add_scatter(
            x=[row["query"] for row in rows],
            y=[row["regret"] for row in rows],
            name=name,
            mode="lines",
            line={"color": colour, "width": 3 if strategy == "predictor" else 2},
            hovertemplate="%{x} trained: %{y:.2f}<extra>%{fullData.name}</extra>",
        )
    figure.update_yaxes(rangemode="tozero")
    last = {row["strategy"]: row["regret"] for row in searches}
    ended = ", ".join(f"{SEARCHES[strategy]} {regret:.2f}" for strategy, regret in last.items())
    return Chart(figure, f"Mean over {searches[-1]['n']} searches; at the end: {ended}. Test accuracy decides nothing.")


def protocol_bars(protocols: Sequence[Row], unit: str) -> Chart:
    """The published protocol (best test accuracy among K) beside the honest one (best validation accuracy among K)."""
    figure = empty_figure("K best predicted that are trained", f"accuracy of the one kept ({unit})", 300)
    for key, name, colour in (
        ("published_accuracy", "published: chosen by test accuracy", QUIET),
        ("honest_accuracy", "honest: chosen by validation accuracy", MARK),
    ):
        figure.add_bar(
            x=[str(row["top"]) for row in protocols],
            y=[row[key] for row in protocols],
            name=name,
            marker_color=colour,
            hovertemplate="K = %{x}: %{y:.2f}<extra>%{fullData.name}</extra>",
        )
    best = protocols[0]["best_in_pool"]
    values = [row[key] for row in protocols for key in ("published_accuracy", "honest_accuracy")]
    figure.add_hline(best, line={"color": TEXT, "dash": "dash", "width": 1})
    figure.update_xaxes(type="category")
    reach = max(best - min(values), 1e-9)
    figure.update_yaxes(range=[min(values) - 0.3 * reach, best + 0.1 * reach])
    return Chart(
        figure,
        "Whoever chooses by the accuracy that is then reported finds the best of the pool (dashed) once K is large "
        "enough, whatever the predictor; nobody can choose that way in practice.",
    )


def _about(points: dict[str, list], i: int) -> list:
    low, high = f"{points['low'][i]:.2f}", f"{points['high'][i]:.2f}"
    return [points["architecture"][i], low, high, points["rank_predicted"][i], points["rank_measured"][i]]


def _shown(trained: Sequence[bool]) -> list[int]:
    """Positions that a cloud of dots is made of: all, or the trained ones, the best and every k-th of a large pool."""
    if len(trained) <= DOTS:
        return list(range(len(trained)))
    step = -(-len(trained) // DOTS)
    return [i for i, learned in enumerate(trained) if learned or i < BEST_DOTS or i % step == 0]


def _left_out(shown: Sequence[int], view: View) -> str:
    pool = len(view["points"]["trained"])
    return "" if len(shown) == pool else f" {len(shown):,} of {pool:,} dots are drawn, the figures are of all."


def _tenth(values: Sequence[float]) -> float:
    """The tenth largest value (the smallest of shorter lists)."""
    return sorted(values, reverse=True)[: min(10, len(values))][-1]


def _bars(mean: list[float], high: list[float | None], colour: str) -> dict[str, Any]:
    reach = [0.0 if top is None else top - middle for middle, top in zip(mean, high)]
    return {"type": "data", "array": reach, "color": colour, "thickness": 1}


def column_words(said: Row) -> str:
    """A column as a person says it: what it measures, after how many epochs, in which unit."""
    epochs = f" after {said['epochs']} epochs" if said["epochs"] else ""
    return f"{said['what']} accuracy{epochs} ({said['unit']})"
