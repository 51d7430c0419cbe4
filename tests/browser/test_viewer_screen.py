"""The viewer's screen: every key, the picture's controls, 3-D, browsers without WebGL2, plain `streamlit run`."""

import io
import json
import os
import subprocess
import sys
import time
import urllib.request

import nibabel as nib
import numpy as np
import pytest
from driving import drag, open_case, picture, press, save, stored
from PIL import Image
from scans import affine_of, head, write_case
from serving import HERE, chromium_path, free_port

pytestmark = pytest.mark.browser

SHAPE = (50, 60, 40)
AFFINE = affine_of("LPS", SHAPE)


@pytest.fixture(scope="module", autouse=True)
def cases(scans):
    image = head(SHAPE, AFFINE, noise=20)
    label = np.zeros(SHAPE, np.uint8)
    label[20:30, 25:35, 18:22] = 1
    heat = np.linspace(0, 1, SHAPE[2], dtype=np.float32) * np.ones(SHAPE, np.float32)
    spots = [{"mm": [22, 15, 12], "mL": 1.2, "score": 0.8, "text": "core is unsure"}]
    channels = {"T1gd": image, "FLAIR": 1200 - image, "T1w": image // 2, "T2w": image // 3}
    for number in range(4):
        write_case(scans / str(number), channels, AFFINE, label=label, heat=heat, spots=spots)
    return scans


def test_every_key_does_its_work_without_a_fault(page, viewer_server):
    open_case(page, viewer_server, 0, all_channels=True)
    press(page, "?")
    keys = [key.inner_text() for key in page.locator(".keymap kbd").all()]
    assert len(keys) > 50
    assert len(set(keys)) == len(keys)
    page.keyboard.press("Escape")
    names = {
        "↑": "ArrowUp",
        "↓": "ArrowDown",
        "←": "ArrowLeft",
        "→": "ArrowRight",
        "PgUp": "PageUp",
        "PgDn": "PageDown",
        "Esc": "Escape",
        "Ctrl": "Control",
    }
    for key in keys:
        parts = [names.get(part, part) for part in key.split(" + ")] if key != "+" else ["+"]
        if key[0].islower() or "Enter" in key or "wheel" in key or "left" in key:
            continue  # the mouse, submit, full screen
        parts = [part.lower() if len(part) == 1 else part for part in parts]
        press(page, "+".join(parts) if parts != ["+"] else "+")
        if page.locator("dialog").count():
            page.keyboard.press("Escape")
    assert page.locator(".viewer").get_attribute("data-state") == "ready"


@pytest.mark.parametrize(("width", "height", "size"), [(1280, 800, 34), (1024, 700, 31), (1024, 560, 31)])
def test_every_tool_of_the_rail_is_seen_in_a_low_window(page, viewer_server, width, height, size):
    page.set_viewport_size({"width": width, "height": height})
    open_case(page, viewer_server, 0)
    rail = page.locator(".rail")
    area = rail.bounding_box()
    boxes = [button.bounding_box() for button in rail.get_by_role("button").all()]
    assert len(boxes) == 14
    assert max(box["y"] + box["height"] for box in boxes) <= area["y"] + area["height"]
    assert area["y"] + area["height"] <= page.locator("footer").bounding_box()["y"] + 1
    assert {round(box["height"]) for box in boxes} == {size}
    page.get_by_role("button", name="This keyboard map").click()
    page.get_by_role("dialog", name="Keys").wait_for()


def test_controls_have_names(page, viewer_server):
    open_case(page, viewer_server, 0)
    press(page, "t")
    nameless = page.locator(".viewer").evaluate(
        """root => [...root.querySelectorAll('button, input, select, textarea')].filter(e =>
             !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim()))
             .map(e => e.outerHTML)"""
    )
    assert nameless == []
    reached = page.locator(".viewer").evaluate(  # by Tab: in the order of the screen, none out of turn
        """root => [...root.querySelectorAll('button, input, select, textarea, summary, [tabindex]')]
             .filter(e => e.offsetParent && !e.disabled).map(e => {
               if (e.tabIndex !== 0) throw new Error(e.outerHTML)
               const part = e.closest('header, .rail, .stage, aside, footer')
               return part.className || part.localName })"""
    )
    assert [part for part in dict.fromkeys(reached) if part != "stage"] == ["header", "rail", "aside", "footer"]
    assert page.locator("canvas[data-plane]:not([aria-label])").count() == 0


def test_channels_window_and_heat_change_the_picture(page, viewer_server):
    open_case(page, viewer_server, 0, all_channels=True)
    press(page, "a", "k")
    page.mouse.move(5, 5)
    first, box = picture(page, "axial")
    press(page, "Shift+d")
    page.wait_for_timeout(200)
    assert page.get_by_role("button", name="T1gd").get_attribute("aria-pressed") == "true"
    assert page.get_by_label("Difference").is_checked()
    enhanced, _ = picture(page, "axial")
    assert np.abs(first - enhanced).mean() > 3
    assert page.locator(".caption").first.inner_text().startswith("T1gd − T1w")
    press(page, "Shift+d", "x")
    page.wait_for_timeout(200)
    assert page.get_by_role("button", name="FLAIR").get_attribute("aria-pressed") == "true"
    second, _ = picture(page, "axial")
    assert np.abs(first - second).mean() > 3
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (middle[0], middle[1] - 120), button="right")
    page.mouse.move(5, 5)
    page.wait_for_timeout(200)
    darker, _ = picture(page, "axial")
    assert darker.mean() < second.mean() - 3
    page.get_by_label("Opacity").evaluate("e => { e.value = 1; e.dispatchEvent(new Event('input')) }")
    page.wait_for_timeout(200)
    hot, _ = picture(page, "axial")
    press(page, "h")
    page.wait_for_timeout(200)
    off, _ = picture(page, "axial")
    assert np.abs(hot - off).mean() > 3


