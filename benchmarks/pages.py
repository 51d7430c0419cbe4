"""How long a screen takes to answer: click in the menu -> the screen stands, in Chromium, on a simulated workspace.

The bar is 1 s a screen. Run: ``activedints bench pages`` (the workspace of ``benchmarks/screenshots.py`` is used).
"""

import shutil
import time
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright

from activedints.ui.menu import groups
from benchmarks.figures import figure, printed, result
from benchmarks.screenshots import FLAGS, SIZE, app, fill

SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
LIMIT = 1.0


def seconds_to(page: Page, title: str) -> float:
    """From the click on a menu entry to the screen's own words, with its script at rest."""
    link = page.get_by_role("link", name=title, exact=True)
    start = time.perf_counter()
    link.click()
    page.get_by_role("heading", name=title, exact=True).first.wait_for()
    page.locator(SETTLED).wait_for()
    return time.perf_counter() - start


def run(rounds: int = 3) -> dict[str, Any]:
    """One figure per screen: the median of ``rounds`` visits, after one that warms up."""
    start = time.process_time()
    fill(cases=14, cycles=3)
    titles = [screen.title for screens in groups().values() for screen in screens if screen.title != "Annotate"]
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with app() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        page = chromium.new_page(viewport=SIZE)
        page.set_default_timeout(60_000)
        page.goto(f"{address}/?reader=Ada")
        page.locator(SETTLED).wait_for()
        visits = [{title: seconds_to(page, title) for title in titles} for _ in range(rounds + 1)][1:]
        chromium.close()
    figures = [
        figure(f"seconds/{title}", round(median(v[title] for v in visits), 3), None, "s", n=rounds, limit=LIMIT)
        for title in titles
    ]
    return result("pages", figures, (time.process_time() - start) / 60, "simulated")


if __name__ == "__main__":
    printed(run())
