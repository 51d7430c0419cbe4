"""kill -9 at ten random moments of a search: every restart resumes, the alphas end where the whole search ended."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from activedints.core.job import silent
from activedints.learn.search import search
from tests.learn.test_search import CASES, QUICK
from tests.learn.toy import CHANNELS, LABELS

LONG = QUICK.__class__(**{**QUICK.__dict__, "steps": 400, "evaluate_every": 20, "checkpoint_every": 0.0})
KILLS = 10


def whole_search(folder: Path) -> None:
    search(CASES, CHANNELS, LABELS, LONG, silent, folder)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_at_random_moments_it_ends_in_the_same_alphas(tmp_path: Path):
    whole_search(tmp_path / "whole")
    expected = json.loads((tmp_path / "whole" / "history.json").read_text())
    folder, chance, kills = tmp_path / "killed", random.Random(0), 0
    call = f"from pathlib import Path; from {__name__} import whole_search; whole_search(Path({str(folder)!r}))"
    while True:
        child = subprocess.Popen([sys.executable, "-c", call], cwd=Path(__file__).parents[2])
        moment = reached(folder) + 1 + chance.randrange(10)
        while kills < KILLS and child.poll() is None and reached(folder) < moment:
            time.sleep(0.01)
        if kills < KILLS and child.poll() is None:
            time.sleep(chance.random() * 0.2)
            child.send_signal(signal.SIGKILL)
            child.wait()
            kills += 1
            continue
        assert child.wait() == 0
        break
    found = json.loads((folder / "history.json").read_text())
    assert kills == KILLS
    assert found["final"] == expected["final"]
    assert [e["alphas"] for e in found["evaluations"]] == [e["alphas"] for e in expected["evaluations"]]
    assert found["reason"] == expected["reason"]


def reached(folder: Path) -> int:
    """Step of the newest checkpoint."""
    return max((int(p.stem.split("-")[1]) for p in folder.glob("checkpoint-*.pt")), default=0)
