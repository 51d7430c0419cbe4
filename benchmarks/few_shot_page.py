"""What one adaptation costs as a visitor meets it: the real page in Chromium, the real worker's warm lane.

    activedints bench few-shot-page       MetaNAS, 5-way 1-shot, 20 steps, medians of five after two that warm up

Wall clock from the press of Adapt, taken inside the page: until the picture first changes, until it says that it
adapted (accuracy and outcome are there), and until nothing on the page changes any more. CPU seconds of the three that
share the machine stand beside it, because on a busy machine they say more: the lane, the app, and Chromium, which draws
without a graphics card here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from activedints.loop.asking import ADDRESS_FILE
from activedints.store.database import Store
from benchmarks.figures import figure, printed, result
from benchmarks.screenshots import ROOT, SIZE, wait_for

LIMIT, WARM_UPS = 2.0, 2
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
WATCH = """
addEventListener('DOMContentLoaded', () => {
  const news = window.news = {}
  document.addEventListener('click', (event) => {
    if (event.target.closest('button')?.textContent.includes('Adapt'))
      Object.assign(news, { click: performance.now(), pictures: [], ended: 0, last: 0, seen: '' })
  }, true)
  new MutationObserver(() => {
    if (!news.click) return
    const now = news.last = performance.now(), live = document.querySelector('.st-key-few-shot-live img')
    if (live && live.src !== news.seen) {
      news.pictures.push(now - news.click)
      news.seen = live.src
    }
    const said = [...document.querySelectorAll('[data-testid="stAlert"]')].map((alert) => alert.innerText)
    if (!news.ended && news.seen && !live && said.some((words) => words.includes(' adapted in '))) news.ended = now
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
})
"""
"""Keeps, in the page, when the button was pressed, when a new picture came, and when anything last changed."""
STILL = "() => window.news.ended && performance.now() - window.news.last > 500"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """App and worker on a workspace, until the warm lane listens; the app's address."""
    port = str(20_000 + os.getpid() % 20_000)
    ends = (["app", "--port", port], ["worker", "--device", "cpu"])
    ours = [sys.executable, "-m", "activedints"]
    running = [subprocess.Popen([*ours, *end, "--workspace", str(folder)], cwd=ROOT, stdout=sys.stderr) for end in ends]
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", running[0])
        until = time.monotonic() + 120
        while not (folder / ADDRESS_FILE).is_file() and time.monotonic() < until:
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def spent(processes: list[psutil.Process]) -> float:
    """CPU seconds that they have spent so far, user and system."""
    return sum(sum(one.cpu_times()[:2]) for one in processes if one.is_running())


def parts(lane: int) -> dict[str, list[psutil.Process]]:
    """The processes below this one: the warm lane, Chromium, and the rest, which is app and worker."""
    found: dict[str, list[psutil.Process]] = {"lane": [], "browser": [], "app": []}
    for process in psutil.Process().children(recursive=True):
        name = "browser" if "chrom" in process.name() else "app"
        found["lane" if process.pid == lane else name].append(process)
    return found


def put_on_table(page: Page, address: str) -> None:
    """The page with an episode of five classes on the table, and MetaNAS alone chosen."""
    page.goto(f"{address}/few_shot")
    page.get_by_role("button", name="Put it on the table").click()
    page.get_by_role("button", name="Adapt").wait_for()
    page.get_by_test_id("stMultiSelect").locator("input").focus()
    page.keyboard.press("Backspace")  # the second learner goes


def one_adaptation(page: Page, lane: int) -> dict[str, float]:
    """Press Adapt and wait until the page stands still; seconds from the press, and CPU seconds of each part."""
    before = {name: spent(processes) for name, processes in parts(lane).items()}
    page.get_by_role("button", name="Adapt").click()
    page.wait_for_function(STILL, polling=200)
    news = page.evaluate("() => window.news")
    cpu = {f"{name}_cpu_seconds": spent(processes) - before[name] for name, processes in parts(lane).items()}
    told = page.get_by_text(" adapted in ").first.inner_text()
    return {
        "seconds": (news["ended"] - news["click"]) / 1000,
        "seconds_until_still": (news["last"] - news["click"]) / 1000,
        "seconds_to_first_picture": news["pictures"][0] / 1000,
        "pictures": len(news["pictures"]),
        "lane_seconds": float(told.rpartition(" adapted in ")[2].split()[0]),
        **cpu,
    }


def run(rounds: int = 5, ready: str = "") -> dict[str, Any]:
    """Medians of ``rounds``. ``ready``: a file; it is made when all is warm, and measuring begins when it is gone."""
    start, folder = time.process_time(), Path(tempfile.mkdtemp()) / "workspace"
    Store.open(folder).engine.dispose()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with served(folder) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        page = chromium.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        page.add_init_script(WATCH)
        put_on_table(page, address)
        lane = json.loads((folder / ADDRESS_FILE).read_text())["pid"]
        found = [one_adaptation(page, lane) for _ in range(WARM_UPS)]
        wait_until_gone(ready)
        found = [one_adaptation(page, lane) for _ in range(rounds)]
        chromium.close()
    shutil.rmtree(folder.parent)
    figures = []
    for what in found[0]:
        values = [one[what] for one in found]
        unit = "" if what == "pictures" else "CPU s" if "cpu" in what else "s"
        limit = LIMIT if what == "seconds" else None
        interval = (min(values), max(values))
        figures.append(figure(what, round(median(values), 3), None, unit, n=rounds, interval=interval, limit=limit))
    return result("few-shot-page", figures, (time.process_time() - start) / 60)


def wait_until_gone(name: str) -> None:
    """Make the file and wait for somebody to remove it; nothing for no name."""
    if name:
        Path(name).touch()
        while Path(name).exists():
            time.sleep(0.1)


if __name__ == "__main__":
    printed(run())
