"""Measured figures of the advisor and the search lab as tables, with the command for what was not measured yet."""

import streamlit as st

from activedints.loop import advising


def show_figures(*names: str) -> None:
    """The figures of the named benchmarks in one table; a sentence with the command for each that has none."""
    rows = advising.figures(names)
    commands = dict.fromkeys(row["command"] for row in rows)
    if len(commands) == 1:
        rows = [{name: value for name, value in row.items() if name != "command"} for row in rows]
    if rows:
        st.dataframe(rows, hide_index=True, placeholder="–")
        st.caption(f"A bar that is missed says so. Measured by {', '.join(f'`{command}`' for command in commands)}.")
    missing = [advising.COMMANDS[name] for name in names if not advising.figures((name,))]
    if missing:
        said = ", ".join(f"`{command}`" for command in missing)
        st.info(f"Not measured yet: {said}.", icon=":material/inbox:")
