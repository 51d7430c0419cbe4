"""What Draws cost: 20 draws against one deterministic pass, and a 1 mm case scored, in time and memory.

The small architecture with random weights (time does not depend on them) on a real BraTS 2021 case (CC BY 4.0, see
``shared/data/README.md``), the same windows for both; each measurement in a child process of its own.
"""

import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

DRAWS = 20
REPEATS = 3


def data_folder() -> Path:
    """Where the shared real data lie (``ACTIVEDINTS_SHARED_DATA``, else ``../shared/data``)."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("ACTIVEDINTS_SHARED_DATA", default))


def score(folder: str, draws: int, threads: int, pipe: Any) -> None:
    """Child: predict the first case of an MSD folder; sends seconds per repeat, peak MB and the shape."""
    import nibabel
    import numpy as np
    import torch

    from activedints.core.settings import LabelSet, ScoreSettings
    from activedints.learn.model import Card, Model
    from activedints.learn.networks import shipped
    from activedints.learn.predict import predict

    channels = ("FLAIR", "T1w", "T1gd", "T2w")
    labels = LabelSet((0, 1, 2, 3), ("background", "edema", "non-enhancing", "enhancing"))
    card = Card(shipped("small"), channels, labels, None, (48, 48, 48), {"dropout": 0.2})
    torch.manual_seed(0)
    model = Model(card.build().eval().to(memory_format=torch.channels_last_3d), card)
    file = nibabel.as_closest_canonical(
        nibabel.load(sorted((data_folder() / folder / "imagesTr").glob("B*.nii.gz"))[0])
    )
    image = np.moveaxis(np.asarray(file.dataobj), -1, 0)
    spacing = tuple(float(mm) for mm in file.header.get_zooms()[:3])
    settings = ScoreSettings(draws=draws, threads=threads, device="cpu")
    seconds = []
    for _ in range(REPEATS if folder.endswith("2mm") else 1):
        began = time.perf_counter()
        predict(model, image, (image != 0).any(0), spacing, channels, settings)
        seconds.append(time.perf_counter() - began)
    pipe.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, image.shape))


def measure(folder: str, draws: int, threads: int) -> tuple[float, float, tuple[int, ...]]:
    """Best seconds, peak MB of the process, image shape."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=score, args=(folder, draws, threads, theirs))
    child.start()
    theirs.close()
    seconds, megabytes, shape = ours.recv()
    child.join()
    return min(seconds), megabytes, shape


def run(threads: int = 2) -> dict[str, Any]:
    """Figures of the ``draws`` benchmark."""
    began = time.perf_counter()
    one, _, _ = measure("brats2021_2mm", 1, threads)
    many, _, shape = measure("brats2021_2mm", DRAWS, threads)
    large, peak, large_shape = measure("brats2021_1mm", DRAWS, threads)
    _, peak_more, _ = measure("brats2021_1mm", 3 * DRAWS, threads)
    figures = [
        _figure(f"seconds_{DRAWS}_draws over one pass, {shape}", many / one, 1.6, "x"),
        _figure(f"seconds_1mm, {DRAWS} draws, {large_shape}", large, 60.0, "s"),
        _figure(f"peak_megabytes_1mm, {DRAWS} draws", peak, 3072.0, "MB"),
        _figure(f"peak memory of {3 * DRAWS} draws over {DRAWS}", peak_more / peak, 1.1, "x"),
    ]
    minutes = (time.perf_counter() - began) / 60 * threads
    return {
        "name": "draws",
        "cohort": "brats2021 (real, one case)",
        "figures": figures,
        "core_minutes": round(minutes, 2),
        "machine": f"{platform.processor() or platform.machine()}, {threads} threads of {os.cpu_count()} cores, CPU",
    }


def _figure(what: str, ours: float, bar: float, unit: str) -> dict[str, Any]:
    return {
        "what": what,
        "ours": round(ours, 3),
        "reference": bar,
        "ratio": round(bar / ours, 3),
        "unit": unit,
        "n": 1,
        "interval": None,
        "bar": f"<= {bar:g}",
        "holds": ours <= bar,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(), indent=1) + "\n")
