"""What one scribble corrects, and how fast: labels of the shared real cases, spoilt in three ways, and one line each.

Spoilt: a third of the tumour cut off at a random plane ("cut"), a false ball beside it ("ball"), half of the third
label given to the first ("swap"). The scribble is a straight line through the largest slice of the largest error. The
settings of ``learn.refine`` were chosen on the 2 mm cases; the 1 mm cases, of the same patients, are measured here.
"""

import json
import time
from pathlib import Path
from statistics import fmean, median
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage

from activedints.learn.refine import refine
from benchmarks.arms import shared_data
from benchmarks.figures import bootstrap, figure

SIDE = 64


def spoilt(image: np.ndarray, label: np.ndarray, kind: str, random: np.random.Generator) -> np.ndarray | None:
    """A label map (x, y, z) with one kind of error in it; None where the case cannot have it."""
    draft, places = label.copy(), np.argwhere(label > 0)
    if kind == "cut":
        along = places @ random.normal(size=3)
        draft[tuple(places[along > np.percentile(along, 70)].T)] = 0
    elif kind == "ball":
        about = ndimage.binary_dilation(label > 0, iterations=3) & (label == 0) & (image[0] > 0)
        spots = np.argwhere(about)
        middle = spots[random.integers(len(spots))]
        away = np.linalg.norm(np.stack(np.indices(label.shape), -1) - middle, axis=-1)
        draft[(away < 10) & (label == 0) & (image[0] > 0)] = 1
    else:
        places = np.argwhere(label == 3)
        if len(places) < 400:
            return None
        along = places @ random.normal(size=3)
        draft[tuple(places[along > np.median(along)].T)] = 1
    return draft


def line(wrong: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, int] | None:
    """A scribble (x, y, z) bool through the largest error, and the label that is right there."""
    places, count = ndimage.label(wrong)
    sizes = ndimage.sum_labels(wrong, places, range(1, count + 1))
    largest = places == 1 + int(np.argmax(sizes))
    slice_ = int(np.argmax(largest.sum((0, 1))))
    points = np.argwhere(largest[:, :, slice_])
    centre = points.mean(0)
    way = np.linalg.svd(points - centre, full_matrices=False)[2][0]
    along = (points - centre) @ way
    drawn = np.zeros(wrong.shape, bool)
    for t in np.linspace(*np.percentile(along, [15, 85]), 80):
        for step in ((0, 0), (0, 1), (1, 0)):
            x, y = np.round(centre + t * way).astype(int) + step
            drawn[x, y, slice_] = largest[x, y, slice_]
    if not drawn.any():
        return None
    value = int(np.bincount(label[drawn]).argmax())
    return drawn & (label == value), value


def trials(folder: Path) -> list[tuple[float, float, float]]:
    """(share of the wrong voxels in the box corrected, wall seconds, CPU seconds) of every case and kind of error."""
    found, random = [], np.random.default_rng(0)
    for entry in json.loads((folder / "dataset.json").read_text())["training"]:
        scan = nib.load(folder / entry["image"])
        image = np.moveaxis(np.asarray(scan.dataobj), -1, 0).astype(np.float32)
        label = np.asarray(nib.load(folder / entry["label"]).dataobj).astype(np.uint8)
        sizes = tuple(float(s) for s in np.linalg.norm(scan.affine[:3, :3], axis=0))
        for kind in ("cut", "ball", "swap"):
            draft = spoilt(image, label, kind, random)
            scribble = None if draft is None else line(draft != label, label)
            if draft is None or scribble is None:
                continue
            drawn, value = scribble
            middle = np.argwhere(drawn).mean(0).astype(int)
            low = np.clip(middle - SIDE // 2, 0, np.maximum(0, np.array(label.shape) - SIDE))
            box = tuple(slice(a, a + SIDE) for a in low)
            wall, cpu = time.perf_counter(), time.process_time()
            after = refine(image[(slice(None), *box)], draft[box], drawn[box], value, sizes)
            spent = time.perf_counter() - wall, time.process_time() - cpu
            before = int((draft[box] != label[box]).sum())
            found.append((1 - int((after != label[box]).sum()) / before, *spent))
    return found


def figures() -> list[dict[str, Any]]:
    """Figures of the 1 mm cases: seconds of a 64^3 box with four channels, and what one scribble corrects."""
    found = trials(shared_data() / "brats2021_1mm")
    gains = [gain for gain, _, _ in found]
    n = len(found)
    return [
        figure("scribble/seconds", round(median(wall for _, wall, _ in found), 3), None, "s", n=n, limit=1.0),
        figure("scribble/cpu-seconds", round(median(cpu for _, _, cpu in found), 3), None, "s", n=n),
        figure("scribble/corrected", round(fmean(gains), 3), None, "share", n=n, interval=bootstrap(gains)),
        figure("scribble/worst", round(min(gains), 3), None, "share", n=n),
    ]
