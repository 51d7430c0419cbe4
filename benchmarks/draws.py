"""What Draws cost: 20 draws against one deterministic pass, and a 1 mm case scored, in time and memory.

The small architecture with random weights (time does not depend on them) on a real BraTS 2021 case (CC BY 4.0, see
``shared/data/README.md``), the same windows for both; each measurement in a child process of its own.
"""

import multiprocessing
import resource
import time
from typing import Any

from benchmarks.arms import shared_data
from benchmarks.figures import figure, printed, result

DRAWS = 20
REPEATS = 3


def score(folder: str, draws: int, threads: int, pipe: Any) -> None:
    """Child: predict the first case of an MSD folder; sends seconds per repeat, peak bytes and the shape."""
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
        nibabel.load(sorted((shared_data() / folder / "imagesTr").glob("B*.nii.gz"))[0])
    )
    image = np.moveaxis(np.asarray(file.dataobj), -1, 0)
    spacing = tuple(float(mm) for mm in file.header.get_zooms()[:3])
    settings = ScoreSettings(draws=draws, threads=threads, device="cpu")
    seconds = []
    for _ in range(REPEATS if folder.endswith("2mm") else 1):
        began = time.perf_counter()
        predict(model, image, (image != 0).any(0), spacing, channels, settings)
        seconds.append(time.perf_counter() - began)
    pipe.send((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, image.shape))


def measure(folder: str, draws: int, threads: int) -> tuple[float, float, tuple[int, ...]]:
    """Best seconds, peak bytes of the process, image shape."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=score, args=(folder, draws, threads, theirs))
    child.start()
    theirs.close()
    seconds, peak, shape = ours.recv()
    child.join()
    return min(seconds), peak, shape


def run(threads: int = 2) -> dict[str, Any]:
    """Figures of the ``draws`` benchmark. Where the reference is a limit (60 s, 3 GB), its ``what`` says so."""
    began = time.perf_counter()
    one, _, _ = measure("brats2021_2mm", 1, threads)
    many, _, shape = measure("brats2021_2mm", DRAWS, threads)
    large, peak, large_shape = measure("brats2021_1mm", DRAWS, threads)
    _, peak_more, _ = measure("brats2021_1mm", 3 * DRAWS, threads)
    minutes = (time.perf_counter() - began) / 60 * threads
    found = [
        figure(f"seconds of {DRAWS} draws against one pass, {shape}", many, one, "s", bar=1 / 1.6),
        figure(f"seconds at 1 mm against the limit of 60, {DRAWS} draws, {large_shape}", large, 60.0, "s", bar=1.0),
        figure(f"peak_bytes at 1 mm against the limit of 3 GB, {DRAWS} draws", peak, 3e9, "bytes", bar=1.0),
        figure(f"peak_bytes of {3 * DRAWS} draws against {DRAWS}", peak_more, peak, "bytes", bar=1 / 1.1),
    ]
    return result("draws", found, minutes, "brats2021, one real case")


if __name__ == "__main__":
    printed(run())
