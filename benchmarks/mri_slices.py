"""Make the pack of simulated MRI slices: ``python -m benchmarks.mri_slices`` (about half a CPU minute)."""

import numpy as np

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import case_seed, simulate_case
from activedints.nas.measured.mri import PACK
from activedints.nas.measured.slicing import PLANES, graded, pictures

CASES, SLICES, SEED, SPACING = 96, 8, 8_000_000, 4.0


def case(index: int) -> dict[str, np.ndarray]:
    """One case's entries of the pack."""
    volume, labels, _ = simulate_case(CohortSettings(spacing=SPACING), case_seed(SEED, index))
    brain = volume.array.any(0)
    image, found = graded(volume.array, brain), {}
    for name in PLANES:
        shown, number = (image, SLICES) if name == "axial" else (image[[1, 3]], 3)
        made, rows = pictures(shown, brain, name, number)
        found[name] = np.round(np.clip(made, 0, 1) * 255).astype(np.uint8)
        if name == "axial":
            found |= lesions(labels.array[:, :, rows] > 0, brain[:, :, rows])
    return found


def lesions(foreground: np.ndarray, brain: np.ndarray) -> dict[str, np.ndarray]:
    """(x, y, slice) -> per cent of the slice's brain, and the side of the head that holds four fifths of the lesion."""
    area = np.maximum(brain.sum((0, 1)), 1)
    middle = np.flatnonzero(brain.any((1, 2))).mean()
    left = (foreground * (np.arange(len(foreground)) < middle)[:, None, None]).sum((0, 1))
    share = left / np.maximum(foreground.sum((0, 1)), 1)
    lesion = (100 * foreground.sum((0, 1)) / area).astype(np.float32)
    side = np.where(lesion < 0.5, 0, np.where(share > 0.8, -1, np.where(share < 0.2, 1, 0)))
    return {"lesion": lesion, "side": side.astype(np.int8)}


def main() -> None:
    parts = [case(index) for index in range(CASES)]
    np.savez_compressed(PACK, **{name: np.stack([part[name] for part in parts]) for name in parts[0]})
    print(f"{PACK}: {PACK.stat().st_size / 1024:.0f} kB of {CASES} cases")


if __name__ == "__main__":
    main()
