"""The simulated cohort: same seed same bits, independent cases, label rules, the MSD layout."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import case_seed, plan_case, simulate_case, simulate_cohort
from activedints.core.errors import InvalidSettings

SMALL = CohortSettings(spacing=4.0)


def test_one_seed_gives_one_case() -> None:
    first, second = simulate_case(SMALL, 7), simulate_case(SMALL, 7)
    np.testing.assert_array_equal(first[0].array, second[0].array)
    np.testing.assert_array_equal(first[1].array, second[1].array)
    assert first[2] == second[2]
    assert not np.array_equal(first[0].affine, simulate_case(SMALL, 8)[0].affine)


def test_a_cohort_has_the_msd_layout_and_a_case_does_not_depend_on_the_count(tmp_path: Path) -> None:
    two = simulate_cohort(tmp_path / "two", 2, seed=5, settings=SMALL)
    simulate_cohort(tmp_path / "one", 1, seed=5, settings=SMALL)
    for part in ("imagesTr", "labelsTr"):
        assert (tmp_path / "two" / part / "sim_0000.nii.gz").read_bytes() == (
            tmp_path / "one" / part / "sim_0000.nii.gz"
        ).read_bytes()
    dataset = json.loads(two.read_text())
    assert dataset["modality"] == {"0": "FLAIR", "1": "T1w", "2": "T1gd", "3": "T2w"}
    assert dataset["labels"] == {
        "0": "background",
        "1": "edema",
        "2": "non-enhancing tumor",
        "3": "enhancing tumour",
    }
    assert (dataset["simulated"], dataset["cohort"], dataset["seed"], dataset["hash"]) == (
        True,
        "cohort-v1",
        5,
        SMALL.hash,
    )
    for entry in dataset["training"]:
        image, label = nib.load(tmp_path / "two" / entry["image"]), nib.load(tmp_path / "two" / entry["label"])
        assert image.shape[:3] == label.shape
        assert image.shape[3] == 4
        assert image.get_data_dtype() == np.int16
        np.testing.assert_array_equal(image.affine, label.affine)
    assert not list((tmp_path / "two").rglob("*.partial"))


def test_healthy_cases_have_no_label_and_the_corners_are_empty() -> None:
    healthy = next(seed for seed in range(100) if plan_case(SMALL, seed).healthy)
    volume, label, facts = simulate_case(SMALL, healthy)
    assert facts["phenotype"] == "healthy"
    assert not label.array.any()
    assert np.isfinite(volume.affine).all()
    assert not volume.array[:, [0, -1]].any()


def test_every_phenotype_and_extent_appears() -> None:
    plans = [plan_case(CohortSettings(), case_seed(0, index)) for index in range(41)]
    assert {plan.phenotype for plan in plans} == {"healthy", "ring", "solid", "patchy", "non-enhancing"}
    assert {plan.extent for plan in plans} == {"none", "single", "small", "multifocal", "bilateral"}


def test_a_cohort_of_no_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="at least one case"):
        simulate_cohort(tmp_path, 0, seed=0)
