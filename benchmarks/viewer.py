"""How fast the viewer shows, draws and saves, in Chromium without a graphics card, served on loopback.

First pictures are of a real 2 mm case (the shared data); saving and the tools are measured at 240 x 240 x 155 with four
simulated channels of noise, the worst case for compression. Run: ``activedints bench viewer``. There is no reference:
no other labelling tool runs inside Streamlit.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import nibabel as nib
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import scribbles
from benchmarks.arms import ROOT, shared_data
from benchmarks.figures import figure, printed, result

sys.path.insert(0, str(ROOT / "tests" / "browser"))
from driving import drag, press
from scans import affine_of, write_case
from serving import FLAGS, chromium_path, free_port, serving

FULL = (240, 240, 155)
CASES = 6
SPENT = """
window.spent = { move: [], frame: [] }
const timed = (run, list) => function (...given) {
  const start = performance.now()
  try { return run.apply(this, given) } finally { window.spent[list].push(performance.now() - start) }
}
const listen = EventTarget.prototype.addEventListener
EventTarget.prototype.addEventListener = function (name, run, ...rest) {
  return listen.call(this, name, name === "pointermove" && run ? timed(run, "move") : run, ...rest)
}
const frame = window.requestAnimationFrame.bind(window)
window.requestAnimationFrame = (run) => frame(timed(run, "frame"))
"""
"""Times the script of every pointer event and of every frame drawn."""
MARKS = "name => performance.getEntriesByName(name).at(-1)?.startTime ?? 0"


def real_case(folder: Path, number: int) -> None:
    """Case ``number`` of the shared 2 mm set as the viewer's test page reads it, with its own labels as the draft."""
    data = shared_data() / "brats2021_2mm"
    facts = json.loads((data / "dataset.json").read_text())
    entry = facts["training"][number % len(facts["training"])]
    image, label = nib.load(data / entry["image"]), nib.load(data / entry["label"])
    voxels, labels = np.asanyarray(image.dataobj), np.asanyarray(label.dataobj).astype(np.uint8)
    channels = {name: np.ascontiguousarray(voxels[..., i]) for i, name in enumerate(["FLAIR", "T1w", "T1gd", "T2w"])}
    heat = (labels > 0).astype(np.float32)
    write_case(folder / str(number), channels, image.affine, label=labels, heat=heat, next=number + 1)


def full_case(folder: Path, number: int) -> None:
    """Four channels of noise inside an ellipsoid at 240 x 240 x 155, with a draft of 60 mL."""
    affine = affine_of("LPS", FULL, spacing=(1.0, 1.0, 1.0))
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in FULL), indexing="ij"))
    inside = (grid**2).sum(0) < 0.7
    rng = np.random.default_rng(0)
    images = {f"channel{i}": (rng.normal(900, 60, FULL) * inside).clip(0).astype(np.int16) for i in range(4)}
    label = (((grid - 0.2) ** 2).sum(0) < 0.05).astype(np.uint8)
    heat = (rng.random(FULL) * inside).astype(np.float32)
    write_case(folder / str(number), images, affine, label=label, heat=heat)