def test_four_channels_share_one_drawing(page, viewer_server):
    open_case(page, viewer_server, 1, all_channels=True)
    press(page, "q", "b", "3")
    panes = page.locator('canvas[data-plane="axial"]')
    assert panes.count() == 4
    box = panes.nth(3).bounding_box()
    drag(page, (box["x"] + 100, box["y"] + 100), (box["x"] + 130, box["y"] + 110))
    assert page.locator('output[data-label="3"]').inner_text() != "0.00 mL"
    page.mouse.move(5, 5)
    page.wait_for_timeout(200)
    for number in (0, 1, 2):  # the stroke of the fourth pane is seen in the others: yellow-green on grey
        place = panes.nth(number).bounding_box()
        shot = page.screenshot(clip={"x": place["x"] + 95, "y": place["y"] + 95, "width": 40, "height": 20})
        red, _, blue = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), float).mean(axis=(0, 1))
        assert abs(red - blue) > 5
    save(page)


def test_the_3d_view_appears_when_the_reader_rests_and_a_click_on_it_goes_there(page, viewer_server):
    open_case(page, viewer_server, 2, all_channels=True)
    page.locator('.surface[data-state="shown"]').wait_for()
    press(page, "v")
    page.wait_for_timeout(300)
    box = page.locator("canvas.glass").bounding_box()
    shot = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB")
    red, _, blue = np.moveaxis(np.asarray(shot, float), -1, 0)
    rows, columns = np.nonzero(blue - red > 60)  # label 1 is sky blue, the head of glass is grey
    assert len(rows) > 100
    page.mouse.click(box["x"] + np.median(columns), box["y"] + np.median(rows))
    page.mouse.move(5, 5)
    page.locator(".place", has_text="edema").wait_for()


@pytest.mark.slow
def test_the_whole_volume_is_drawn_by_software_where_that_is_asked_for(page, viewer_server):
    open_case(page, viewer_server, 2, all_channels=True)
    page.locator('.surface[data-state="shown"]').wait_for()
    page.get_by_role("button", name="Whole volume").click()
    page.locator('.surface[data-by="volume"]').wait_for()
    assert page.locator(".surface .gl canvas").count() == 1


