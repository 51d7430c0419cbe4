"""The forms of the Search page: estimate and start a search, import an architecture, train a baseline."""

from typing import Any

import streamlit as st

from activedints.core.search_space import CHOICES, SPACES
from activedints.loop import advising, baselines, networks, searching
from activedints.loop.searches import SearchOrder
from activedints.ui import charts
from activedints.ui.here import Here, guarded
from activedints.ui.search_story import FIGURES, take_architecture
from activedints.ui.topology import draw_topology

SIZES = {"auto": "auto: what this machine affords"} | {space.name: f"{space.name}: {space.words}" for space in SPACES}


def start_form(here: Here, able: bool) -> None:
    """What a search may cost, an estimate of it, and its start."""
    with st.form("search", border=True):
        st.subheader("Start a search", anchor=False)
        left, right = st.columns(2)
        seconds = left.number_input("Seconds", 10, 604_800, 600, step=60)
        sigma = right.number_input(
            "Memory budget sigma", 0.05, 1.0, 0.5, step=0.05, help="Share of the largest network's activation memory"
        )
        space = st.selectbox("Search space", CHOICES, format_func=SIZES.get)
        go_on = st.checkbox("Refine the alphas of the last search", True, help="Where it was in the same space")
        lean = lean_box(here)
        with st.container(horizontal=True):
            wanted = st.form_submit_button("Estimate", icon=":material/calculate:")
            started = st.form_submit_button(
                "Start the search", type="primary", icon=":material/play_arrow:", disabled=not able
            )
        st.caption(
            "It runs in the worker, can be stopped and resumed, and changes no experiment by itself between turns."
        )
    if started:
        order = SearchOrder(seconds=float(seconds), space=space, sigma=float(sigma), go_on=go_on, lean=lean)
        here.do(searching.start, here.store, order)
    if wanted:
        _draw_estimate(here, float(seconds))


def lean_box(here: Here) -> dict[str, Any] | None:
    """Whether to start from what the data-set advisor handed over, where it did."""
    told = advising.leaning(here.store)
    if told is None:
        return None
    words = (
        f"Skips {told['skip']:+.2f}, full 3-D kernels {told['full']:+.2f}; sigma {told['sigma']:.2f} is advised. "
        "Logits of the alphas at the start. Where alphas are refined, this does nothing."
    )
    return told if st.checkbox(f"Start from the advice for '{told['from']}'", help=words) else None


@guarded
def _draw_estimate(here: Here, seconds: float) -> None:
    with st.spinner("Timing this machine"):
        rows = searching.estimate(here.store, seconds)
    st.dataframe(rows, hide_index=True, column_config={"megabytes": FIGURES, "seconds_per_step": FIGURES})
    st.caption(
        f"What {seconds:.0f} s would buy in each space on the worker's machine: memory of learning in MB, seconds a"
        " step, steps. 'auto' takes the largest that fits."
    )


def import_form(here: Here) -> None:
    """An architecture from a file: JSON, or the torch files of MONAI and NVIDIA through the worker's safe reader."""
    with st.container(border=True):
        st.subheader("Import an architecture", anchor=False)
        file = st.file_uploader("JSON, or a published arch_code file", ["json", "pth", "pt"], max_upload_size=1)
        st.caption("A .pth file is opened by the worker alone, with a reader that can make nothing but numbers.")
        if file is not None:
            _draw_imported(here, file.name, file.getvalue(), file.file_id)


@guarded
def _draw_imported(here: Here, name: str, content: bytes, file_id: str) -> None:
    key = f"architecture of {file_id}"
    if key not in st.session_state:
        st.session_state[key] = searching.read_architecture(here.store, name, content)
    architecture = st.session_state[key]
    edges = networks.edges_of(architecture)
    charts.show(draw_topology(architecture, edges), key=f"drawing of {file_id}")
    take_architecture(here, architecture, key=file_id)


def draw_comparison(here: Here, able: bool) -> None:
    """The newest model beside baselines of the same budget."""
    found = baselines.comparison(here.store)
    st.subheader("Beside a baseline of the same budget", anchor=False)
    if found.model is None:
        st.info("No model was trained yet, so there is nothing to compare.", icon=":material/inbox:")
        return
    if found.rows:
        names = ("Dice, labels", "Dice, any foreground", "GFLOPs a patch", "peak MB", "seconds a volume")
        shown = dict.fromkeys(names, FIGURES) | {"parameters": st.column_config.NumberColumn(format="localized")}
        st.dataframe(list(found.rows), hide_index=True, placeholder="–", column_config=shown)
        for words in found.verdicts:
            st.markdown(words)
        st.caption(
            "Same cases, same seconds, same holdout; the baseline starts from random weights. Peak: one training step."
        )
    else:
        st.info(
            "A searched network is only worth what a plain one of the same budget does not reach: no baseline was"
            f" trained like model {found.model} yet.",
            icon=":material/balance:",
        )
    with st.container(horizontal=True):
        for network in baselines.BASELINES:
            if st.button(f"Train {network}", icon=":material/play_arrow:", disabled=not able, key=f"compare {network}"):
                here.do(baselines.train_baseline, here.store, network)
