"""Chromium, and a server with nothing but the viewer on it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium with software WebGL. Its absence skips these tests, and fails them where CI=true."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing; install it (apt-get install chromium) to run the browser tests.")
        pytest.skip("Chromium is not installed, so the browser tests do not run.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def scans(tmp_path_factory) -> Path:
    """The folder of this module's case folders; tests fill it before they open a case."""
    return tmp_path_factory.mktemp("scans")


@pytest.fixture(scope="module")
def viewer_server(scans):
    """Base address of a server for this module's scans."""
    with serving(scans, free_port()) as address:
        yield address


class serving:
    """A viewer server as a context manager, so that a test may also kill and restart one."""

    def __init__(self, scans: Path, port: int) -> None:
        self.scans, self.port = scans, port

    def __enter__(self) -> str:
        root = HERE.parents[1]
        environment = os.environ | {"ACTIVEDINTS_TEST_SCANS": str(self.scans), "PYTHONPATH": str(root)}
        command = [sys.executable, str(HERE / "serve_viewer.py"), str(self.port)]
        self.process = subprocess.Popen(command, env=environment, cwd=root)
        address = f"http://127.0.0.1:{self.port}"
        for _ in range(300):
            if self.process.poll() is not None:
                raise RuntimeError("The viewer's test server ended before it answered.")
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
                return address
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("The viewer's test server did not answer within 60 s.")

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def page(browser):
    """A fresh browser profile of 1280 x 800; errors of the page fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert not faults
