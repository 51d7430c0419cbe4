"""Labels from fractions by hand; images that are zero outside the brain and never inside it."""

from dataclasses import replace

import numpy as np

from activedints.cohort.contrast import acquire, label_array
from activedints.cohort.settings import TISSUES, CohortSettings


def voxel(**fractions: float) -> list[float]:
    return [fractions.get(tissue.replace(" ", "_"), 0.0) for tissue in TISSUES]


def test_the_label_is_what_fills_half_of_a_voxel() -> None:
    voxels = [
        voxel(white=1.0),
        voxel(white=0.6, edema=0.4),
        voxel(white=0.3, edema=0.7),
        voxel(edema=0.4, solid=0.3, necrosis=0.3),
        voxel(necrosis=0.4, enhancing=0.6),
        voxel(white=0.5, spot=0.5),
    ]
    labels = label_array(CohortSettings(), np.array(voxels, np.float32).T.reshape(-1, 6, 1, 1))
    assert labels.ravel().tolist() == [0, 0, 1, 2, 3, 0]


def ball() -> tuple[np.ndarray, np.ndarray]:
    grid = np.indices((20, 20, 20)) - 9.5
    mask = (grid**2).sum(0) < 64
    fractions = np.zeros((len(TISSUES), 20, 20, 20), np.float32)
    fractions[TISSUES.index("white")] = mask
    return fractions, mask


def test_zero_means_outside_the_brain() -> None:
    fractions, mask = ball()
    images, faults = acquire(
        replace(CohortSettings(), missing=0.0), fractions, 20.0 * mask.astype(np.float32), np.random.default_rng(0)
    )
    assert images.shape == (4, 20, 20, 20)
    assert images.dtype == np.int16
    assert "missing" not in faults.values()
    np.testing.assert_array_equal(images > 0, np.broadcast_to(mask, images.shape))


def test_a_missing_channel_is_all_zero_and_said() -> None:
    fractions, mask = ball()
    images, faults = acquire(
        replace(CohortSettings(), missing=1.0), fractions, 20.0 * mask.astype(np.float32), np.random.default_rng(0)
    )
    assert set(faults) == {"FLAIR", "T1w", "T1gd"}, "the last channel of a case is never missing"
    assert not images[:3].any()
    assert images[3].any()


def test_fluid_is_dark_on_flair_and_bright_on_t2() -> None:
    fractions, mask = ball()
    fluid = np.zeros_like(mask)
    fluid[8:12, 8:12, 8:12] = True
    fractions[TISSUES.index("white")][fluid] = 0
    fractions[TISSUES.index("ventricle")][fluid] = 1
    quiet = replace(CohortSettings(), missing=0.0, bad=0.0, thick_slices=0.0, mean_jitter=(0.0, 0.0), gamma=0.0)
    images, _ = acquire(quiet, fractions, 20.0 * mask.astype(np.float32), np.random.default_rng(0))
    ratio = [image[fluid].mean() / image[mask & ~fluid].mean() for image in images]
    assert ratio[0] < 0.8
    assert ratio[1] < 0.8
    assert ratio[3] > 1.3
