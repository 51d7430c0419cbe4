"""The README's pictures, taken from the running app on simulated cases: ``make screenshots``.

A workspace below .run/ is simulated, turned for a few cycles by the simulated reader and a real worker, and opened in
Chromium. It is kept, so that a second run only takes the pictures. No real scan is ever shown.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from activedints.loop import progress, reading, worklist
from activedints.loop.standing import standing
from activedints.store.database import Store
from activedints.worker.simulating import simulate_into

ROOT = Path(__file__).parents[1]
WORKSPACE = ROOT / ".run" / "screenshots"
IMAGES = ROOT / "docs" / "images"
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
SIZE = {"width": 1280, "height": 800}


def fill(cases: int, cycles: int) -> None:
    """Simulate cases and turn the loop, up to an open query with the drafts of a trained model."""
    store = Store.open(WORKSPACE)
    if cycles_of(store) > cycles:
        return
    fixed = str(max(2, cases // 6))
    simulate_into(store, cases, tell, holdout=fixed, calibration=fixed)
    while cycles_of(store) <= cycles:
        work()
        tell(0, 0, reading.simulate_reader(store))
        work()
    store.engine.dispose()


def cycles_of(store: Store) -> int:
    """Number of cycles of the active experiment, 0 while there is none."""
    return len(progress.view(store).cycles) if standing(store).experiment else 0


def tell(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
    print(message, flush=True)


def work() -> None:
    command = [sys.executable, "-m", "activedints", "worker", "--once", "--workspace", str(WORKSPACE)]
    subprocess.run(command, cwd=ROOT, check=True)


@contextmanager
def app() -> Iterator[str]:
    """The app on the filled workspace; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "activedints", "app", "--port", str(port), "--workspace", str(WORKSPACE)]
    served = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", served)
        yield f"http://127.0.0.1:{port}"
    finally:
        served.terminate()
        served.wait()


def wait_for(address: str, served: subprocess.Popen[bytes], patience: float = 90) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and served.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"The app did not answer at {address} within {patience:.0f} s.")


def screens() -> tuple[str, ...]:
    """Paths of the screens to take; the case is the asked one whose draft shows most."""
    store = Store.open(WORKSPACE)
    view = progress.view(store)
    volume = {row["case"]: row["predicted_ml"] for row in view.pool_of(view.scored_cycles[-1])}
    case = max(worklist.worklist(store, "Ada"), key=lambda item: volume.get(item.name, 0.0)).case_id
    return ("?reader=Ada", "worklist?reader=Ada", f"annotate?reader=Ada&case={case}", "progress?reader=Ada")


def take(page: Page, address: str, screen: str) -> Path:
    """One screen as a PNG."""
    page.goto(f"{address}/{screen}")
    name = screen.partition("?")[0] or "home"
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    if name == "annotate":
        page.locator('.viewer[data-state="ready"][data-channels]').wait_for()
        page.locator(".viewer").focus()
        page.keyboard.press("u")  # to the most uncertain spot
        page.wait_for_timeout(15_000)  # software rendering builds the 3-D view
    page.wait_for_timeout(3_000)  # lazy tables and charts
    page.wait_for_function("() => !document.querySelector('[data-testid=\"stSkeleton\"]')")
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").save(path, optimize=True)
    return path


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cases", type=int, default=14)
    options.add_argument("--cycles", type=int, default=3)
    chosen = options.parse_args()
    fill(chosen.cases, chosen.cycles)
    IMAGES.mkdir(parents=True, exist_ok=True)
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with app() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        page = chromium.new_page(viewport=SIZE)
        page.set_default_timeout(120_000)
        for screen in screens():
            print(take(page, address, screen).relative_to(ROOT))
        chromium.close()


if __name__ == "__main__":
    main()
