"""Measured figures of the advisor and the search lab as tables, with the command for what was not measured yet."""

import streamlit as st

from activedints.loop import advising


def show_figures(*names: str) -> None:
    """The figures of the named benchmarks in one table; a sentence with the command for each that has none."""
    rows = advising.figures(names)
    if rows:
        st.dataframe(rows, hide_index=True, placeholder="–")
        st.caption("Each with its command; a bar that is missed says so.")
    missing = [advising.COMMANDS[name] for name in names if not advising.figures((name,))]
    if missing:
        said = ", ".join(f"`{command}`" for command in missing)
        st.info(f"Not measured yet: {said}.", icon=":material/inbox:")
