"""What the reader draws reaches the server, survives what browsers and servers do, and strokes never rerun the page."""

import json
import time

import nibabel as nib
import numpy as np
import pytest
from driving import bright_centre, drag, open_case, press, save, stored
from scans import affine_of, head, write_case
from serving import free_port, serving

pytestmark = pytest.mark.browser

SHAPE = (50, 60, 40)
AFFINE = affine_of("LPS", SHAPE)


@pytest.fixture(scope="module", autouse=True)
def cases(scans):
    image = head(SHAPE, AFFINE)
    label = np.zeros(SHAPE, np.uint8)
    label[5:9, 5:9, 5:9] = 2
    heat = np.where(image > 900, 0.8, 0.1).astype(np.float32)
    spots = [
        {"mm": [22, 15, 12], "mL": 1.2, "score": 0.8, "text": "core is unsure over 1.2 mL"},
        {"mm": [-20, 0, 0], "mL": 0.4, "score": 0.5, "text": "edema is unsure"},
    ]
    everything = {"label": label, "heat": heat, "spots": spots, "notes": "2nd of 41: the core is unsure."}
    for number in range(1, 9):
        write_case(scans / str(number), {"T1gd": image, "FLAIR": image // 2}, AFFINE, **everything, next=number + 1)
    lo, hi = [10, 20, 15], [40, 50, 35]
    write_case(scans / "20", {"T1gd": image}, AFFINE, regions=[[lo, hi]])
    write_case(scans / "21", {"T1gd": image}, AFFINE, read_only=True, **everything)
    return scans


def events(scans, case: int) -> list[dict]:
    log = scans / str(case) / "events.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def read(scans, case: int, kind: str) -> np.ndarray:
    return np.asanyarray(nib.load(scans / str(case) / f"{kind}.nii.gz").dataobj)


def paint(page, key: str = "b") -> None:
    press(page, "a", "k", key)
    x, y = centre(page)
    drag(page, (x, y), (x + 40, y + 20))


def test_a_pause_saves_a_draft_and_the_page_does_not_run_again(page, viewer_server, scans):
    open_case(page, viewer_server, 1)
    press(page, "r", "c")  # Streamlit would rerun, or ask to clear its cache
    paint(page)
    stored(scans / "1", "draft", 1)
    page.get_by_text("draft 1 stored").wait_for()
    drawn = read(scans, 1, "draft")
    assert (drawn == 1).sum() > 10
    assert (drawn == 2).sum() == 64
    assert page.get_by_text("page runs: 1").is_visible()
    assert not page.get_by_role("dialog").is_visible()


def test_submit_opens_the_next_case_in_the_same_viewer(page, viewer_server, scans):
    open_case(page, viewer_server, 2, all_channels=True)
    paint(page)
    page.get_by_role("button", name="Submit").click()
    stored(scans / "2", "submit", 1)
    page.locator('.viewer[data-state="ready"][data-case="3"]').wait_for()
    assert page.locator(".viewer").count() == 1
    assert (read(scans, 2, "submit") == 1).sum() > 10
    assert events(scans, 2)[-1]["seconds"] > 0
    assert page.locator('output[data-label="1"]').inner_text() == "0.00 mL"
    assert page.locator('output[data-label="2"]').inner_text() == f"{64 * 10 / 1000:.2f} mL"


def test_a_case_is_skipped_with_a_reason(page, viewer_server, scans):
    open_case(page, viewer_server, 4)
    page.get_by_role("button", name="Flag").click()
    page.get_by_label("Comment").last.fill("motion, r and c typed here")
    page.get_by_role("button", name="Bad scan").click()
    page.locator('.viewer[data-state="ready"][data-case="5"]').wait_for()
    assert events(scans, 4)[-1]["reason"] == "Bad scan: motion, r and c typed here"
    assert events(scans, 4)[-1]["kind"] == "flag"


def test_undo_and_redo_reach_back_to_the_start(page, viewer_server, scans):
    open_case(page, viewer_server, 5)
    paint(page)
    press(page, "e")
    paint(page, "e")
    press(page, "Control+z")
    save(page)
    once = read(scans, 5, "draft")
    press(page, "Control+z", "Control+z", "Control+z")
    page.get_by_text("There is nothing to undo.").wait_for()
    save(page)
    np.testing.assert_array_equal(read(scans, 5, "draft"), np.asanyarray(nib.load(scans / "5/label.nii.gz").dataobj))
    press(page, "Control+Shift+z")
    save(page)
    np.testing.assert_array_equal(read(scans, 5, "draft"), once)


def test_a_reload_right_after_a_stroke_loses_nothing(page, viewer_server, scans):
    open_case(page, viewer_server, 6)
    paint(page)
    page.wait_for_timeout(700)  # the browser's own store has it, the server does not
    assert events(scans, 6) == []
    open_case(page, viewer_server, 6)
    page.get_by_text("came back from this browser").wait_for()
    stored(scans / "6", "draft", 1)
    assert (read(scans, 6, "draft") == 1).sum() > 10
    open_case(page, viewer_server, 6)
    page.wait_for_timeout(500)
    assert not page.get_by_text("came back from this browser").is_visible()
    assert page.locator('output[data-label="1"]').inner_text() != "0.00 mL"


def test_a_server_that_restarts_gets_the_strokes_made_meanwhile(page, scans):
    server = serving(scans, free_port())
    address = server.__enter__()
    try:
        open_case(page, address, 7, all_channels=True)
        server.__exit__()
        paint(page)
        page.wait_for_timeout(2800)  # by then the draft was sent, to nobody
        assert events(scans, 7) == []
        server.__enter__()
        started = time.monotonic()
        stored(scans / "7", "draft", 1, patience=60)
        assert time.monotonic() - started < 40
        assert (read(scans, 7, "draft") == 1).sum() > 10
    finally:
        server.__exit__()


def test_nothing_is_painted_outside_a_region(page, viewer_server, scans):
    open_case(page, viewer_server, 20)
    press(page, "a", "k", *["]"] * 50, "b", "Shift+f")
    x, y = centre(page)
    drag(page, (x, y), (x - 200, y), (x + 200, y))
    save(page)
    drawn = np.argwhere(read(scans, 20, "draft"))
    assert drawn.min(axis=0).tolist() == [10, 20, 15]
    assert (drawn.max(axis=0) < [40, 50, 35]).all()


def centre(page):
    box = page.locator('canvas[data-plane="axial"]').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_case_for_reading_cannot_be_painted(page, viewer_server, scans):
    open_case(page, viewer_server, 21)
    paint(page)
    press(page, "Control+s", "Control+Enter")
    page.wait_for_timeout(800)
    assert events(scans, 21) == []
    assert page.get_by_role("button", name="Submit").is_hidden()


def test_spots_are_visited_and_ticked_off(page, viewer_server):
    open_case(page, viewer_server, 8)
    press(page, "m", "u")
    page.get_by_text("Spot 1 of 2: core is unsure over 1.2 mL").wait_for()
    assert page.get_by_label("Spot 1 seen").is_checked()
    assert not page.get_by_label("Spot 2 seen").is_checked()
    x, y = bright_centre(page, "axial")
    press(page, "u", "Shift+u")
    page.get_by_text("Spot 1 of 2").wait_for()
    page.mouse.move(x, y)
    assert "T1gd 1000" in page.locator(".place").inner_text()
    assert "uncertainty 0.80" in page.locator(".place").inner_text()


@pytest.mark.slow  # the restarted server stays among the quick ones
def test_strokes_made_without_a_network_are_sent_when_it_is_back(page, viewer_server, scans):
    write_case(scans / "30", {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    open_case(page, viewer_server, 30, all_channels=True)
    page.context.set_offline(True)
    paint(page)
    page.wait_for_timeout(9000)
    seen_without = len(events(scans, 30))
    page.context.set_offline(False)
    stored(scans / "30", "draft", 1, patience=60)
    page.locator('.viewer[data-saved="true"]').wait_for()
    assert (read(scans, 30, "draft") == 1).sum() > 10
    assert seen_without in (0, 1)  # some versions of Chromium keep an open socket through this


@pytest.mark.slow
def test_a_minute_without_a_network_loses_no_stroke(page, viewer_server, scans):
    write_case(scans / "31", {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    open_case(page, viewer_server, 31, all_channels=True)
    page.context.set_offline(True)
    press(page, "a", "k", "b")
    x, y = centre(page)
    for step in range(6):  # a stroke every ten seconds
        drag(page, (x - 60, y - 50 + 20 * step), (x + 60, y - 50 + 20 * step))
        page.wait_for_timeout(10_000)
    shown = page.locator('output[data-label="1"]').inner_text()
    page.context.set_offline(False)
    stored(scans / "31", "draft", 1, patience=90)
    page.locator('.viewer[data-saved="true"]').wait_for(timeout=90_000)
    drawn = (read(scans, 31, "draft") == 1).sum()
    assert shown == f"{drawn * 10 / 1000:.2f} mL"


def test_a_stroke_that_never_ends_is_kept_on_the_way(page, viewer_server, scans):
    write_case(scans / "32", {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    open_case(page, viewer_server, 32, all_channels=True)
    press(page, "a", "k", "b")
    x, y = centre(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(7):
        page.mouse.move(x + 8 * step, y + 5 * step, steps=3)
        page.wait_for_timeout(550)
    page.reload()  # with the button still held
    page.locator('.viewer[data-state="ready"]').wait_for()
    page.get_by_text("came back from this browser").wait_for()
    assert page.locator('output[data-label="1"]').inner_text() != "0.00 mL"


@pytest.mark.slow
def test_two_tabs_keep_their_strokes_apart_in_the_browser(page, viewer_server, scans):
    write_case(scans / "33", {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    other = page.context.new_page()
    for tab, key in ((page, "1"), (other, "2")):
        open_case(tab, viewer_server, 33)
        press(tab, "a", "k", key, "b")
    for tab, shift in ((page, -60), (other, 60)):
        x, y = centre(tab)
        drag(tab, (x + shift, y), (x + shift + 20, y))
        tab.wait_for_timeout(500)  # in the browser's own store, not yet at the server
    held = page.evaluate(
        """() => new Promise((resolve, reject) => {
             const open = indexedDB.open('activedints-viewer')
             open.onerror = () => reject(open.error)
             open.onsuccess = () => {
               const store = open.result.transaction('drafts of tabs').objectStore('drafts of tabs')
               store.getAll().onsuccess = ({ target }) => resolve(target.result.filter((d) => d.case === 33).length)
             } })"""
    )
    other.close()
    assert held == 2
