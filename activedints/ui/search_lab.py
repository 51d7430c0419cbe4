"""The Search algorithms page, tab by tab."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from activedints.loop import advising, search_lab
from activedints.ui import advisor_charts, charts, search_lab_charts
from activedints.ui.here import Here, guarded
from activedints.ui.measured_figures import show_figures

Row = dict[str, Any]


def set_choice(known: Row, key: str, place: Any = st) -> str:
    """A data set of the table."""
    titles = {row["name"]: f"{row['title']} ({row['family']})" for row in known["sets"]}
    chosen: str = place.selectbox("Data set", list(titles), format_func=titles.get, key=key)
    return chosen


def regret_tab(here: Here, known: Row) -> None:
    with st.form("regret", border=False):
        left, middle, right = st.columns([3, 4, 2])
        name = set_choice(known, "regret set", left)
        usual = [a for a in known["algorithms"] if not a.startswith("controller")]
        chosen = middle.multiselect("Algorithms", known["algorithms"], usual)
        budget = right.slider("Cells trained", 5, known["cells"], min(40, known["cells"]))
        asked = st.form_submit_button("Run with 10 seeds", type="primary", icon=":material/play_arrow:")
    if asked:
        _keep(here, "found regrets", lambda: search_lab.regrets(here.store, name, chosen, budget))
    found = st.session_state.get("found regrets")
    if found is None:
        st.info("Nothing was run yet: choose a data set and algorithms.", icon=":material/inbox:")
        return
    charts.show(search_lab_charts.regret(found), key="regret chart")
    form = {name: st.column_config.NumberColumn(format="%.1f") for name in ("regret", "to best tenth", "percentile")}
    st.dataframe(found["ends"], hide_index=True, column_config=form)
    st.caption(
        f"On '{found['set']}', {found['seeds']} seeds. To best tenth: cells trained (median) until one of the "
        "best tenth by validation was met. Percentile: share of measured cells that it beats on test images."
    )
    ceiling = {row["name"]: row["ceiling"] for row in known["sets"]}[found["set"]]
    if ceiling is not None:
        st.caption(f"Single trainings of the same cells on this set agree to a Spearman of {ceiling:.2f}.")


def mdenas_tab(here: Here, known: Row) -> None:
    with st.form("mdenas", border=False):
        left, right = st.columns([4, 1])
        name = set_choice(known, "mdenas set", left)
        seed = right.number_input("Seed", 0, 9_999, 0, key="mdenas seed")
        asked = st.form_submit_button("Learn the distribution", type="primary", icon=":material/play_arrow:")
    if asked:
        _keep(here, "found mdenas", lambda: search_lab.multinomials(here.store, name, int(seed)))
    st.fragment(_mdenas)()
    show_figures("mdenas")


@guarded
def _mdenas() -> None:
    found = st.session_state.get("found mdenas")
    if found is None:
        return
    last = len(found["p"])
    at = st.slider("Round", 1, last, last, key=f"round of {last}")
    charts.show(search_lab_charts.shares(found["p"][at - 1], f"Probabilities after round {at}"), key="multinomials")
    _found(found)


def darts_tab(here: Here, known: Row) -> None:
    with st.form("darts", border=False):
        left, middle, right = st.columns([4, 1, 1])
        name = set_choice(known, "darts set", left)
        order = middle.selectbox(
            "Order", [1, 2], help="The second looks one step of the weights ahead, and costs thrice"
        )
        seed = right.number_input("Seed", 0, 9_999, 0, key="darts seed")
        asked = st.form_submit_button("Search by gradient", type="primary", icon=":material/play_arrow:")
    if asked:
        _live(here, "found darts", lambda hear: search_lab.darts(here.store, name, order, int(seed), hear))
    found = st.session_state.get("found darts")
    if found is not None:
        left, right = st.columns([3, 2])
        with left:
            charts.show(
                search_lab_charts.shares(found["shares"][-1], "Shares of the supernet at the end"), key="darts shares"
            )
        with right:
            charts.show(search_lab_charts.entropy(found["steps"], found["entropy"]), key="darts entropy")
        _found(found)
    show_figures("darts")


def lpt_tab(here: Here, known: Row) -> None:
    with st.form("lpt", border=False):
        left, right = st.columns([4, 1])
        name = set_choice(known, "lpt set", left)
        seed = right.number_input("Seed", 0, 9_999, 0, key="lpt seed")
        asked = st.form_submit_button("Learn by passing tests", type="primary", icon=":material/play_arrow:")
    if asked:
        _live(here, "found lpt", lambda hear: search_lab.lpt(here.store, name, int(seed), hear))
    found = st.session_state.get("found lpt")
    if found is not None:
        charts.show(search_lab_charts.difficulty(found["rounds"]), key="difficulty")
        st.image(
            advisor_charts.sheet([row["pictures"] for row in found["rounds"]]),
            caption="The hardest images of the test, one row a round: the kind of case that is worth annotating.",
        )
        shown = ("round", "difficulty", "test_loss", "bank_loss", "learner", "tester")
        st.dataframe([{k: round(row[k], 2) for k in shown} for row in found["rounds"]], hide_index=True)
        st.caption("Learner and tester: validation accuracy in %. First-order terms only, see docs/advisor.md.")
        _found(found)
    show_figures("lpt")


def shape_tab(here: Here, known: Row) -> None:
    left, right = st.columns(2)
    with left:
        st.dataframe(known["shapes"], hide_index=True)
        st.caption(
            "Width (c: channels of the cell) and depth (edges) of published cells, ours and as Shu et al. give them."
        )
    with right, st.form("shape", border=False):
        text = st.text_input(
            "A cell", "0 1, 0 1, 1 0, 0 2", help="What each node reads (0 and 1: the cell's inputs), or |op~0|+|...|"
        )
        if st.form_submit_button("Measure", icon=":material/straighten:"):
            here.do(lambda: f"Width and depth: {search_lab.shape(here.store, text)}.")
    told = advising.details("cell-shape")
    if told:
        charts.show(search_lab_charts.shapes(told), key="shapes")
    show_figures("cell-shape")


def figures_tab() -> None:
    show_figures("search-lab", "transfer", "mdenas", "darts", "lpt", "cell-shape", "naswot")


def _found(found: Row) -> None:
    """What a search found, by the measured cell that stands for it."""
    if found["cell"] is None:
        st.markdown("It found a cell that lets nothing through.")
        return
    stands = (
        "was measured itself" if not found["apart"] else f"is stood for by one that differs on {found['apart']} edge(s)"
    )
    st.markdown(
        f"The cell it found {stands}: `{found['cell']}`, test accuracy {found['accuracy']:.1f} %, regret "
        f"{found['regret']:.1f} points, better than {found['percentile']:.0f} % of the measured cells."
    )


def _keep(here: Here, key: str, ask: Callable[[], Row]) -> None:
    """Run something and keep it in the session; a refusal becomes its sentence."""

    def command() -> str:
        with st.spinner("Running; the first time takes some seconds."):
            st.session_state[key] = ask()
        return "Done."

    here.do(command)


def _live(here: Here, key: str, ask: Callable[[search_lab.Hear], Row]) -> None:
    bar = st.progress(0.0, "Starting")
    _keep(here, key, lambda: ask(lambda share, words: bar.progress(min(share, 1.0), words) and None))
