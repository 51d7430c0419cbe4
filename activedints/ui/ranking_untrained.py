"""NASWOT on the ranking page: what an untrained network's rectifiers say, beside what is predicted and measured."""

import plotly.graph_objects as go
import streamlit as st

from activedints.ui import charts
from activedints.ui.charts import ACCENT, MARK, Chart, Row, empty_figure


def score_against_measured(view: Row) -> Chart:
    """One dot an architecture: its NASWOT score and its reported accuracy."""
    points = view["points"]
    figure = empty_figure("NASWOT score (log determinant)", f"reported accuracy ({view['reported']['unit']})", 420)
    there = [k for k, score in enumerate(points["naswot"]) if score is not None]
    step = max(1, len(there) // 3000)
    for trained, name, colour in ((False, "not trained", ACCENT), (True, "trained", MARK)):
        rows = [k for k in there if points["trained"][k] is trained]
        rows = rows if trained else rows[::step]
        figure.add_trace(
            go.Scattergl(
                x=[points["naswot"][k] for k in rows],
                y=[points["reported"][k] for k in rows],
                text=[points["architecture"][k] for k in rows],
                name=name,
                mode="markers",
                marker={"size": 5, "color": colour, "opacity": 0.6},
                hovertemplate="%{text}<br>score %{x:.1f}, accuracy %{y:.2f}<extra></extra>",
            )
        )
    figure.update_layout(showlegend=True)
    told = view["naswot"]
    return Chart(
        figure,
        f"Kendall of the untrained score with the reported accuracy {_number(told['kendall'])}, of the prediction from "
        f"{view['train_size']} trained architectures {_number(told['kendall_predicted'])} "
        f"(n = {told['n']:,}, not trained).",
    )


def untrained(view: Row) -> None:
    """The tab: scatter and agreement, or where scores come from."""
    if view["naswot"] is None:
        st.info(
            "This benchmark has no NASWOT scores for its data set; `activedints proxy` computes them for the cells of "
            "our own table.",
            icon=":material/inbox:",
        )
        return
    charts.show(score_against_measured(view), key="untrained")
    st.caption(
        "NASWOT (Mellor et al., ICML 2021) looks at an untrained network and at no label. It is a prior and no law: "
        "on small networks that are trained briefly it can say nothing (docs/figures.md)."
    )


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