def fresh(browser: Browser, address: str, case: int) -> tuple[Page, float]:
    """A new profile with the case open; the page, and seconds from navigation to ready."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(SPENT)
    page.set_default_timeout(120_000)
    start = time.perf_counter()
    page.goto(f"{address}/?case={case}")
    wait(page, case)
    return page, time.perf_counter() - start


def wait(page: Page, case: int, more: str = "") -> None:
    page.locator(f'.viewer[data-state="ready"][data-case="{case}"]{more}').wait_for()


def first_pictures(browser: Browser, address: str) -> dict[str, list[float]]:
    """Seconds by name, once per real case; the files of a case are converted by its first opening, as in real use."""
    seconds: dict[str, list[float]] = {"navigation": [], "mount": [], "channels": [], "server": [], "next": []}
    for case in range(CASES - 1):
        page, _ = fresh(browser, address, case)
        wait(page, case, "[data-channels]")
        page.wait_for_timeout(200)
        opened, picture, complete = (
            page.evaluate(MARKS, f"viewer-{mark}") for mark in ("opened", "picture", "complete")
        )
        seconds["navigation"].append(picture / 1000)
        seconds["mount"].append((picture - opened) / 1000)
        seconds["channels"].append((complete - opened) / 1000)
        entries = page.evaluate(
            "performance.getEntriesByType('resource').filter(e => e.name.includes('/volumes/'))"
            ".map(e => [e.startTime, e.responseEnd - e.startTime])"
        )
        seconds["server"].append(min(entries)[1] / 1000)
        start = time.perf_counter()
        page.get_by_role("button", name="Submit").click()
        wait(page, case + 1)
        seconds["next"].append(time.perf_counter() - start)
        page.context.close()
    return seconds


def full_size(browser: Browser, address: str, folder: Path, case: int) -> dict[str, float]:
    """Bytes to the first picture, seconds from the click on submit to the file on disk, and milliseconds of script per
    event of a stroke (its handler and its frame, 95th percentile of each), at full size."""
    page, _ = fresh(browser, address, case)
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.includes('/volumes/')).map(e => e.transferSize)"
    )
    wait(page, case, "[data-channels]")
    press(page, "a", "b", *["]"] * 9, "Shift+f")  # a round brush of 15 mm, in 3-D
    box = page.locator('canvas[data-plane="axial"]').bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate("window.spent = { move: [], frame: [] }")
    drag(page, (x, y), (x + 120, y + 60), (x - 100, y + 40))
    page.wait_for_timeout(500)
    spent = page.evaluate("window.spent")
    page.evaluate("document.addEventListener('click', () => { window.clicked = Date.now() }, true)")
    page.get_by_role("button", name="Submit").click()
    file = folder / str(case) / "submit.nii.gz"
    while not file.exists():
        time.sleep(0.005)
    saved = file.stat().st_mtime - page.evaluate("window.clicked") / 1000
    page.context.close()
    return {
        "bytes": float(sizes[0]),
        "saved": saved,
        "move": sum(float(np.percentile(times, 95)) for times in spent.values()),
    }


def tools() -> dict[str, float]:
    """Milliseconds of the tools at full size, in Node (the same engine as the browser's): no screen takes part."""
    script = Path(__file__).with_name("viewer_tools.mjs")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def run() -> dict[str, Any]:
    """All figures. Medians of five real cases; the full-size ones are of one case."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        for number in range(CASES):
            real_case(folder, number)
        full_case(folder, 99)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        with serving(folder, free_port()) as address:
            fresh(chromium, address, CASES - 1)[0].context.close()  # the server's own first page is not the viewer's
            seconds = first_pictures(chromium, address)
            full = full_size(chromium, address, folder, 99)
        chromium.close()
    node = tools()
    middle = {name: round(median(values), 3) for name, values in seconds.items()}
    figures = [
        figure("first-picture/navigation", middle["navigation"], None, "s", n=CASES - 1, limit=6.0),
        figure("first-picture/mount", middle["mount"], None, "s", n=CASES - 1, limit=4.0),
        figure("first-picture/next-case", middle["next"], None, "s", n=CASES - 1, limit=4.0),
        figure("first-picture/server", middle["server"], None, "s", n=CASES - 1, limit=0.3),
        figure("four-channels", middle["channels"], None, "s", n=CASES - 1, limit=12.0),
        figure("full-size/bytes", full["bytes"], None, "bytes", limit=4e6),
        figure("full-size/submit-to-file", round(full["saved"], 3), None, "s", limit=0.6),
        figure("full-size/stroke-event", round(full["move"], 2), None, "ms", limit=50.0),
        *(figure(f"full-size/{name}", value, None, "ms", limit=limit) for name, value, limit in tool_bars(node)),
        *scribbles.figures(),
        figure("bundle/bytes", bundle_bytes(), None, "bytes", limit=1.2e6),
    ]
    return result("viewer", figures, (time.process_time() - start) / 60, "brats2021_2mm")


def bundle_bytes() -> float:
    (bundle,) = (ROOT / "activedints/ui/viewer/frontend/build").glob("viewer-*.js")
    return float(bundle.stat().st_size)


def tool_bars(node: dict[str, float]) -> list[tuple[str, float, float]]:
    limits = {"brush": 50.0}
    return [(name, round(value, 1), limits.get(name, 500.0)) for name, value in node.items()]


if __name__ == "__main__":
    printed(run())
