"""The slice viewer: one Case in the browser, painted there, heard of here on autosave and submit only."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from activedints.core.errors import ActiveDintsError
from activedints.core.packed import pack
from activedints.ui import server
from activedints.ui.colours import HEAT, label_colour
from activedints.ui.viewer import volumes
from activedints.ui.viewer.message import decode_mask, read_event, read_question
from activedints.ui.viewer.view import Spot, ViewerAnswer, ViewerEvent, ViewerInput, ViewerQuestion

__all__ = ["Spot", "ViewerAnswer", "ViewerEvent", "ViewerInput", "ViewerQuestion", "decode_mask", "viewer"]


def viewer(
    view: ViewerInput,
    key: str,
    on_event: Callable[[ViewerEvent], str],
    cache: Path | None = None,
    upcoming: ViewerInput | None = None,
    on_question: Callable[[ViewerQuestion], ViewerAnswer] | None = None,
) -> None:
    """Draw the viewer. ``on_event`` stores what the reader did and returns the sentence that the viewer then shows;
    ``on_question`` answers what the reader asks the model.

    Keep it at one place of the page, under one ``key``, and never inside a form, a tab or an ``if``: Streamlit would
    mount it anew. A draft reruns the viewer alone; submit, skip and flag rerun the whole page, which may then pass
    another case. An ActiveDintsError of ``on_event`` is shown in the viewer, and the drawing stays in the browser.
    ``cache`` holds the converted volumes (a private temporary folder if None); ``upcoming`` is fetched ahead.

    >>> viewer(view, "annotate", lambda event: loop.save(event))  # doctest: +SKIP
    """
    _fragment(view, key, on_event, cache or volumes.private_cache(), upcoming, on_question)


@st.fragment
def _fragment(
    view: ViewerInput,
    key: str,
    on_event: Callable[[ViewerEvent], str],
    cache: Path,
    upcoming: ViewerInput | None,
    on_question: Callable[[ViewerQuestion], ViewerAnswer] | None,
) -> None:
    receipt = st.session_state.get(f"{key} receipt")
    if receipt and receipt.pop("rerun", False):
        st.rerun(scope="app")
    try:
        data = _data(view, cache) | {"receipt": receipt, "upcoming": _urls(upcoming, cache) if upcoming else []}
        data["answer"] = _sent(st.session_state.get(f"{key} answer"), cache)
    except ActiveDintsError as error:
        st.error(str(error), icon=":material/error:")
        return
    _component()(
        key=key,
        data=data,
        on_event_change=partial(_hear, view, key, on_event),
        on_question_change=partial(_answer, view, key, on_question),
    )


def _component() -> Any:
    return st.components.v2.component("activedints.viewer", js="viewer-*.js")


def _hear(view: ViewerInput, key: str, on_event: Callable[[ViewerEvent], str]) -> None:
    message = _message(key, "event")
    last = st.session_state.get(f"{key} receipt") or {"number": 0}
    if message is None or (isinstance(message, dict) and message.get("number") == last["number"]):
        return  # the browser asked again because the receipt was slow: it gets the same one
    number = message.get("number", 0) if isinstance(message, dict) else 0
    try:
        grid = volumes.common_grid([path for _, path in view.channels])
        event = read_event(message, view.case_id, grid, [value for value, _ in view.labels], view.read_only)
        receipt = {"number": number, "ok": True, "text": on_event(event), "rerun": event.kind != "draft"}
    except ActiveDintsError as error:
        receipt = {"number": number, "ok": False, "text": str(error), "rerun": False}
    st.session_state[f"{key} receipt"] = receipt


def _message(key: str, name: str) -> Any:
    """What the browser sent; None where it asked again after the page went on without the viewer."""
    return st.session_state.get(key, {}).get(name)


def _answer(view: ViewerInput, key: str, on_question: Callable[[ViewerQuestion], ViewerAnswer] | None) -> None:
    message = _message(key, "question")
    if message is None or on_question is None:
        return
    answer: dict[str, Any] = {"case": view.case_id, "number": message.get("number") if isinstance(message, dict) else 0}
    try:
        grid = volumes.common_grid([path for _, path in view.channels])
        given = on_question(read_question(message, view.case_id, grid, [value for value, _ in view.labels]))
        answer |= {"ok": True, "text": given.text, "map": given.map}
        answer |= {"label": pack(given.label)} if given.label is not None else {}
    except ActiveDintsError as error:
        answer |= {"ok": False, "text": str(error)}
    st.session_state[f"{key} answer"] = answer


def _sent(answer: dict[str, Any] | None, cache: Path) -> dict[str, Any] | None:
    """An answer as it travels: its map as an address, which every run renews."""
    if answer is None or answer.get("map") is None:
        return answer
    return answer | {"map": _url(answer["map"], volumes.heat_file, cache)}


def _data(view: ViewerInput, cache: Path) -> dict[str, Any]:
    """The component's ``data``: small, JSON, and equal from run to run while nothing changed."""
    files = [path for _, path in view.channels]
    heat = [view.uncertainty] if view.uncertainty else []
    labels = [path for path in (view.segmentation, *(path for _, path in view.versions)) if path]
    grid = volumes.common_grid(files + heat, labels)
    start = volumes.label_file(view.segmentation, cache) if view.segmentation else None
    urls = _urls(view, cache)
    return {
        "case": view.case_id,
        "title": view.title,
        "notes": view.notes,
        "readOnly": view.read_only,
        "shape": list(grid.ras_shape),
        "affine": [[round(float(v), 6) for v in row] for row in grid.ras_affine],
        "channels": [{"name": name, "url": url} for (name, _), url in zip(view.channels, urls)],
        "labels": [
            {"value": value, "name": name, "colour": label_colour(position)}
            for position, (value, name) in enumerate(view.labels)
        ],
        "segmentation": {"url": urls[len(files)], "sha": volumes.voxel_sha(start)} if start else None,
        "uncertainty": {"url": urls[-1], "colours": list(HEAT)} if view.uncertainty else None,
        "spots": [
            {"mm": [round(float(v), 3) for v in spot.mm], "mL": spot.mL, "score": spot.score, "text": spot.text}
            for spot in view.spots
        ],
        "versions": [{"name": name, "url": _url(path, volumes.label_file, cache)} for name, path in view.versions],
        "regions": [grid.ras_box(box) for box in view.regions],
        "seconds": view.seconds,
        "rules": [{"inner": inner, "outer": outer} for inner, outer in view.rules],
        "verdict": view.verdict,
        "maps": [{"measure": key, "name": name, "labels": key in view.label_maps} for key, name in view.maps],
        "difficulties": list(view.difficulties),
        "help": list(view.help),
    }


def _urls(view: ViewerInput, cache: Path) -> list[str]:
    """Addresses of all channels, then the starting label map, then the heat map (where there are any)."""
    wanted: list[tuple[Path, Callable[[Path, Path], Path]]] = [
        (path, partial(volumes.channel_file, brain=view.brain)) for _, path in view.channels
    ]
    wanted += [(view.segmentation, volumes.label_file)] if view.segmentation else []
    wanted += [(view.uncertainty, volumes.heat_file)] if view.uncertainty else []
    return [_url(path, make, cache) for path, make in wanted]


def _url(path: Path, make: Callable[[Path, Path], Path], cache: Path) -> str:
    what = make.func.__name__ if isinstance(make, partial) else getattr(make, "__name__", "")
    name = f"{what}-{path.resolve()}-{path.stat().st_mtime_ns}"
    return server.volume_url(name, partial(make, path, cache))
