"""Eight simulated slices beside eight real ones, label contours on top: look at them before you believe the cohort.

    python benchmarks/draw_cohort.py --real ../shared/data/brats2021_2mm --out /tmp/cohort.png

The picture shows real scans: never commit it.
"""

import argparse
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import anatomy_files, case_seed, simulate_case

ROWS = 8
Slice = tuple[str, npt.NDArray[np.float32], npt.NDArray[np.uint8]]
"""Name, channels of one axial slice (channel, x, y), its label (x, y)."""


def widest(label: npt.NDArray[np.uint8], skip: int = 0) -> int:
    """Index of the axial slice with most label, moved ``skip`` voxels; the middle one where there is no label."""
    extent = (label > 0).sum((0, 1))
    best = int(extent.argmax()) if extent.any() else label.shape[2] // 2
    return int(np.clip(best + skip, 0, label.shape[2] - 1))


def simulated(settings: CohortSettings, seed: int, anatomies: tuple[Path, ...]) -> list[Slice]:
    rows = []
    for index in range(ROWS):
        volume, label, facts = simulate_case(settings, case_seed(seed, index), anatomies)
        at = widest(label.array)
        name = f"simulated {index}: {facts['phenotype']}, {facts['extent']}"
        rows.append((name, volume.array[..., at].astype(np.float32), label.array[..., at]))
    return rows


def real(folder: Path, cases: list[str]) -> list[Slice]:
    """Two slices of each named case, or one of each of the first eight."""
    entries = json.loads((folder / "dataset.json").read_text())["training"]
    chosen = [entry for entry in entries if not cases or any(case in entry["image"] for case in cases)][:ROWS]
    rows = []
    for number in range(ROWS):
        entry = chosen[number % len(chosen)]
        image, label = (nib.as_closest_canonical(nib.load(folder / entry[kind])) for kind in ("image", "label"))
        array, drawn = np.asarray(image.dataobj, np.float32), np.asarray(label.dataobj).astype(np.uint8)
        at = widest(drawn, skip=8 * (number // len(chosen)))
        rows.append((Path(entry["image"]).name.split(".")[0], np.moveaxis(array[:, :, at], -1, 0), drawn[:, :, at]))
    return rows


def draw(left: list[Slice], right: list[Slice], out: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    channels = len(left[0][1])
    figure, axes = plt.subplots(ROWS, 2 * channels, figsize=(4 * channels, 2.3 * ROWS), facecolor="black")
    for row, pair in enumerate(zip(left, right)):
        for side, (name, array, label) in enumerate(pair):
            for channel, plane in enumerate(array):
                axis = axes[row, side * channels + channel]
                top = np.percentile(plane[plane > 0], 99.5) if plane.any() else 1
                axis.imshow(plane.T, origin="lower", cmap="gray", vmin=0, vmax=top)
                for value, colour in ((1, "tab:orange"), (2, "tab:cyan"), (3, "yellow")):
                    if channel == 0 and (label == value).any():
                        axis.contour((label == value).T, [0.5], colors=colour, linewidths=0.7)
            axes[row, side * channels].set_title(name, color="white", fontsize=7, loc="left")
    for axis in axes.flat:
        axis.axis("off")
    figure.subplots_adjust(0, 0, 1, 0.985, 0.01, 0.08)
    figure.savefig(out, dpi=70, facecolor="black")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", type=Path, required=True, help="a data set in MSD layout")
    parser.add_argument("--cases", nargs="*", default=[], help="draw only the real cases whose names hold one of these")
    parser.add_argument("--anatomies", type=Path, help="folder of FreeSurfer-style label maps (default: MNI152)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    anatomies = anatomy_files(arguments.anatomies) if arguments.anatomies else ()
    draw(simulated(CohortSettings(), arguments.seed, anatomies), real(arguments.real, arguments.cases), arguments.out)


if __name__ == "__main__":
    main()
