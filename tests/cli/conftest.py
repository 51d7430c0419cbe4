"""A verb, run as a person calls it."""

import sys
from collections.abc import Callable

import pytest

from activedints.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> Run:
    """Run a verb in this process: (exit code, stdout, stderr)."""
    monkeypatch.setenv("ACTIVEDINTS_WORKSPACE", str(tmp_path / "workspace"))

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["activedints", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        out = capsys.readouterr()
        return code, out.out, out.err

    return call
