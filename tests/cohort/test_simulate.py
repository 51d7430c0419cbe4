"""The simulated cohort: same seed same bits, independent cases, label rules, the MSD layout."""

import json
import time
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.cohort.anatomy import grow_brain
from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import case_seed, plan_case, simulate_case, simulate_cohort
from activedints.cohort.template import mni_template
from activedints.core.errors import Cancelled, InvalidSettings

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


def test_labels_lie_in_the_brain_and_sum_to_the_facts() -> None:
    for seed in range(6):
        volume, label, facts = simulate_case(SMALL, seed)
        brain = volume.array.any(0)
        assert not label.array[~brain].any()
        assert set(np.unique(label.array)) <= set(SMALL.label_set.values)
        millilitres = [round(float((label.array == value).sum()) * 0.064, 3) for value in (1, 2, 3)]
        assert list(facts["millilitres"].values()) == pytest.approx(millilitres)
        if facts["phenotype"] != "healthy":
            assert label.array.any()


def test_channels_and_labels_are_data() -> None:
    other = CohortSettings(
        spacing=4.0,
        channels=SMALL.channels[:2],
        labels=((4, "lesion", ("edema", "solid", "necrosis", "enhancing")),),
        phenotypes=(0, 1, 0, 0, 0),
    )
    volume, label, _ = simulate_case(other, 1)
    assert volume.channels == ("FLAIR", "T1w")
    assert set(np.unique(label.array)) == {0, 4}
    assert other.hash != SMALL.hash


def test_a_case_at_two_millimetres_takes_three_seconds_or_less() -> None:
    settings = CohortSettings()
    simulate_case(settings, 0)  # the template is read once
    begin = time.process_time()
    volume, _, _ = simulate_case(settings, 1)
    assert time.process_time() - begin < 6, "the bar is 3 s on an idle machine; twice that on a busy one"
    assert 60 <= volume.array.shape[1] <= 90
    np.testing.assert_allclose(volume.affine[:3, :3], 2 * np.eye(3))


@pytest.mark.slow
def test_one_millimetre_works() -> None:
    volume, label, _ = simulate_case(CohortSettings(spacing=1.0), 0)
    assert min(volume.array.shape[1:]) > 110
    assert label.array.any()


def test_a_folder_of_real_data_is_not_overwritten_and_an_old_cohort_is(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"name": "BraTS"}')
    with pytest.raises(InvalidSettings, match="not a simulated cohort"):
        simulate_cohort(tmp_path, 1, seed=0, settings=SMALL)
    assert not (tmp_path / "imagesTr").exists()
    again = tmp_path / "again"
    simulate_cohort(again, 1, seed=0, settings=SMALL)
    assert json.loads(simulate_cohort(again, 1, seed=1, settings=SMALL).read_text())["seed"] == 1


def test_a_cancelled_cohort_leaves_no_dataset(tmp_path: Path) -> None:
    def stop(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        if step == 1:
            raise Cancelled("asked to stop")

    with pytest.raises(Cancelled):
        simulate_cohort(tmp_path, 2, seed=0, settings=SMALL, report=stop)
    assert not (tmp_path / "dataset.json").exists()


def test_settings_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(InvalidSettings, match="summing to 1"):
        CohortSettings(phenotypes=(1, 1, 0, 0, 0))
    with pytest.raises(InvalidSettings, match="spacing"):
        CohortSettings(spacing=0)
    with pytest.raises(InvalidSettings, match="unknown tissues"):
        CohortSettings(labels=((1, "edema", ("oedema",)),))


def test_a_cohort_of_no_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="at least one case"):
        simulate_cohort(tmp_path, 0, seed=0)


def test_the_frozen_cohort_keeps_its_hash_and_another_hindbrain_gets_its_own() -> None:
    frozen = "6a0c82b485cdf6ef3e3cacea02f0171fd0736d11986e1dd747a82428b0596491"
    assert CohortSettings().hash == frozen
    assert replace(CohortSettings(), hindbrain=0.1).hash != frozen


def test_the_hindbrain_lies_below_and_behind_and_only_it_changes() -> None:
    brain = grow_brain(SMALL, mni_template(), np.random.default_rng(0))
    places = np.argwhere((brain.hindbrain > 0.5) & brain.mask) / np.array(brain.mask.shape)
    assert 0.05 < len(places) / brain.mask.sum() < 0.16
    assert places[:, 1].mean() < 0.45
    assert places[:, 2].mean() < 0.35
    plain, tinted = (simulate_case(replace(SMALL, hindbrain=h, noise=(0, 0)), 3)[0].array for h in (0.0, 0.3))
    changed = np.argwhere((np.abs(tinted - plain) > 0.02 * plain.max()).any(0)) / np.array(plain.shape[1:])
    assert len(changed) > 50
    assert changed[:, 2].max() < 0.6
