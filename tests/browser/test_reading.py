"""A reader's way through the real app: home, name, case, submit, the next case, and what a link opens."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import free_port
from playwright.sync_api import Page

from activedints.loop import reading, views, worklist
from activedints.store import annotations
from activedints.store.database import Store
from tests.ui import workspaces

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Twelve tiny cases, one cycle done: two cases wait, with a draft."""
    store = workspaces.filled(tmp_path_factory.mktemp("reading"), number=12)
    reading.simulate_reader(store)
    workspaces.turn(store)
    return store


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "activedints", "app", "--port", str(port), "--workspace", str(store.folder)]
    served = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ))
    try:
        for _ in range(300):
            assert served.poll() is None, "the app ended before it answered"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        served.terminate()
        served.wait()


def is_open(page: Page, case: int) -> None:
    page.locator(f'.viewer[data-state="ready"][data-case="{case}"]').wait_for()


def test_a_second_tab_takes_the_case_and_both_are_told(page: Page, address: str, store: Store) -> None:
    case = worklist.next_case(store, "Edith")
    link = f"{address}/annotate?case={case}&reader=Edith"
    page.goto(link)
    is_open(page, case)
    second = page.context.new_page()
    second.goto(link)
    is_open(second, case)
    second.get_by_text("open in another tab of yours").wait_for()
    page.locator(".viewer").focus()
    page.keyboard.press("b")
    box = page.locator('canvas[data-plane="axial"]').bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    page.get_by_text("this one saves nothing more").first.wait_for(timeout=30_000)
    with store.read() as session:
        assert annotations.draft(session, 1, case, "Edith") is None
    # another reader is refused by name, and gets another case of the queue
    third = page.context.new_page()
    third.goto(f"{address}/annotate?case={case}&reader=Max")
    third.get_by_text("This case is open at Edith").wait_for()
    for tab in (page, second, third):
        tab.close()  # an open one would renew its lease
    with store.write() as session:
        annotations.release(session, 1, case, "Edith")


def test_from_home_to_the_next_case(page: Page, address: str, store: Store) -> None:
    first, second = (item.case_id for item in worklist.worklist(store, "Ada"))
    page.goto(address)
    page.get_by_role("button", name="Annotate the next case").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Start reading").click()
    is_open(page, first)
    assert f"case={first}" in page.url
    assert "simulated" in page.locator(".viewer").inner_text()
    with store.read() as session:
        assert annotations.leased(session, 1) == {first: "Ada"}

    page.get_by_role("button", name="Submit").click()
    is_open(page, second)
    page.wait_for_url(f"**case={second}*")
    with store.read() as session:
        newest = annotations.newest(session, 1, first)
        assert (newest.reader, newest.source, newest.version) == ("Ada", "reader", 1)
        assert newest.draft_model_id is not None
        assert newest.seconds > 0

    # a colleague opens the link of an annotated case: the newest version is there, under the colleague's own name
    page.goto(f"{address}/annotate?case={first}&reader=Grace")
    is_open(page, first)
    assert reading.preview(store, first, "Grace").segmentation_is == "version 1, by Ada"

    # the menu keeps the name
    page.locator('[data-testid="stExpandSidebarButton"]').click()
    page.get_by_role("link", name="Worklist").click()
    page.get_by_role("heading", name="Worklist").wait_for()
    page.get_by_text("Reader: Grace").wait_for()


def test_the_last_submission_starts_the_training_and_the_next_case_comes_by_itself(
    page: Page, address: str, store: Store
) -> None:
    case = worklist.next_case(store, "Ada")
    page.goto(f"{address}/annotate?reader=Ada")
    is_open(page, case)
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("No worker is running").wait_for()
    assert views.home(store).working.kind == "train"
    assert views.home(store).phase == "train"

    workspaces.turn(store)
    is_open(page, worklist.next_case(store, "Ada"))
