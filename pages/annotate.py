"""Annotate: the next case in the viewer, with the model's draft and where it is unsure."""

import streamlit as st

from activedints.loop import worklist
from activedints.ui import frame, jobs, reading

with frame.page("Annotate", needs="reader", bare=True) as here:
    case = reading.chosen_case(here)
    if case is not None:
        reading.draw_case(here, reading.open_case(here, case))
    else:
        frame.headline("Annotate", here)
        if jobs.strip(here):
            st.info(
                "Nothing waits while the model works. The next case opens here by itself.",
                icon=":material/hourglass_empty:",
            )
        else:
            items = worklist.worklist(here.store, here.reader)
            st.success(f"Nothing waits for you. {worklist.why_none_waits(items)}", icon=":material/task_alt:")
        st.page_link("app.py", label="What comes next", icon=":material/home:")
        st.page_link("pages/worklist.py", label="Worklist", icon=":material/format_list_numbered:")
