"""The Data-set advisor on the screen: choosing images, the advice for them, and how far to believe it."""

from typing import Any

import streamlit as st

from activedints.loop import advising
from activedints.ui import advisor_charts, charts
from activedints.ui.cell_graph import cell_graph
from activedints.ui.here import Here
from activedints.ui.measured_figures import show_figures

Row = dict[str, Any]
ADVICE = "advice"
SOURCES = {"known": "A data set of the table", "scans": "My own scans", "folder": "A folder of images"}


def source_form(here: Here, known: list[Row]) -> None:
    """Which images; the advice stays in the session."""
    source = (
        st.segmented_control("Images", list(SOURCES), default="known", format_func=SOURCES.get, key="source") or "known"
    )
    with st.form("advise", border=False):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        if source == "known":
            titles = {row["name"]: f"{row['title']} ({row['family']})" for row in known}
            what = left.selectbox("Data set", list(titles), format_func=titles.get)
        elif source == "scans":
            what = left.selectbox("What tells the classes apart", list(advising.SCANS), format_func=advising.SCANS.get)
        else:
            what = left.text_input("Folder on the worker's machine, one folder a class", placeholder="/data/my-images")
        if right.form_submit_button("Advise", type="primary", icon=":material/lightbulb:", width="stretch"):
            here.do(_advise, here, source, what or "", st.empty())


def _advise(here: Here, source: str, what: str, place: Any) -> str:
    found = advising.advise(here.store, source, what, lambda words: place.caption(f"{words} ..."))
    st.session_state[ADVICE] = found
    return f"{found['number']} cells generated and ranked for '{found['name']}' in {found['seconds']:.1f} CPU s."


def advice() -> Row | None:
    """The last advice of this session."""
    found: Row | None = st.session_state.get(ADVICE)
    return found


def show_advice(here: Here, found: Row) -> None:
    """Figures, pictures, nearest data sets, generated cells, leaning."""
    with st.container(horizontal=True):
        st.metric("Data set", found["name"], width="content")
        st.metric("Classes", found["classes"], width="content")
        st.metric("Images", found["images"], width="content")
        for what in ("valid", "unique"):
            raw = f"Of the generated cells; plain sampling from the same decoder gives {found[f'raw_{what}']:.1%}"
            st.metric(what.title(), f"{found[what]:.0%}", width="content", help=raw)
        st.metric("CPU seconds", f"{found['seconds']:.1f}", width="content")
    if found["known"]:
        st.caption(
            "This set was in the advisor's own training: believe the figures for held-out families, not this one."
        )
    left, right = st.columns([2, 3])
    with left:
        st.image(advisor_charts.by_class(found["pictures"]), caption="Four images of each class, one column a class.")
    with right:
        st.markdown("**Nearest known data sets**")
        rows = [
            {k: row[k] for k in ("title", "family", "distance")} | {"best there": row["best"][0]}
            for row in found["nearest"]
        ]
        st.dataframe(rows, hide_index=True, column_config={"distance": st.column_config.NumberColumn(format="%.2f")})
        st.caption(
            "By what the predictor sees of a set; 1 is the usual distance of two known ones. Best: by validation."
        )
    _cells(found)
    left, right = st.columns(2)
    with left:
        charts.show(advisor_charts.generated(found), key="generated")
    with right:
        charts.show(advisor_charts.leaning(found), key="leaning")
        told = advising.leaning_of(found)
        st.markdown(
            f"For the Search page: skips {told['skip']:+.2f}, full 3-D kernels {told['full']:+.2f} (logits), "
            f"sigma {told['sigma']:.2f}. A start, not a decision."
        )
        if st.button("Hand to the Search page", icon=":material/arrow_forward:"):
            here.do(advising.hand_over, here.store, told)


def _cells(found: Row) -> None:
    """The table of best predicted cells, and the chosen one drawn."""
    left, right = st.columns([5, 3])
    form = {n: st.column_config.NumberColumn(format="%.1f") for n in ("predicted", "deviation", "parameters", "width")}
    shown = ("rank", "predicted", "deviation", "mean_elsewhere", "parameters", "width", "depth", "cell")
    with left:
        st.markdown("**Best predicted cells**")
        chosen = st.dataframe(
            [{name: row[name] for name in shown} for row in found["cells"]],
            hide_index=True,
            column_config=form | {"mean_elsewhere": st.column_config.NumberColumn("elsewhere", format="%.0f")},
            on_select="rerun",
            selection_mode="single-row",
            key="advised cells",
        )
        st.caption(
            "Predicted accuracy in %, its deviation over members and draws. Elsewhere: how many measured cells the "
            "nearest measured one beats on known sets, in %: the architecture-mean baseline. Weights in thousands."
        )
    picked = chosen.selection.rows
    row = found["cells"][picked[0] if picked and picked[0] < len(found["cells"]) else 0]
    with right:
        st.markdown(f"**Cell of rank {row['rank']}**")
        charts.show(cell_graph(row["edges"], 4), key="advised cell")


def show_belief() -> None:
    """Held-out figures beside their baselines, the leaning's effect, Fisher distances, the published table."""
    st.subheader("How far to believe it", anchor=False)
    tabs = ["Held-out families", "Leaning on the simulated cohort", "Fisher distances", "Published by MetaD2A"]
    held, leaning, fisher, published = st.tabs(tabs)
    with held:
        show_figures("metad2a")
        told = advising.details("metad2a")
        if told:
            charts.show(advisor_charts.by_set(told), key="by set")
            st.markdown(told["verdict"])
    with leaning:
        show_figures("leaning")
        told = advising.details("leaning")
        if told:
            charts.show(advisor_charts.preferred(told), key="preferred")
    with fisher:
        _fisher()
    with published:
        st.dataframe(list(advising.PUBLISHED), hide_index=True)
        st.caption(
            "Quoted from the authors (Lee et al., ICLR 2021), on NAS-Bench-201 at full size; none is ours. Their CIFAR "
            "figures are the best test accuracy among thirty cells, a choice by test accuracy that is not made here."
        )


def _fisher() -> None:
    found = advising.fisher()
    if found is None:
        st.info("Not measured yet: `activedints bench fisher`.", icon=":material/inbox:")
        return
    form = st.segmented_control("Form", ["Frechet", "log-det"], default="Frechet", key="form") or "Frechet"
    charts.show(advisor_charts.distances(found, form), key="fisher")
    name = st.selectbox("Nearest to", found["names"], key="near")
    st.dataframe(advising.neighbours(name, form), hide_index=True)
    show_figures("fisher")
