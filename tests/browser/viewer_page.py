"""A page with nothing but the viewer, for the browser tests: `?case=N` opens folder N of the scans."""

import json
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import streamlit as st

from activedints.core.cycle import DIFFICULTIES
from activedints.core.errors import NotFound
from activedints.ui.viewer import Spot, ViewerAnswer, ViewerEvent, ViewerInput, ViewerQuestion, viewer

st.set_page_config(layout="wide")
root = Path(os.environ["ACTIVEDINTS_TEST_SCANS"])
case = st.session_state.get("case") or int(st.query_params.get("case", 0))
folder = root / str(case)
about = json.loads((folder / "about.json").read_text())


def heard(event: ViewerEvent) -> str:
    """Write what came back beside the case, on the scan's own affine."""
    if event.array is not None:
        scan = nib.load(folder / f"{about['channels'][0]}.nii.gz")
        temporary = folder / "writing.nii.gz"
        nib.save(nib.Nifti1Image(event.array, scan.affine), temporary)
        temporary.replace(folder / f"{event.kind}.nii.gz")
    with (folder / "events.jsonl").open("a") as log:
        line = {
            "regions": event.regions,
            "kind": event.kind,
            "number": event.number,
            "seconds": event.seconds,
            "reason": event.reason,
            "difficulty": event.difficulty,
        }
        log.write(json.dumps(line) + "\n")
    if event.kind != "draft":
        st.session_state["case"] = about.get("next", case)
    return f"{event.kind} {event.number} stored"


def asked(question: ViewerQuestion) -> ViewerAnswer:
    """Answers that a test can foresee: a scribble grows by 3 voxels to the right, a box is all label 2."""
    if question.do == "map":
        return ViewerAnswer("", map=folder / "other.nii.gz")
    if question.do == "prepare":
        return ViewerAnswer("")
    if about.get("no_worker"):
        raise NotFound("No worker answers; start one with `activedints worker`.")
    label = question.label.copy()
    if question.do == "predict":
        return ViewerAnswer("Predicted again", np.full_like(label, 2))
    grown = question.scribble == 1
    for _ in range(3):
        grown[1:] |= grown[:-1]
    label[grown] = question.value
    return ViewerAnswer("Refined", label)


start = folder / ("draft.nii.gz" if (folder / "draft.nii.gz").exists() else "label.nii.gz")
heat = folder / "heat.nii.gz"
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
viewer(
    ViewerInput(
        case_id=case,
        title=about["title"],
        channels=[(name, folder / f"{name}.nii.gz") for name in about["channels"]],
        labels=[(value, name) for value, name in about["labels"]],
        segmentation=start if start.exists() else None,
        uncertainty=heat if heat.exists() else None,
        spots=[Spot(tuple(s["mm"]), s["mL"], s["score"], s["text"]) for s in about.get("spots", [])],
        notes=about.get("notes", ""),
        read_only=about.get("read_only", False),
        versions=[(name, folder / f"{name}.nii.gz") for name in about.get("versions", [])],
        regions=[(tuple(lo), tuple(hi)) for lo, hi in about.get("regions", [])],
        seconds=about.get("seconds", 0.0),
        rules=[(inner, outer) for inner, outer in about.get("rules", [])],
        verdict=about.get("verdict", ""),
        maps=[("entropy", "Entropy"), ("variance", "Variance")],
        label_maps=("entropy",),
        difficulties=DIFFICULTIES,
        help=("refine", "predict"),
    ),
    "viewer",
    heard,
    cache=root / "cache",
    on_question=asked,
)
st.text(f"page runs: {st.session_state['runs']}")
