"""A server with nothing but the viewer on it, and the browser that looks at it; the viewer's benchmark uses both."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]
"""WebGL falls back to software; with --use-angle=swiftshader the page itself would be drawn so too, 20 x slower."""


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
