"""The interactive lane: one warm child per worker, its imports done and the newest checkpoint loaded.

Questions come over loopback as one line of JSON with the workspace's secret, and are answered in one line: no durable
row, no waiting behind a training. ``interactive.json`` in the workspace says where the lane listens.
"""

import os
import subprocess
import sys
from pathlib import Path

from activedints.loop.asking import ADDRESS_FILE


class InteractiveLane:
    """Starts the warm child on entry and ends it on exit; a child that died is started again by ``ensure``."""

    def __init__(self, workspace: Path, device: str, wanted: bool = True):
        self.workspace, self.device, self.wanted = workspace, device, wanted
        self.child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "InteractiveLane":
        self.ensure()
        return self

    def ensure(self) -> None:
        """Have a living child, if one is wanted."""
        if self.wanted and (self.child is None or self.child.poll() is not None):
            words = [str(self.workspace), self.device, str(os.getpid())]
            self.child = subprocess.Popen([sys.executable, "-m", "activedints.worker.interactive", *words])

    def __exit__(self, *_: object) -> None:
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            (self.workspace / ADDRESS_FILE).unlink(missing_ok=True)
