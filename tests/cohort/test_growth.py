"""Reaction-diffusion against a naive loop, its invariants, and what each phenotype consists of."""

import numpy as np
import pytest

from activedints.cohort.anatomy import grow_brain
from activedints.cohort.growth import Plan, front_growth, grow_tumour
from activedints.cohort.settings import FINDINGS, CohortSettings
from activedints.cohort.template import mni_template

SMALL = CohortSettings(spacing=4.0)


def seeded(size: int = 15) -> np.ndarray:
    start = np.zeros((size, size, size), np.float32)
    start[size // 2, size // 2, size // 2] = 1
    return start


def test_the_scheme_is_fisher_kpp_step_by_step() -> None:
    # front 2 mm on a 2 mm grid: D = 1 voxel^2, step = 0.9 / 6; four steps, then a loop over voxels as oracle
    start, medium = seeded(7), np.random.default_rng(0).uniform(0.2, 1, (7, 7, 7)).astype(np.float32)
    step = min(0.35, 0.9 / (6 * medium.max()))
    expected = start.astype(float)
    for _ in range(4):
        before = expected.copy()
        for at in np.ndindex(7, 7, 7):
            change = medium[at] * before[at] * (1 - before[at])
            for axis in range(3):
                for side in (-1, 1):
                    other = tuple(at[i] + side * (i == axis) for i in range(3))
                    if 0 <= other[axis] < 7:
                        change += np.sqrt(medium[at] * medium[other]) * (before[other] - before[at])
            expected[at] = before[at] + step * change
    grown = front_growth(start, medium, 2.0, 2.0, 0.5, voxels=10_000, most_steps=4)
    np.testing.assert_allclose(grown, expected, atol=1e-5)


def test_growth_stops_at_its_volume_and_stays_a_ball_where_all_is_equal() -> None:
    grown = front_growth(seeded(31), np.ones((31, 31, 31), np.float32), 2.0, 2.0, 0.5, voxels=800)
    inside = grown > 0.5
    assert 800 <= inside.sum() < 1400
    for axes in ((1, 0, 2), (2, 1, 0)):
        np.testing.assert_allclose(grown, grown.transpose(axes), atol=1e-5)
    assert 0 <= grown.min() <= grown.max() <= 1


def test_nothing_enters_what_is_blocked() -> None:
    medium = np.ones((15, 15, 15), np.float32)
    medium[9:] = 0
    grown = front_growth(seeded(), medium, 2.0, 2.0, 0.5, voxels=2000, most_steps=200)
    assert not grown[9:].any()
    assert grown[8].max() > 0.5


@pytest.mark.parametrize("phenotype", ["ring", "solid", "patchy", "non-enhancing"])
def test_what_a_phenotype_consists_of(phenotype: str) -> None:
    brain = grow_brain(SMALL, mni_template(), np.random.default_rng(0))
    tumour = grow_tumour(SMALL, brain, Plan(phenotype, "single", 60.0, 40.0), np.random.default_rng(2))
    millilitres = dict(zip(FINDINGS, tumour.fractions.sum((1, 2, 3)) * 0.064))
    core = millilitres["solid"] + millilitres["necrosis"] + millilitres["enhancing"]
    assert 45 < core < 120
    assert millilitres["edema"] > 10
    share = millilitres["enhancing"] / core
    low, high = {"ring": (0.03, 0.9), "solid": (0.6, 1), "patchy": (0.005, 0.45), "non-enhancing": (0, 0)}[phenotype]
    assert low <= share <= high
    assert tumour.fractions.sum(0).max() <= 1.0001
    np.testing.assert_allclose(tumour.brain.fractions.sum(0)[brain.mask], 1, atol=1e-3)


def test_a_healthy_brain_stays_as_it_is() -> None:
    brain = grow_brain(SMALL, mni_template(), np.random.default_rng(0))
    tumour = grow_tumour(SMALL, brain, Plan("healthy", "none", 0, 0), np.random.default_rng(0))
    assert tumour.brain is brain
    assert not tumour.fractions.any()
