"""Canvases to draw characters on; nothing is heard from them until the drawings are to be used."""

from pathlib import Path
from typing import Any

import streamlit as st

SCRIPT = (Path(__file__).parent / "canvas.js").read_text(encoding="utf-8")
STYLE = """
.drawing { display: flex; flex-direction: column; gap: 8px; font: 13px "Source Sans", sans-serif; color: #9AA4B1; }
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.words { width: 84px; }
.board { width: 112px; height: 112px; border: 1px solid #3A424D; border-radius: 6px; touch-action: none;
  cursor: crosshair; }
button { padding: 6px 14px; border-radius: 6px; border: 1px solid #3A424D; background: #161A20; color: #E8EBEF;
  cursor: pointer; font: inherit; }
button.primary { background: #2F6EA3; border-color: #2F6EA3; }
button:focus-visible { outline: 2px solid #5BA7E8; }
"""


def canvases(way: int, key: str) -> list[dict[str, str]] | None:
    """Draw ``way`` classes, each twice; what was drawn ("example" and "target" of each class) once it is to be used.

    Images are base64 of 28 x 28 grey bytes, ink bright on 0. None while nobody pressed "Use these drawings".
    """
    component = st.components.v2.component("few_shot_canvas", html='<div class="drawing"></div>', css=STYLE, js=SCRIPT)
    heard: Any = component(key=key, data={"way": way}, on_drawn_change=lambda: None)
    return heard.drawn
