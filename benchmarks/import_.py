"""Seconds and peak memory of importing the eight real 2 mm cases into a fresh workspace, each run in a new process.

The reference is what a user would otherwise run to read them: nibabel and the same questions asked of ``get_fdata()``,
with nothing stored. Run: ``activedints bench import`` (needs ACTIVEDINTS_SHARED_DATA or ../shared/data).
"""

import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.arms import ROOT, shared_data
from benchmarks.figures import figure, printed, result

REPEATS = 3

OURS = """
import sys
from pathlib import Path
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store.database import Store
done = import_cases(Store.open(Path(sys.argv[2])), ImportRequest(Path(sys.argv[1]), holdout="2", calibration="2"))
assert len(done.imported) == 8
"""

NIBABEL = """
import json, sys
from pathlib import Path
import nibabel as nib, numpy as np
for entry in json.loads(Path(sys.argv[1], "dataset.json").read_text())["training"]:
    image, label = (nib.load(Path(sys.argv[1], entry[key])) for key in ("image", "label"))
    assert np.isfinite(image.get_fdata()).all() and image.shape[3] == 4
    assert image.shape[:3] == label.shape and np.allclose(image.affine, label.affine)
    assert set(np.unique(label.get_fdata())) <= {0, 1, 2, 3}
"""

PEAK = """
print(next(int(row.split()[1]) * 1024 for row in open("/proc/self/status") if row.startswith("VmHWM")))
"""
"""Not ``ru_maxrss``, which a process inherits from the one that started it."""


def measure(program: str) -> tuple[float, float]:
    """Best wall seconds (interpreter start included) and largest peak bytes of a few runs."""
    seconds, peaks = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as workspace:
            start = time.perf_counter()
            command = [sys.executable, "-c", program + PEAK, str(shared_data() / "brats2021_2mm"), workspace]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            seconds.append(time.perf_counter() - start)
            peaks.append(float(done.stdout))
    return min(seconds), max(peaks)


def run() -> dict[str, Any]:
    start = time.perf_counter()
    (ours, peak), (theirs, their_peak) = measure(OURS), measure(NIBABEL)
    figures = [
        figure("seconds", ours, theirs, "s", n=8, limit=8.0),
        figure("peak_bytes", peak, their_peak, "bytes", n=8, limit=2.0**30),
    ]
    return result("import", figures, (time.perf_counter() - start) / 60, "brats2021_2mm")


if __name__ == "__main__":
    printed(run())
