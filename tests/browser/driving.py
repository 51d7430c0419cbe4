"""How a test drives the viewer: it opens a case, moves a real mouse, and waits for what the server stored."""

import io
import json
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image
from playwright.sync_api import Page


def open_case(page: Page, address: str, case: int, all_channels: bool = False) -> None:
    page.goto(f"{address}/?case={case}")
    channels = "[data-channels]" if all_channels else ""
    page.locator(f'.viewer[data-state="ready"][data-case="{case}"]{channels}').wait_for()


def press(page: Page, *keys: str) -> None:
    """Keys, with the focus in the viewer."""
    page.locator(".viewer").focus()
    for key in keys:
        page.keyboard.press(key)


def picture(page: Page, plane: str) -> tuple[np.ndarray, dict[str, float]]:
    """Grey levels (row, column) of a pane as the reader sees it, and the pane's place on the page."""
    canvas = page.locator(f'canvas[data-plane="{plane}"]')
    canvas.wait_for()
    box = canvas.bounding_box()
    shot = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("L")
    return np.asarray(shot, float), box


def bright_centre(page: Page, plane: str) -> tuple[float, float]:
    """The middle of what is nearly white in a pane, in page pixels: where a reader would put the pointer."""
    grey, box = picture(page, plane)
    rows, columns = np.nonzero(grey > 225)
    assert len(rows) > 20, "no bright ball is on the screen"
    return box["x"] + np.median(columns) + 0.5, box["y"] + np.median(rows) + 0.5


def drag(page: Page, *points: tuple[float, float], button: str = "left") -> None:
    page.mouse.move(*points[0])
    page.mouse.down(button=button)
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up(button=button)


def save(page: Page) -> None:
    """Save the draft now, and wait until the server has confirmed every stroke."""
    press(page, "Control+s")
    page.locator('.viewer[data-saved="true"]').wait_for()


def stored(folder: Path, kind: str, number: int, patience: float = 30) -> nib.Nifti1Image | None:
    """Wait for event ``number`` of a kind in a case's log; its label map, if it has one."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        log = folder / "events.jsonl"
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        if any(event["kind"] == kind and event["number"] >= number for event in events):
            path = folder / f"{kind}.nii.gz"
            return nib.load(path) if path.exists() else None
        time.sleep(0.05)
    raise AssertionError(f"no {kind} number {number} was stored within {patience} s")
