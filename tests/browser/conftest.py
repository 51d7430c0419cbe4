"""Chromium, and a server with nothing but the viewer on it."""

import os
from pathlib import Path

import pytest
from serving import FLAGS, chromium_path, free_port, serving


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium with software WebGL. Its absence skips these tests, and fails them where CI=true.

    One per module: Playwright's event loop must be gone before other tests run their own.
    """
    path = chromium_path()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing; install it (apt-get install chromium) to run the browser tests.")
        pytest.skip("Chromium is not installed, so the browser tests do not run.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def scans(tmp_path_factory) -> Path:
    """The folder of this module's case folders; tests fill it before they open a case."""
    return tmp_path_factory.mktemp("scans")


@pytest.fixture(scope="module")
def viewer_server(scans):
    """Base address of a server for this module's scans."""
    with serving(scans, free_port()) as address:
        yield address


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
