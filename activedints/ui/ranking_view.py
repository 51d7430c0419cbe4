"""One live ranking on the screen: its figures, what it predicts, what it costs, the best, the worst, what is next."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from activedints.core.ranking import RankSettings
from activedints.loop import rankings
from activedints.ui import charts, ranking_charts
from activedints.ui.cell_graph import cell_graph
from activedints.ui.here import Here
from activedints.ui.ranking_charts import column_words

Row = dict[str, Any]
NUMBERS = ("predicted", "low", "high", "measured", "reported")


def headline(view: Row) -> None:
    """Which ranking this is, and its figures on architectures that were not trained."""
    found, unit = view["figures"], view["reported"]["unit"]
    shown = {
        "Spearman": (found["spearman"], "{:.3f}"),
        "Kendall": (found["kendall"], "{:.3f}"),
        "R²": (found["r2"], "{:.3f}"),
        f"Mean error ({view['target']['unit']})": (found["mae"], "{:.2f}"),
        f"Regret, best predicted ({unit})": (found["top1_regret"], "{:.2f}"),
        f"Regret, best of ten ({unit})": (found["top10_regret"], "{:.2f}"),
        "In the 90 % interval": (found["coverage"], "{:.0%}"),
        "Fit and rank": (found["seconds"], "{:.2f} s"),
    }
    with st.container(horizontal=True):
        for label, (value, form) in shown.items():
            st.metric(label, "none" if value is None else form.format(value), width="content")
    st.caption(
        f"{view['benchmark']}, {view['dataset']}: {view['train_size']} of {view['pool']:,} architectures are trained. "
        f"Learns from: {column_words(view['target'])}; chosen by: {column_words(view['selection'])}; "
        f"reported, and chooses nothing: {column_words(view['reported'])}. {view['licence']}."
    )


def prediction(view: Row) -> None:
    charts.show(ranking_charts.predicted_against_measured(view), key="scatter")


def cost_choice(options: Row) -> str:
    """Which cost the front is drawn over: parameters, FLOPs, or the latency or energy on a device."""
    return st.selectbox("Cost, or latency on a device", options["costs"], format_func=cost_words, key="cost")


def cost(view: Row, column: str) -> None:
    """The Pareto front over the chosen cost or device."""
    charts.show(ranking_charts.accuracy_against_cost(view, column), key="front")


def cost_words(column: str) -> str:
    """
    >>> cost_words("lat_pixel3_mobile_cpu"), cost_words("params")
    ('latency pixel3 mobile cpu', 'params')
    """
    return column.removeprefix("hw_").replace("lat_", "latency ", 1).replace("_", " ")


def best(here: Here, view: Row, settings: RankSettings) -> None:
    """The top of the ranking, the drawn cell of one of them, and the downloads."""
    _listed(view["top"], "best", "Best predicted first. Choose a row to see its cell.", view["reported"]["unit"])
    with st.container(horizontal=True):
        st.download_button(
            "All architectures as CSV",
            partial(rankings.ranking_csv, view),
            "ranking.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Model as JSON",
            partial(rankings.model_text, here.store, settings),
            "ranking-model.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
            help="Trained architectures, accuracies and features: the same model is fitted again from it. No pickle.",
        )


def worst(view: Row) -> None:
    """What would convince me otherwise: the largest errors among architectures that were not trained."""
    words = (
        "Where this ranking is most wrong, largest error first, among the architectures that were not trained. "
        "If yours looks like one of these, train it instead of believing the prediction."
    )
    _listed(view["worst"], "worst", words, view["reported"]["unit"])


def proposals(here: Here, settings: RankSettings) -> None:
    """Iterative mode: the next architectures to train after those that are."""
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    count = left.slider("Next to train", 1, 10, 3, key="next")
    rows = rankings.propose(here.store, settings, count)
    right.caption(
        "By expected improvement of a Gaussian process over the best of those trained, each proposal taken for true "
        "before the next is made. Measured values are shown because this benchmark has them; nothing here reads them."
    )
    _listed(rows, "next", "In the order in which to train them. Choose a row to see its cell.", "")


def _listed(rows: Sequence[Row], key: str, words: str, unit: str) -> None:
    """A table of architectures, and the cell of the chosen one."""
    left, right = st.columns([5, 3])
    with left:
        st.caption(words)
        scored = ("naswot",) if rows and "naswot" in rows[0] else ()
        shown = [{name: row[name] for name in ("rank", *NUMBERS, *scored, "trained", "architecture")} for row in rows]
        form = {name: st.column_config.NumberColumn(format="%.2f") for name in (*NUMBERS, "naswot")}
        chosen = st.dataframe(
            shown,
            hide_index=True,
            column_config=form,
            on_select="rerun",
            selection_mode="single-row",
            key=f"rows {key}",
        )
    picked = chosen.selection.rows
    row = rows[picked[0] if picked and picked[0] < len(rows) else 0]
    with right:
        st.markdown(f"**Cell of rank {row['rank']}**")
        charts.show(cell_graph(row["edges"], row["vertices"]), key=f"cell {key}")
