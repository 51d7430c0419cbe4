"""The few-shot desk: the episode on the table, learners adapting to it live, and what came out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from activedints.loop import few_shot, learners
from activedints.loop.few_shot import Adapted, Episode
from activedints.ui import charts, few_shot_cells, few_shot_charts, few_shot_live
from activedints.ui.canvas import canvases
from activedints.ui.few_shot_pictures import sheet
from activedints.ui.here import Here, attempt, guarded

EPISODE, RUNS = "few-shot episode", "few-shot runs"
EVERY = 0.08
"""Seconds between two live pictures: faster than the eye asks for, and the browser would be what costs."""


def episode() -> Episode | None:
    """The episode on the table."""
    found: Episode | None = st.session_state.get(EPISODE)
    return found


def runs() -> list[Adapted]:
    """What the learners did with it."""
    found: list[Adapted] = st.session_state.get(RUNS, [])
    return found


def lay(found: Episode) -> str:
    """Put an episode on the table; what was done with the last one goes. The table speaks for itself."""
    st.session_state[EPISODE] = found
    st.session_state.pop(RUNS, None)
    return ""


def say_whether_a_worker_answers(here: Here) -> None:
    """Nothing where one does."""
    if here.standing.device is None:
        words = f"No worker is running, and adapting needs one: start it with {here.start_worker}."
        st.warning(words, icon=":material/pause_circle:")
    elif few_shot.warming_up(here.store):
        _wait_until_warm(here)


@st.fragment(run_every=1.0)
def _wait_until_warm(here: Here) -> None:
    if few_shot.warming_up(here.store):
        st.info("The worker warms up, which takes some seconds.", icon=":material/hourglass_top:")
    else:
        st.rerun()


def deal_form(here: Here) -> None:
    """Pick an episode from a set."""
    with st.form("deal", border=False):
        columns = st.columns([2.4, 1, 1.15, 1, 1.15, 1.9], vertical_alignment="bottom")
        source = columns[0].selectbox("Set", list(learners.SETS), format_func=learners.SETS.get)
        way = columns[1].number_input("Classes", 2, 20, 5, help="Of patches: as many kinds as the scans show")
        shot = columns[2].number_input("Examples", 1, 10, 1, help="Of each class, to learn from")
        seed = columns[3].number_input("Episode", 0, 999_999, 0, help="Another number, other classes and drawings")
        plane = columns[4].selectbox("Plane", ["axial", "coronal", "sagittal"], help="Of patches of scans")
        if columns[5].form_submit_button("Put it on the table", icon=":material/casino:", width="stretch"):
            here.do(lambda: lay(few_shot.deal(here.store, source, way, shot, seed, plane)))


def draw_form(here: Here) -> None:
    """Draw the classes of an episode by hand."""
    way = st.number_input("Characters to draw", 2, 10, 5, key="few-shot drawn classes")
    drawings = canvases(way, "few-shot canvases")
    if drawings:
        here.do(lambda: lay(few_shot.drawn(drawings)))


@st.fragment
@guarded
def show_table(here: Here) -> None:
    """The episode, the learners that adapt to it, and what came out: one part of the page, which runs alone."""
    found = episode()
    if found is None:
        st.info("The table is empty: put an episode on it, or draw one.", icon=":material/inbox:")
        return
    left, right = st.columns([2, 3])
    with right:
        wish = _adapt_form(here, found)
        live = st.empty()
        if wish is not None:
            with live.container():
                told, refused = _adapt(here, found, wish)
            live.empty()
            if told:
                st.success("; ".join(told) + ".")
            for sentence in refused:
                st.error(sentence)
        if runs():
            charts.show(few_shot_charts.accuracy_chart(runs()), "accuracy")
    with left:
        _show_episode(found, runs())
    if runs():
        _show_outcome(runs())


@dataclass(frozen=True)
class Wish:
    """Learners by name, their steps, and where the temperature ends."""

    learners: list[str]
    steps: int
    temperature: float


def _adapt_form(here: Here, found: Episode) -> Wish | None:
    """Which learners adapt to the episode, and how; None while nobody pressed the button."""
    known = learners.every(here.store)
    names = {learner.name: learner.title for learner in known}
    usual = learners.usual(known, found["channels"], found.get("source", ""))
    with st.form("adapt"):
        chosen = st.multiselect("Learners, side by side", list(names), usual, format_func=names.get)
        left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
        steps = left.slider("Steps", 1, 50, 20, help="Of learners that adapt by gradient steps")
        words = "MetaNAS cools from 1 to this; at 1 nothing hardens, and pruning then costs much"
        cold = middle.select_slider("Final temperature", few_shot.TEMPERATURES, few_shot.COLD, help=words)
        pressed = right.form_submit_button("Adapt", type="primary", icon=":material/bolt:", width="stretch")
    return Wish(chosen, steps, cold) if pressed else None


def _adapt(here: Here, found: Episode, wish: Wish) -> tuple[list[str], list[str]]:
    """Let the learners adapt one after the other, drawn live: what those say that did, and what the others refuse with.

    What they did stays in the session; one that refuses takes nothing from the rest.
    """
    if not wish.learners:
        return [], ["Nobody was asked to adapt: choose one learner or more."]
    done: list[Adapted] = []
    show = _live(wish.steps)

    def one(name: str) -> str:
        learner = learners.named(here.store, name)
        run = few_shot.adapt(here.store, learner, found, wish.steps, wish.temperature, partial(show, done))
        done.append(run)
        return f"{run.title} adapted in {run.result['seconds']:.1f} s"

    outcomes = [attempt(one, name) for name in wish.learners]
    if done:
        st.session_state[RUNS] = done
    told, refused = ([said for worked, said in outcomes if worked is wanted] for wanted in (True, False))
    return told, list(dict.fromkeys(refused))  # a worker that is gone is told of once


def _live(steps: int) -> Callable[[list[Adapted], Adapted], None]:
    """One picture that changes in place as the steps come, at most every ``EVERY`` seconds."""
    place, last = st.container(key="few-shot-live").empty(), 0.0
    st.caption("Adapting, step by step: targets told right, the share of each operation on each edge, and the cells.")

    def show(done: list[Adapted], so_far: Adapted) -> None:
        nonlocal last
        if time.monotonic() - last < EVERY:
            return
        searching = [run.steps[-1] for run in (*done, so_far) if run.searches]
        step = searching[-1] if searching else {"temperature": None}
        cells = few_shot.cells(step) if searching else []
        drawn = few_shot_live.picture([*done, so_far], cells, step["temperature"], steps)
        place.image(drawn, width=few_shot_live.WIDTH)
        last = time.monotonic()

    return show


def _show_episode(found: Episode, done: list[Adapted]) -> None:
    """The pictures of the episode, framed by what the last step of the first learner says about them."""
    channel = 0
    if len(found["channels"]) > 1:
        named = st.segmented_control("Channel shown", found["channels"], default=found["channels"][0])
        channel = found["channels"].index(named or found["channels"][0])
    told = done[0].steps[-1]["predictions"] if done and done[0].steps else None
    st.image(sheet(found, channel, told))
    framed = f" Frames: {done[0].title} told it right (blue) or wrong (orange)." if told and found["labels"] else ""
    classes = f"{len(found['names'])} classes are on the table, a column each ({', '.join(found['names'])})"
    st.caption(f"{classes}; examples on top, targets below. {found['note']}{framed}")


def _show_outcome(done: list[Adapted]) -> None:
    """Learners side by side, and the architecture of those that search."""
    st.dataframe([few_shot.outcome(run) for run in done], hide_index=True)
    st.caption(few_shot.OF_OUTCOMES)
    for run in done:
        if run.searches:
            st.fragment(_show_architecture)(run)


def _show_architecture(run: Adapted) -> None:
    """The cells at a step and a temperature of the visitor's choice; a slider redraws this part alone."""
    st.subheader(f"The architecture, as {run.title} adapts it", anchor=False)
    left, right = st.columns(2)
    last = run.steps[-1]["step"]
    at = left.slider("Step", 0, last, last, key=f"step of {last} of {run.title}")
    step = run.steps[at]
    tau = right.select_slider(
        "Temperature",
        few_shot.TEMPERATURES,
        few_shot.nearest_temperature(step["temperature"]),
        key=f"tau of {run.title} at {at} of {last}",
    )
    cells = few_shot.cells(step, tau)
    left, right = st.columns([3, 2])
    with left:
        charts.show(few_shot_charts.heat_map(cells, tau), f"shares of {run.title}")
        genotype: list[dict[str, Any]] = few_shot.genotype(run)
        st.dataframe(genotype, hide_index=True, height="content")
        st.caption(
            "The genotype: what is left after pruning, two inputs a node and one operation an edge; node by node."
        )
    with right:
        st.image(few_shot_cells.pictured(cells), width=400)
        st.caption("Arcs fade with the weight that they carry. " + " ".join(cell.sentence for cell in cells))