def test_the_keyboard_alone_paints_outlines_and_measures(page, viewer_server, scans):
    write_case(scans / "8", {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    open_case(page, viewer_server, 8)
    press(page, "a", "b", *["["] * 6, "2", "Space", "Control+ArrowRight", "Space")
    assert page.locator('output[data-label="2"]').inner_text() == "0.02 mL"  # two voxels of 10 mm3
    press(page, "f", "3", "Space", *["Control+ArrowRight"] * 4, "Space", *["Control+ArrowDown"] * 4, "Space", "Enter")
    assert page.locator('output[data-label="3"]').inner_text() == "0.15 mL"  # a triangle of 1 + 2 + 3 + 4 + 5
    press(page, "r", "Space", *["Control+ArrowRight"] * 3, "Space")
    save(page)
    drawn = np.asanyarray(nib.load(scans / "8" / "draft.nii.gz").dataobj)
    assert [int((drawn == label).sum()) for label in (2, 3)] == [1, 15]  # the triangle took one of the two


def test_how_hard_a_case_was_survives_a_reload_and_goes_with_the_submission(page, viewer_server, scans):
    write_case(scans / "7", {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    open_case(page, viewer_server, 7)
    press(page, "y")
    page.get_by_role("textbox", name="Comment").fill("motion, n typed here")
    page.get_by_role("button", name="hard", exact=True).click()
    page.get_by_role("button", name="Keep").click()
    open_case(page, viewer_server, 7)
    page.get_by_role("button", name="Comment ✓ · hard").wait_for()
    page.get_by_role("button", name="Submit", exact=True).click()
    stored(scans / "7", "submit", 1)
    event = json.loads((scans / "7" / "events.jsonl").read_text().splitlines()[-1])
    assert (event["difficulty"], event["reason"]) == ("hard", "motion, n typed here")


def test_hidden_labels_come_back_when_one_paints(page, viewer_server):
    open_case(page, viewer_server, 3)
    press(page, "a", "k", "d", "Shift+h", "b")
    x, y = centre(page)
    assert not page.get_by_label("Labels", exact=True).is_checked()
    drag(page, (x, y), (x + 20, y))
    assert page.get_by_label("Labels", exact=True).is_checked()


def centre(page):
    box = page.locator('canvas[data-plane="axial"]').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.slow
def test_plain_streamlit_run_serves_the_volumes_too(page, scans):
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(HERE / "viewer_page.py"), "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false"]
    root = HERE.parents[1]
    environment = os.environ | {"ACTIVEDINTS_TEST_SCANS": str(scans), "PYTHONPATH": str(root)}
    process = subprocess.Popen(command, env=environment, cwd=root)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url))
        open_case(page, f"http://127.0.0.1:{port}", 0, all_channels=True)
        assert any("/media/" in url for url in fetched)
        assert not any("/volumes/" in url for url in fetched)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def flat_page(browser):
    """A page of a Chromium that draws no WebGL at all."""
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-3d-apis"]
    chromium = browser.browser_type.launch(executable_path=chromium_path(), args=flags)
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    yield page
    chromium.close()


def test_without_webgl2_a_case_is_read_from_the_first_stroke_to_the_submission(flat_page, viewer_server, scans):
    page = flat_page
    open_case(page, viewer_server, 3, all_channels=True)
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    page.get_by_text("This browser has no WebGL2").wait_for()
    page.locator('.surface[data-state="shown"]').wait_for()
    press(page, "b", "2")
    x, y = centre(page)
    drag(page, (x, y), (x + 20, y))
    assert page.locator('output[data-label="2"]').inner_text() != "0.00 mL"
    press(page, "Control+Enter")
    drawn = np.asanyarray(stored(scans / "3", "submit", 1).dataobj)
    assert (drawn == 2).sum() > 5


def test_another_version_is_compared_side_by_side_and_cannot_be_painted(page, viewer_server, scans):
    other = np.zeros(SHAPE, np.uint8)
    other[10:20, 25:35, 18:22] = 2
    write_case(scans / "9", {"T1gd": head(SHAPE, AFFINE)}, AFFINE, other=other, versions=["other"])
    open_case(page, viewer_server, 9)
    press(page, "a", "p")
    panes = page.locator('canvas[data-plane="axial"]')
    page.locator(".caption", has_text="other").wait_for()
    assert panes.count() == 2
    press(page, "b", "1")
    for number in (1, 0):
        box = panes.nth(number).bounding_box()
        drag(page, (box["x"] + 150, box["y"] + 150), (box["x"] + 180, box["y"] + 150))
        painted = page.locator('output[data-label="1"]').inner_text() != "0.00 mL"
        assert painted is (number == 0)
