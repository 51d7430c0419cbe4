"""Labels from fractions by hand; images that are zero outside the brain and never inside it."""

from dataclasses import replace

import numpy as np

from activedints.cohort.contrast import acquire, label_array, tints
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


def seen(settings: CohortSettings, fractions: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    plain = np.ones((4, *mask.shape), np.float32)
    return acquire(settings, fractions, 20.0 * mask.astype(np.float32), plain, np.random.default_rng(0))


def test_zero_means_outside_the_brain() -> None:
    fractions, mask = ball()
    images, faults = seen(replace(CohortSettings(), missing=0.0), fractions, mask)
    assert images.shape == (4, 20, 20, 20)
    assert images.dtype == np.int16
    assert "missing" not in faults.values()
    np.testing.assert_array_equal(images > 0, np.broadcast_to(mask, images.shape))


def test_a_missing_channel_is_all_zero_and_said() -> None:
    fractions, mask = ball()
    images, faults = seen(replace(CohortSettings(), missing=1.0), fractions, mask)
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
    images, _ = seen(quiet, fractions, mask)
    ratio = [image[fluid].mean() / image[mask & ~fluid].mean() for image in images]
    assert ratio[0] < 0.8
    assert ratio[1] < 0.8
    assert ratio[3] > 1.3


def test_the_hindbrain_has_a_brightness_of_its_own_mostly_shared_by_channels() -> None:
    hindbrain = np.zeros((2, 1, 1), np.float32)
    hindbrain[0] = 1
    settings = replace(CohortSettings(), hindbrain=0.2)
    drawn = np.array([tints(settings, hindbrain, np.random.default_rng(seed)) for seed in range(400)])
    assert (drawn[:, :, 1] == 1).all()
    own = drawn[:, :, 0, 0, 0]
    assert 0.18 < own.std() < 0.24
    assert np.corrcoef(own[:, 0], own[:, 3])[0, 1] > 0.7
    assert (tints(CohortSettings(), hindbrain, np.random.default_rng(0)) == 1).all()
