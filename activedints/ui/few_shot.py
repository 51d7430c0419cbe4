"""The few-shot desk: the episode on the table, learners adapting to it live, and what came out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from activedints.core.errors import InvalidSettings
from activedints.loop import few_shot, learners
from activedints.loop.few_shot import Adapted, Episode
from activedints.ui import charts, few_shot_charts, few_shot_live
from activedints.ui.canvas import canvases
from activedints.ui.few_shot_pictures import sheet
from activedints.ui.here import Here

EPISODE, RUNS = "few-shot episode", "few-shot runs"


def episode() -> Episode | None:
    """The episode on the table."""
    found: Episode | None = st.session_state.get(EPISODE)
    return found


def runs() -> list[Adapted]:
    """What the learners did with it."""
    found: list[Adapted] = st.session_state.get(RUNS, [])
    return found


def lay(found: Episode) -> str:
    """Put an episode on the table; what was done with the last one goes."""
    st.session_state[EPISODE] = found
    st.session_state.pop(RUNS, None)
    return f"{len(found['names'])} classes are on the table."


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


def show_episode(found: Episode, run: Adapted | None) -> None:
    """The pictures of the episode, framed by what the last step of ``run`` says about them."""
    channel = 0
    if len(found["channels"]) > 1:
        named = st.segmented_control("Channel shown", found["channels"], default=found["channels"][0])
        channel = found["channels"].index(named or found["channels"][0])
    told = run.steps[-1]["predictions"] if run and run.steps else None
    st.image(sheet(found, channel, told))
    framed = f" Frames: {run.title} told it right (blue) or wrong (orange)." if run and told and found["labels"] else ""
    st.caption(
        f"A column a class ({', '.join(found['names'])}); examples on top, targets below. {found['note']}{framed}"
    )


@dataclass(frozen=True)
class Wish:
    """Learners by name, their steps, and where the temperature ends."""

    learners: list[str]
    steps: int
    temperature: float


def adapt_when_asked(here: Here, found: Episode, wish: Wish | None, before: list[Adapted]) -> None:
    """Let the learners adapt one after the other, drawing every step; they stay in the session.

    Where nobody asks, the curves of those that adapted ``before``.
    """
    if wish is not None:
        here.do(_adapt, here, found, wish)
    elif before:
        charts.show(few_shot_charts.accuracy_chart(before), "accuracy")


def _adapt(here: Here, found: Episode, wish: Wish) -> str:
    if not wish.learners:
        raise InvalidSettings("Nobody was asked to adapt: choose one learner or more.")
    done: list[Adapted] = []
    show = _live(wish.steps)
    for name in wish.learners:
        learner = learners.named(here.store, name)
        done.append(few_shot.adapt(here.store, learner, found, wish.steps, wish.temperature, partial(show, done)))
    st.session_state[RUNS] = done
    return "; ".join(f"{run.title} adapted in {run.result['seconds']:.1f} s" for run in done)


def _live(steps: int) -> Callable[[list[Adapted], Adapted], None]:
    """One picture that changes in place, step by step."""
    place = st.empty()
    st.caption("Adapting, step by step: targets told right, and the share of each operation on each edge.")

    def show(done: list[Adapted], so_far: Adapted) -> None:
        step = so_far.steps[-1]
        cells = few_shot.cells(step) if step["alphas"] else []
        place.image(few_shot_live.picture([*done, so_far], cells, step["temperature"], steps), width="stretch")

    return show


def show_outcome(done: list[Adapted]) -> None:
    """Learners side by side, and the architecture of those that search."""
    st.dataframe([few_shot.outcome(run) for run in done], hide_index=True)
    st.caption("One episode says little: the figures with intervals stand below. Transductive: all targets at once.")
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
        st.caption("The genotype: what is left after pruning, two inputs a node and one operation an edge.")
    with right:
        for cell in cells:
            charts.show(few_shot_charts.draw_cell(cell), f"cell {cell.number} of {run.title}")
