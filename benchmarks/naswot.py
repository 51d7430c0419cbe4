"""NASWOT on the true NAS-Bench-201 network: ``activedints bench naswot`` (resumable; about four CPU minutes).

16 channels, five cells a stage, 128 images of 3 x 32 x 32: seconds a network, and Kendall with NAS-Bench-201's accuracy
over ARCHITECTURES random live cells. CIFAR is not to be had here, so two kinds of other images are used and named:
white noise, and colour fields with the spectrum of natural scenes. Beside them the benchmark's own published NASWOT
values.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from activedints.nas.few_shot.functional import keep_heap
from activedints.nas.measured import image_sets, space, table
from activedints.nas.rank.agreement import agreement
from activedints.nas.rank.catalogue import open_benchmark
from activedints.nas.rank.naswot import Skeleton, naswot
from benchmarks.arms import remembered
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".run" / "naswot.jsonl"
ARCHITECTURES, IMAGES, SEED = 200, 128, 2026


def natural(rng: np.random.Generator) -> np.ndarray:
    """(128, 3, 32, 32) fields with amplitude 1 / f, correlated over colours, mean 0 and deviation 1."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(32), np.fft.fftfreq(32)))
    f[0, 0] = 1
    white = rng.standard_normal((IMAGES, 3, 32, 32))
    fields = np.fft.ifft2(np.fft.fft2(white) / f * (f < 1)).real
    mixed = np.einsum("dc,ncyx->ndyx", np.full((3, 3), 0.45) + 0.55 * np.eye(3), fields)
    return (mixed / mixed.std()).astype(np.float32)


def kept_scores(edges: np.ndarray, rows: np.ndarray) -> list[dict[str, float]]:
    """Scores of the cells on both kinds of images, from the file or made."""
    rng = np.random.default_rng(SEED)
    kinds = {"noise": rng.standard_normal((IMAGES, 3, 32, 32)).astype(np.float32), "natural": natural(rng)}
    done = [json.loads(line) for line in KEPT.read_text().splitlines()] if KEPT.is_file() else []
    KEPT.parent.mkdir(exist_ok=True)
    for row in rows[len(done) :]:
        said: dict[str, float] = {"row": int(row)}
        start = time.process_time()
        said["natural"] = naswot(edges[row], kinds["natural"], Skeleton(), 0)
        said["seconds"] = time.process_time() - start
        if len(done) < ARCHITECTURES // 4:
            said["noise"] = naswot(edges[row], kinds["noise"], Skeleton(), 0)
        done.append(said)
        with KEPT.open("a") as file:
            file.write(json.dumps(said) + "\n")
    return done


def on_the_table() -> list[float]:
    """Kendall of NASWOT with measured test accuracy on every data set of our own table."""
    measured, found = table.read(), []
    for name, test in zip(measured.names, measured.test):
        images = image_sets.image_set(name).train.images[:64, None]
        scores = [naswot(edges, images, Skeleton(8, 1, 2)) for edges in space.edges_of(measured.tokens)]
        found.append(agreement(np.nan_to_num(np.array(scores), neginf=-1e9), test).kendall)
    return found


def told(what: str, scores: np.ndarray, test: np.ndarray, beside: float | None = None) -> dict[str, Any]:
    """Kendall over the architectures that have a score; 95 % interval: they are resampled."""
    x, y = (values[np.isfinite(scores)] for values in (scores, test))
    if len(x) < 3:
        return figure(what, None, beside, "Kendall", n=len(x))
    rng = np.random.default_rng(0)
    draws = [agreement(x[rows], y[rows]).kendall or 0.0 for rows in rng.integers(len(x), size=(500, len(x)))]
    low, high = np.percentile(draws, [2.5, 97.5])
    return figure(what, agreement(x, y).kendall, beside, "Kendall", n=len(x), interval=(float(low), float(high)))


def run(number: int = ARCHITECTURES, ours: int = 1) -> dict[str, Any]:
    """The JSON object of ``activedints bench naswot``; ``--ours 0`` leaves our own table out."""
    torch.set_num_threads(1)
    keep_heap()
    began = time.process_time()
    default = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("ACTIVEDINTS_SHARED_DATA", default)) / "nas"
    benchmark = open_benchmark("nasbench201", folder)
    edges = benchmark.cells.edges
    alive = np.flatnonzero(space.live(space.tokens_of(edges)))
    done = kept_scores(edges, np.random.default_rng(SEED).permutation(alive)[:number])[:number]
    rows = np.array([said["row"] for said in done], int)
    test = benchmark.values("cifar10_test_200")[rows]
    published = benchmark.values("c10_nwot")[rows]
    theirs = told("kendall_published_scores", published, test)
    kinds = [np.array([said.get(kind, np.nan) for said in done]) for kind in ("natural", "noise")]
    seconds = [said["seconds"] for said in done]
    found = [
        figure(
            "seconds_a_network",
            float(np.mean(seconds)),
            None,
            "CPU s",
            n=len(seconds),
            interval=bootstrap(seconds),
            limit=1.3,
        ),
        told("kendall_natural_spectrum_images", kinds[0], test, theirs["ours"]),
        told("kendall_white_noise_images", kinds[1], test, theirs["ours"]),
        theirs,
    ]
    if ours:
        taus = remembered(f"naswot-table-{int(np.isfinite(table.read().runs['test']).sum())}", on_the_table)
        found.append(
            figure("kendall_on_our_table", float(np.mean(taus)), None, "Kendall", n=len(taus), interval=bootstrap(taus))
        )
    spent = (time.process_time() - began) / 60
    return keep(result("naswot", found, spent), "activedints bench naswot")


if __name__ == "__main__":
    printed(run())
