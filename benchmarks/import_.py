"""Seconds and peak memory of reading and checking the eight real 2 mm cases, in a process of its own.

The reference is what a user would otherwise run: nibabel and the same questions asked of ``get_fdata()``.
Run: ``activedints bench import`` (needs ACTIVEDINTS_SHARED_DATA or ../shared/data).
"""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("ACTIVEDINTS_SHARED_DATA", ROOT.parent / "shared" / "data")) / "brats2021_2mm"
REPEATS = 3

OURS = """
from pathlib import Path
from activedints.formats.source import read_dataset
found = read_dataset(Path(FOLDER))
assert len(found.cases) == 8 and not found.problems
"""

NIBABEL = """
import json
from pathlib import Path
import nibabel as nib, numpy as np
for entry in json.loads(Path(FOLDER, "dataset.json").read_text())["training"]:
    image, label = (nib.load(Path(FOLDER, entry[key])) for key in ("image", "label"))
    assert np.isfinite(image.get_fdata()).all() and image.shape[3] == 4
    assert image.shape[:3] == label.shape and np.allclose(image.affine, label.affine)
    assert set(np.unique(label.get_fdata())) <= {0, 1, 2, 3}
"""

TAIL = """
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(program: str) -> tuple[float, float]:
    """Best wall seconds (interpreter start included) and largest peak memory in MB of a few runs."""
    seconds, peaks = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        code = f"FOLDER = {str(DATA)!r}\n{program}{TAIL}"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
        peaks.append(int(done.stdout) / 1024)
    return min(seconds), max(peaks)


def run() -> dict[str, object]:
    """The JSON object of ``activedints bench import``."""
    start = time.perf_counter()
    (ours, our_peak), (theirs, their_peak) = measure(OURS), measure(NIBABEL)

    def figure(what: str, mine: float, other: float, unit: str, bar: float) -> dict[str, object]:
        return {
            "what": what,
            "ours": round(mine, 3),
            "reference": round(other, 3),
            "ratio": round(other / mine, 2),
            "unit": unit,
            "n": 8,
            "interval": None,
            "bar": bar,
            "holds": mine <= bar,
        }

    return {
        "name": "import",
        "cohort": "brats2021_2mm",
        "figures": [
            figure("seconds", ours, theirs, "s", 8.0),
            figure("peak_bytes", our_peak * 2**20, their_peak * 2**20, "bytes", 2**30),
        ],
        "core_minutes": round((time.perf_counter() - start) / 60, 3),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
    }


if __name__ == "__main__":
    print(json.dumps(run()))
