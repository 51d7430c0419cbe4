"""The durable ranking study on the screen: asking for it, and what the newest one found over seeds, sizes and why."""

from math import sqrt
from typing import Any

import streamlit as st

from activedints.core.ranking import RankSettings
from activedints.loop import rankings
from activedints.loop.studies import Found
from activedints.ui import charts, ranking_charts
from activedints.ui.here import Here
from activedints.ui.ranking_charts import NAMES
from activedints.ui.words import when

Row = dict[str, Any]
COMPARED = ("stack", "gaussian process", "random forest")
SUMMARY = {
    "regressor": "regressor",
    "train_size": "trained",
    "mean": "mean",
    "low": "95 % from",
    "high": "95 % to",
    "n": "n (seeds)",
}
PROTOCOLS = {
    "top": "K",
    "published_accuracy": "published: chosen by test",
    "honest_accuracy": "honest: chosen by validation",
    "best_in_pool": "best of the pool",
}


def study_form(here: Here, options: Row, settings: RankSettings) -> None:
    """Ask for a study of the benchmark, data set, pool, features and design that are chosen above."""
    with st.form("study", border=True):
        st.markdown("**Measure this over seeds, and explain it**")
        st.caption("A job: it runs beside everything else, and its figures stay. Settings above hold; N is its own.")
        first, second, third, fourth = st.columns([3, 4, 2, 2])
        sizes = first.multiselect("Trained architectures (N)", options["sizes"], [settings.train_size])
        names = second.multiselect("Regressors", options["regressors"], list(COMPARED))
        seeds = third.number_input("Seeds", 1, 30, 10)
        queries = fourth.selectbox("Simulated searches", (0, 50, 100), 1, format_func=_searches)
        if st.form_submit_button("Measure", icon=":material/play_arrow:", type="primary"):
            here.do(rankings.study_of, here.store, settings, sizes, names, int(seeds), queries)


def _searches(queries: int) -> str:
    return f"{queries} trained each" if queries else "none"


def _told(found: Found | None) -> Found | None:
    """Says whose figures these are (a study keeps its settings, whatever the controls say), or that there are none."""
    if found is None:
        st.info("No study was measured yet: the form below starts one.", icon=":material/inbox:")
        return None
    view, settings = found.rows["view"], found.rows["settings"]
    st.caption(
        f"Job {found.job.id}, {when(found.job.finished_at)}: {view['benchmark']}, {view['dataset']}, "
        f"{view['pool']:,} architectures; meta-features: {', '.join(view['features'])}; trained ones chosen by "
        f"{view['design']}; {settings['seeds']} seeds."
    )
    return found


def over_seeds(found: Found | None) -> None:
    """Figures over seeds and train sizes, and the two protocols."""
    if _told(found) is None:
        return
    rows = found.rows["summary"]
    ceiling = found.rows["ceiling"]
    names = [name for name in NAMES if any(row["what"] == name for row in rows)]
    what = st.selectbox("Figure", names, names.index("spearman"), format_func=NAMES.get, key="figure")
    left, right = st.columns(2)
    with left:
        charts.show(ranking_charts.learning_curve(rows, what), key="learning curve")
        if ceiling is not None:
            st.caption(
                f"Two trainings of the same architectures agree to Spearman {ceiling:.3f}; a perfect prediction would "
                f"agree with one of them to about {sqrt(ceiling):.3f}."
            )
    with right:
        protocols = found.rows["view"]["protocols"]
        charts.show(ranking_charts.protocol_bars(protocols, found.rows["view"]["reported"]["unit"]), key="protocols")
    shown = [{"figure": NAMES[row["what"]], **{said: row[k] for k, said in SUMMARY.items()}} for row in rows]
    st.dataframe(shown, hide_index=True, height=260)
    st.caption("The two protocols for the first seed: accuracy of the one kept among the K best predicted.")
    st.dataframe([{said: row[k] for k, said in PROTOCOLS.items()} for row in protocols], hide_index=True)


def why(found: Found | None) -> None:
    """Permutation importance and partial dependence of the meta-features."""
    if _told(found) is None:
        return
    left, right = st.columns(2)
    with left:
        charts.show(ranking_charts.importance_bars(found.rows["importance"]), key="importance")
    with right:
        charts.show(ranking_charts.importance_bars(found.rows["groups"]), key="groups")
    st.markdown("**What the prediction makes of the most important ones**")
    unit, columns = found.rows["view"]["target"]["unit"], st.columns(3)
    for place, curve in enumerate(found.rows["dependence"]):
        with columns[place % len(columns)]:
            charts.show(ranking_charts.dependence_curve(curve, unit), key=f"dependence {place}")
    with st.expander("All meta-features, with unit and meaning"):
        st.dataframe(found.rows["features"], hide_index=True)


def searched(found: Found | None) -> None:
    """Regret per query, beside random search and regularised evolution."""
    if _told(found) is None:
        return
    if found.rows["searches"]:
        unit = found.rows["view"]["reported"]["unit"]
        charts.show(ranking_charts.search_curves(found.rows["searches"], unit), key="searches")
    else:
        st.caption("The newest study simulated no searches; choose 50 or 100 trained architectures in its form.")
