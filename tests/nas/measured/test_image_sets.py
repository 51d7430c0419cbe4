"""Data sets that are made from their names."""

from pathlib import Path

import numpy as np
import pytest

from activedints.core.errors import InvalidFile, NotFound
from activedints.nas.measured import image_sets, mri
from activedints.nas.measured.nuisances import Nuisance, coarsened

SOME = ("digits", "orientation", "dots", "MRI side", "tails")


def test_the_catalogue_is_as_large_as_it_must_be() -> None:
    assert len(image_sets.NAMES) == len(set(image_sets.NAMES)) >= 40
    thrice = [image_sets.family_of(name) for name in image_sets.THRICE]
    assert set(thrice) == set(image_sets.FAMILIES)
    assert 4 * len(thrice) >= len(image_sets.NAMES)


@pytest.mark.parametrize("name", SOME)
def test_a_set_is_normalised_labelled_and_always_the_same(name: str) -> None:
    made = image_sets.image_set(name)
    again = image_sets.built(image_sets.CATALOGUE[image_sets.NAMES.index(name)], 1000 + image_sets.NAMES.index(name))
    assert np.array_equal(made.test.images, again.test.images)
    assert made.train.images.shape[1:] == (16, 16)
    assert abs(float(made.train.images.mean())) < 1e-3
    assert float(made.train.images.std()) == pytest.approx(1, abs=1e-3)
    for part in (made.train, made.validation, made.test):
        assert set(part.labels.tolist()) == set(range(made.classes))


def test_a_support_has_every_class() -> None:
    made = image_sets.image_set("MRI side")
    support = made.support(20, np.random.default_rng(0))
    assert support.shape == (2, 20, 16, 16)
    rows = {image.tobytes() for image in made.train.images[made.train.labels == 1]}
    assert all(image.tobytes() in rows for image in support[1])


def test_no_simulated_patient_is_in_two_parts() -> None:
    cases = [range(96)[part] for part in image_sets.MRI_CASES.values()]
    assert sorted(case for part in cases for case in part) == list(range(len(mri.read().axial)))


def test_mirroring_swaps_the_side() -> None:
    raw = image_sets.slices(mri.side, "swap")(0)
    assert abs(int((raw["train"][1] == 0).sum()) * 2 - len(raw["train"][1])) <= 0


def test_nuisances_by_hand() -> None:
    ramp = np.tile(np.arange(16.0), (1, 16, 1))
    assert coarsened(ramp, 2)[0, 0].tolist() == [3.5] * 8 + [11.5] * 8
    flat = np.zeros((200, 16, 16))
    rng = np.random.default_rng(0)
    assert Nuisance(noise=0.5).apply(flat, rng).std() == pytest.approx(0.5, abs=0.01)
    assert 60 < (Nuisance(inverted=True).apply(flat, rng).max((1, 2)) == 1).sum() < 140
    assert not flat.any()


def test_an_unknown_set_and_a_damaged_pack_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no data set 'cats'"):
        image_sets.image_set("cats")
    (tmp_path / "pack.npz").write_bytes(b"no zip")
    with pytest.raises(InvalidFile, match=r"pack\.npz is no pack"):
        mri.read(tmp_path / "pack.npz")
