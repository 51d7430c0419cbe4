"""The controls of the Architecture ranking page; what they say is one RankSettings, and a link carries it."""

from typing import Any

import streamlit as st

from activedints.core.ranking import RankSettings
from activedints.loop import rankings
from activedints.ui.here import Here

Row = dict[str, Any]
FAST = "gaussian process"
"""What the page starts with: it redraws at once. The study measures the slower default beside it."""
GROUP_WORDS = {
    "six": "the published six",
    "topology": "topology",
    "ways": "ways through the cell",
    "order": "order of operations",
    "shape": "width and depth",
    "cost": "parameters and FLOPs",
    "own": "the table's own",
    "proxies": "zero-cost proxies",
}
POOL_WORDS = {"all": "all architectures", "live": "without dead branches"}


def controls(here: Here) -> tuple[Row, RankSettings]:
    """Draw every control; the options that there are (those of the pool among them), and what is asked."""
    first, second, third = st.columns([3, 2, 2])
    benchmark = _benchmark(here, first)
    options = rankings.options(here.store, benchmark)
    dataset = second.selectbox("Data set", options["chosen"][0]["datasets"], key="dataset", bind="query-params")
    pools = [row["pool"] for row in options["chosen"]]
    pool = third.selectbox("Pool", pools, format_func=POOL_WORDS.get, key="pool", bind="query-params")
    row = options["chosen"][pools.index(pool)]
    groups = row["groups"][dataset]
    usual = [group for group in options["training_free"] if group in groups]
    features = st.pills(
        "Meta-features", groups, selection_mode="multi", default=usual, format_func=GROUP_WORDS.get, key="features"
    )
    names = options["regressors"]
    first, second, third, fourth = st.columns([4, 2, 2, 1.4])
    regressor = second.selectbox(
        "Regressor",
        names,
        names.index(FAST),
        format_func=lambda name: f"{name} (default, some seconds)" if name == options["default"] else name,
        key="regressor",
        bind="query-params",
    )
    design = third.selectbox("The trained ones are chosen", options["designs"], key="design", bind="query-params")
    sizes = row["sizes"]
    size = first.select_slider(
        "Trained architectures (N)", sizes, min(172, sizes[-1]) if 172 in sizes else sizes[-1], key=f"n of {sizes[-1]}"
    )
    seed = fourth.number_input("Seed", 0, 9_999, 0, key="seed")
    asked = {"benchmark": benchmark, "pool": pool, "dataset": dataset, "regressor": regressor, "design": design}
    return options | row, RankSettings(**asked, features=tuple(features), train_size=size, seed=int(seed))


def _benchmark(here: Here, column: Any) -> str:
    names = ["digits", "nasbench201", "nasbench101"]
    said = column.selectbox(
        "Benchmark",
        names,
        accept_new_options=True,
        help="Or type the path of a table of your own (.csv or .parquet beside its .json; see docs/ranking.md).",
        key="benchmark",
        bind="query-params",
    )
    return str(said or names[0])


def tables_form(here: Here) -> None:
    """Where the tables lie, and how to get them."""
    with st.expander("Where benchmark tables are read from"):
        st.markdown(
            "The digits benchmark ships with the project. `activedints data get nasbench201` downloads NAS-Bench-201's "
            "public files (5.5 MB, MIT licence) into the folder below; complete tables in another folder serve as well."
        )
        with st.form("tables", border=False):
            folder = st.text_input("Folder", str(rankings.tables_folder(here.store)))
            if st.form_submit_button("Use this folder", icon=":material/folder_open:"):
                here.do(rankings.use_tables, here.store, folder)
