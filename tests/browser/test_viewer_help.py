"""What the model does at the reader's word, a box finished alone, rules before a submission, and what is kept."""

import json

import nibabel as nib
import numpy as np
import pytest
from driving import drag, open_case, press, save, stored
from scans import affine_of, head, write_case

pytestmark = pytest.mark.browser

SHAPE = (50, 60, 40)
AFFINE = affine_of("LPS", SHAPE)


@pytest.fixture(scope="module", autouse=True)
def cases(scans):
    image = head(SHAPE, AFFINE, noise=20)
    label = np.zeros(SHAPE, np.uint8)
    label[20:30, 25:35, 18:22] = 1
    label[10:12, 10:12, 10:12] = 3
    heat = np.linspace(0, 1, SHAPE[2], dtype=np.float32) * np.ones(SHAPE, np.float32)
    spots = [{"mm": [22, 15, 12], "mL": 1.2, "score": 0.8, "text": "core is unsure"}]
    channels = {"T1gd": image, "FLAIR": image // 2}
    more = {"spots": spots, "rules": [[3, [1, 2]]], "verdict": "Spots like these were wrong 4 times in 10."}
    for number in range(6):
        write_case(
            scans / str(number), channels, AFFINE, label=label, heat=heat, other=heat[..., ::-1].copy(), **more,
            next=number + 1, seconds=75.0, no_worker=number == 5,
        )  # fmt: skip
    return scans


def read(scans, case: int, kind: str) -> np.ndarray:
    return np.asanyarray(nib.load(scans / str(case) / f"{kind}.nii.gz").dataobj)


def ras(array: np.ndarray) -> np.ndarray:
    return array[::-1, ::-1]


def centre(page):
    box = page.locator('canvas[data-plane="axial"]').bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def live(page, text: str) -> None:
    page.locator(".live", has_text=text).wait_for()


def test_a_scribble_is_finished_by_the_answer_and_undone_in_one_step(page, viewer_server, scans):
    open_case(page, viewer_server, 0)
    before = read(scans, 0, "label")
    press(page, "a", "k", "2", "j")
    x, y = centre(page)
    drag(page, (x - 60, y + 80), (x - 20, y + 80))
    live(page, "Refined")
    save(page)
    after = ras(read(scans, 0, "draft"))
    new = np.argwhere(after != ras(before))
    assert (after[tuple(new.T)] == 2).all()
    assert len(np.unique(new[:, 2])) == 1  # the scribble's own slice
    press(page, "Control+z")
    save(page)
    np.testing.assert_array_equal(read(scans, 0, "draft"), before)
    press(page, "Shift+e")  # the scribble says background now
    edema = page.locator('output[data-label="1"]').inner_text()
    drag(page, (x - 30, y), (x + 30, y))
    page.locator('output[data-label="1"]').filter(has_not_text=edema).wait_for()
    save(page)
    last = read(scans, 0, "draft")
    assert (last[last != before] == 0).all()
    assert (last != before).any()


def test_a_box_is_predicted_again_and_submitted_alone(page, viewer_server, scans):
    open_case(page, viewer_server, 1)
    press(page, "a", "k", "o")
    x, y = centre(page)
    drag(page, (x - 50, y - 40), (x + 40, y + 30))
    press(page, "g")
    drag(page, (x, y))
    live(page, "Enter draws it")
    press(page, "Escape", "o")  # drops the proposal, and the box stays
    press(page, "Shift+p")
    live(page, "Predicted again")
    page.get_by_role("button", name="Submit only this box").click()
    page.get_by_role("button", name="Submit all the same").click()
    stored(scans / "1", "submit", 1)
    event = json.loads((scans / "1" / "events.jsonl").read_text().splitlines()[-1])
    (lo, hi) = event["regions"][0]
    array = read(scans, 1, "submit")
    changed = np.argwhere((array == 2) & (read(scans, 1, "label") != 2))
    assert changed.min(axis=0).tolist() == lo
    assert (changed.max(axis=0) + 1).tolist() == hi
    assert (array[tuple(slice(a, b) for a, b in zip(lo, hi))] == 2).all()


def test_an_island_that_breaks_a_rule_is_named_and_shown_before_a_submission_leaves(page, viewer_server, scans):
    open_case(page, viewer_server, 2)
    page.get_by_role("button", name="Submit", exact=True).click()
    dialog = page.get_by_role("dialog", name="Is this meant?")
    assert "0.08 mL of enhancing touch no edema or core" in dialog.inner_text()
    dialog.get_by_role("button", name="Go there").click()
    page.mouse.move(5, 5)
    page.locator(".place", has_text="enhancing").wait_for()
    assert not (scans / "2" / "submit.nii.gz").exists()
    press(page, "3", "Shift+j")
    live(page, "Island 1 of 1 of enhancing: 0.08 mL")
    press(page, "Control+Enter")
    dialog.get_by_role("button", name="Submit all the same").click()
    stored(scans / "2", "submit", 1)


@pytest.mark.parametrize("submit", ["Control+Enter", "the button"])
def test_a_proposal_that_is_not_drawn_is_asked_about_before_a_submission_leaves(page, viewer_server, scans, submit):
    case = 6 if submit == "the button" else 7
    write_case(scans / str(case), {"T1gd": head(SHAPE, AFFINE)}, AFFINE)
    open_case(page, viewer_server, case)
    press(page, "a", "k", "2", "g")
    drag(page, centre(page))
    live(page, "Enter draws it")
    dialog = page.get_by_role("dialog", name="Is this meant?")
    if submit == "the button":
        page.get_by_role("button", name="Submit", exact=True).click()
    else:
        press(page, submit)
    assert "mL is not drawn; Enter in the case draws it" in dialog.inner_text()
    dialog.get_by_role("button", name="Back to the case").click()
    assert not (scans / str(case) / "submit.nii.gz").exists()
    press(page, "Enter", "Control+Enter")  # drawn: nothing is left to ask
    drawn = np.asanyarray(stored(scans / str(case), "submit", 1).dataobj)
    assert (drawn == 2).any()


def test_time_window_verdict_and_ticks_are_kept(page, viewer_server):
    open_case(page, viewer_server, 3, all_channels=True)
    assert page.locator(".time").inner_text().startswith("1:1")
    assert page.get_by_text("Spots like these were wrong 4 times in 10.").is_visible()
    press(page, "a", "u")
    x, y = centre(page)
    drag(page, (x, y), (x + 60, y - 50), button="right")
    own = page.locator(".caption").first.inner_text().splitlines()[1]
    open_case(page, viewer_server, 3)
    assert page.get_by_label("Spot 1 seen").is_checked()
    assert page.locator(".caption").first.inner_text().splitlines()[1] == own
    press(page, "w")  # the automatic one again
    page.wait_for_timeout(200)
    assert page.locator(".caption").first.inner_text().splitlines()[1] != own


def test_another_map_replaces_the_heat(page, viewer_server):
    open_case(page, viewer_server, 4)
    press(page, "a", *["PageUp"] * 3)
    page.mouse.move(5, 5)
    before = page.locator(".place").inner_text()
    page.get_by_label("Map", exact=True).select_option("variance")
    page.locator(".place").filter(has_not_text=before).wait_for()


def test_without_a_worker_the_reader_is_told_and_nothing_is_lost(page, viewer_server, scans):
    open_case(page, viewer_server, 5)
    press(page, "a", "k", "2", "j")
    x, y = centre(page)
    drag(page, (x - 60, y + 80), (x - 20, y + 80))
    live(page, "No worker answers")
    press(page, "b")
    drag(page, (x - 60, y + 80), (x - 20, y + 80))
    save(page)
    assert (read(scans, 5, "draft") == 2).sum() > 5
