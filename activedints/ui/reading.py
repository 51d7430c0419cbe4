"""The reader's desk: which case is open, what the viewer gets of it, and where its events go."""

import os
import secrets
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from activedints.core.cycle import DIFFICULTIES
from activedints.core.errors import NotFound
from activedints.core.place import whereabouts
from activedints.loop import assisting, opening, reading, worklist
from activedints.loop.reading import OpenCase, Submission
from activedints.ui.here import Here, guarded
from activedints.ui.viewer import Spot, ViewerAnswer, ViewerEvent, ViewerInput, ViewerQuestion, viewer

RENEW_SECONDS = 20.0


def chosen_case(here: Here) -> int | None:
    """The case in the address, else the next one that waits; None if none does."""
    asked = st.query_params.get("case")
    if asked is None:
        return worklist.next_case(here.store, here.reader)
    if not asked.isdecimal():
        raise NotFound(f"The address asks for case '{asked}', which is no case number; open one from the worklist.")
    return int(asked)


def open_case(here: Here, case_id: int) -> OpenCase:
    """The case as it was when this reader opened it: an autosave must not change the viewer under the reader's hand."""
    opened: OpenCase | None = st.session_state.get("opened")
    mine = opened is not None and (opened.case_id, opened.experiment) == (case_id, here.standing.experiment)
    if opened is None or not mine or here.arrived or st.session_state.get("opened by") != here.reader:
        opened = reading.open_case(here.store, case_id, here.reader, tab())
        following = worklist.next_case(here.store, here.reader, after=case_id)
        ahead = reading.preview(here.store, following, here.reader) if following else None
        st.session_state["opened"], st.session_state["ahead"] = opened, ahead
        st.session_state["opened by"] = here.reader
    st.query_params["case"] = str(case_id)
    return opened


def tab() -> str:
    """A name for this browser tab (one Streamlit session)."""
    return str(st.session_state.setdefault("tab", secrets.token_hex(8)))


def draw_case(here: Here, opened: OpenCase) -> None:
    """The viewer with this case in it; the lease is renewed while it is open."""
    answer = partial(hear, here, opened)
    ahead: OpenCase | None = st.session_state.get("ahead")
    viewer(
        viewer_input(here, opened),
        key="annotate",
        on_event=answer,
        cache=opening.cache(here.store),
        upcoming=viewer_input(here, ahead) if ahead else None,
        on_question=partial(answer_question, here, opened),
    )
    st.fragment(_keep_open, run_every=RENEW_SECONDS)(here, opened.case_id)


@guarded
def _keep_open(here: Here, case_id: int) -> None:
    reading.renew(here.store, case_id, here.reader, tab())


def viewer_input(here: Here, opened: OpenCase) -> ViewerInput:
    """An OpenCase in the viewer's terms."""
    labels = zip(opened.labels.values[1:], opened.labels.foreground)
    value_of = dict(zip(opened.labels.names, opened.labels.values))
    return ViewerInput(
        case_id=opened.case_id,
        title=f"{opened.name}, cycle {opened.cycle}" + (" · simulated" if opened.simulated else ""),
        channels=list(opening.channels(here.store, opened)),
        labels=list(labels),
        segmentation=opening.starting_map(here.store, opened),
        uncertainty=opened.uncertainty,
        spots=[
            Spot(spot.mm, spot.millilitres, spot.uncertainty, f"{spot.label}: {whereabouts(spot.mm, opened.centre)}")
            for spot in opened.spots
        ],
        notes=notes(opened),
        regions=list(opened.regions),
        versions=list(opened.versions),
        seconds=opened.seconds,
        rules=[(value_of[rule.inner], [value_of[name] for name in rule.outer]) for rule in opened.nested],
        verdict=opened.verdict,
        maps=list(assisting.MEASURES.items()) if opened.uncertainty else [],
        label_maps=assisting.OF_ONE_LABEL,
        brain=opened.brain,
        difficulties=DIFFICULTIES,
        help=offered(opened),
    )


def offered(opened: OpenCase) -> tuple[str, ...]:
    """What the reader may ask at this case."""
    if opened.unread_by_model:
        return ("refine",)
    return ("refine", "predict", "prompt") if nninteractive() else ("refine", "predict")


def nninteractive() -> str:
    """The address of an external nnInteractive server, where the operator gave one; '' otherwise."""
    return os.environ.get("ACTIVEDINTS_NNINTERACTIVE_URL", "").strip()


def notes(opened: OpenCase) -> str:
    """What a reader must know before starting, in plain sentences."""
    said = [opened.reason, f"Start: {opened.segmentation_is}"]
    if opened.remark:
        said.append(f"Its reader said: {opened.remark.rstrip('.')}")
    if opened.regions:
        said.append("Only the outlined box is asked for; the rest counts as not read")
    if opened.any_foreground_only:
        said.append("The draft marks any foreground only: its model was trained for another label set")
    if opened.absent:
        said.append(f"No image came for {', '.join(opened.absent)}")
    said.append(f"Brain mask: {opened.brain_how}")
    if opened.taken_over:  # or the page was reloaded: a session cannot tell
        said.append("If this case is still open in another tab of yours, that one saves nothing more")
    return ". ".join(sentence for sentence in said if sentence) + "."


def hear(here: Here, opened: OpenCase, event: ViewerEvent) -> str:
    """Store what the reader did; the sentence goes back into the viewer."""
    if event.kind == "draft" and event.array is not None:
        reading.save_draft(here.store, opened.case_id, here.reader, event.array, event.seconds, tab())
        return f"Draft kept at {datetime.now(UTC):%H:%M:%S} UTC."
    receipt = _submit(here, opened, event) if event.kind == "submit" else _set_aside(here, opened, event)
    st.session_state.pop("opened", None)
    st.session_state["said"] = (True, receipt)
    st.query_params.pop("case", None)
    return receipt


def _submit(here: Here, opened: OpenCase, event: ViewerEvent) -> str:
    assert event.array is not None, "the viewer's message was checked for its drawing"
    return reading.submit_annotation(
        here.store,
        Submission(
            case_id=opened.case_id,
            reader=here.reader,
            voxels=event.array,
            seconds=event.seconds,
            draft_model_id=opened.draft_model_id,
            based_on=opened.version,
            comment=event.reason,
            difficulty=event.difficulty,
            regions=event.regions or opened.regions,
            blind=opened.blind,
            tab=tab(),
        ),
    )


def answer_question(here: Here, opened: OpenCase, asked: ViewerQuestion) -> ViewerAnswer:
    """What the interactive lane answers, in the viewer's terms."""
    if asked.do == "prepare":
        assisting.prepare(here.store, opened)
        return ViewerAnswer("")
    if asked.do == "map":
        return ViewerAnswer("", map=assisting.uncertainty_map(here.store, opened, asked.measure, asked.value))
    if asked.do == "predict" and asked.box:
        return ViewerAnswer("Predicted again", assisting.predict_box(here.store, opened, asked.box))
    if asked.box is None or asked.label is None or asked.scribble is None:
        raise NotFound("The question came without its box; draw the stroke again.")
    if asked.do == "prompt":
        box = asked.label, asked.scribble, asked.value
        label = assisting.prompt(here.store, opened, nninteractive(), asked.channel, *box)
        return ViewerAnswer("Finished by nnInteractive", label)
    return ViewerAnswer(
        "Refined", assisting.refine(here.store, opened, asked.box, asked.label, asked.scribble, asked.value)
    )


def _set_aside(here: Here, opened: OpenCase, event: ViewerEvent) -> str:
    return reading.set_aside(here.store, opened.case_id, here.reader, event.kind, event.reason)
