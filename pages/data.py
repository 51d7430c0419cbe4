"""Data: which cases there are and where they come from; import, simulate and export."""

import streamlit as st

from activedints.loop import intake, running, views
from activedints.ui import frame, jobs
from activedints.ui.here import Here

LABELS = {"none": "none: readers draw them all", "fixed": "of holdout and calibration cases", "all": "of every case"}


def import_form(here: Here) -> None:
    """Cases from a folder of this machine; nothing is written unless everything is right."""
    with st.form("import", border=True):
        st.subheader("Import", anchor=False)
        st.caption("Files are read where they lie on this machine and copied into the workspace.")
        typed = {
            "path": st.text_input("Folder or file", placeholder="/data/my_scans"),
            "format": st.selectbox("Layout", list(intake.LAYOUTS), format_func=intake.LAYOUTS.get),
            "channels": st.text_area("Channels, one NAME=PATTERN a line", placeholder="FLAIR=*flair.nii.gz", height=96),
            "labels": st.selectbox("Label files that count as annotations", list(LABELS), format_func=LABELS.get),
        }
        left, right = st.columns(2)
        typed["holdout"] = left.number_input("Holdout cases", 0, 1000, 0, help="For reporting only")
        typed["calibration"] = right.number_input("Calibration cases", 0, 1000, 0, help="For thresholds and verdicts")
        typed["reference"] = st.text_input("Resample differing channels to the grid of", placeholder="T1gd")
        typed["register"] = st.checkbox("Move channels rigidly onto it first", help="Only where their grids differ")
        typed["skip_bad"] = st.checkbox("Leave unusable cases out instead of refusing all")
        if st.form_submit_button("Import", type="primary", icon=":material/download:"):
            bar = st.progress(0.0, "Looking at the files")
            here.do(intake.take_in, here.store, typed, jobs.onto(bar))


def simulate_form(here: Here) -> None:
    """Simulated cases, to see the product at work without data of one's own."""
    with st.form("simulate", border=True):
        st.subheader("Simulate", anchor=False)
        st.caption("Brains, tumours and scanner faults made by a program; called simulated on every screen.")
        left, right = st.columns(2)
        cases = left.number_input("Cases", 1, running.MOST_SIMULATED, 24)
        seed = right.number_input("Seed", 0, 999_999, 0)
        holdout = left.number_input("Holdout cases among them", 0, 200, 4)
        calibration = right.number_input("Calibration cases among them", 0, 200, 4)
        if st.form_submit_button("Simulate", icon=":material/science:"):
            here.do(running.simulate, here.store, cases, seed, holdout, calibration)


def export_form(here: Here) -> None:
    """Annotations with their readers, drafts and heat maps, into a folder of this machine."""
    with st.form("export", border=True):
        st.subheader("Export", anchor=False)
        st.caption("Annotations with reader, time and version, drafts and heat maps, each on its scan's own grid.")
        folder = st.text_input("Empty or new folder", placeholder="/data/my_annotations")
        layout = st.selectbox("Layout", list(intake.OUTPUTS), format_func=intake.OUTPUTS.get)
        if st.form_submit_button("Export", icon=":material/upload:"):
            bar = st.progress(0.0, "Writing")
            here.do(intake.bring_out, here.store, folder, layout, jobs.onto(bar))


with frame.page("Data", needs="nothing") as here:
    rows = views.case_table(here.store)
    jobs.strip(here)
    if rows:
        chosen = st.dataframe(
            rows,
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key="cases",
            column_config={"id": None, "brain mask": st.column_config.TextColumn(width="medium")},
        )
        st.caption(f"{len(rows)} cases of the active experiment. A case's own grid is kept from import to export.")
        for row in chosen.selection.rows:
            address = {"case": str(rows[row]["id"]), "reader": here.reader}
            words = f"Open {rows[row]['case']}"
            st.page_link("pages/annotate.py", label=words, icon=":material/brush:", query_params=address)
    else:
        st.info("There is no case yet. Import scans of your own, or simulate some.", icon=":material/inbox:")
    left, right = st.columns(2)
    with left:
        import_form(here)
    with right:
        export_form(here)
        simulate_form(here)
