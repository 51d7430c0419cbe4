"""The study runner on toy brains: shared cells, resuming, bad input, regions, the report."""

import dataclasses
import json
import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from activedints.core.errors import ActiveDintsError, EmptyPool, InvalidLabels, InvalidSettings
from activedints.core.job import silent
from activedints.learn import embedding
from activedints.worker.study import cell, runner
from activedints.worker.study.arms import initial_set, pending, replay
from activedints.worker.study.dataset import PER_CASE, load, split
from activedints.worker.study.plan import Arm, Plan, claim_folder
from activedints.worker.study.results import summarised
from activedints.worker.study.runner import run_study
from tests.brains import write_dataset

SMALL = {
    "cycles": 2,
    "budget": 1,
    "initial": 1,
    "holdout": 1,
    "calibration": 1,
    "steps": 1,
    "patch": 16,
    "spacing": 4.0,
}


def plan_of(brains, *strategies, **changes) -> Plan:
    arms = tuple(Arm(name) for name in strategies or ("entropy", "foreground-random"))
    return Plan(dataset=str(brains), arms=arms, **{"seeds": (0, 1), **SMALL, **changes})


@pytest.fixture(scope="module")
def finished(brains, tmp_path_factory):
    """A whole little study: two strategies, two seeds, two cycles."""
    folder = tmp_path_factory.mktemp("study") / "first"
    plan = plan_of(brains)
    return plan, folder, run_study(plan, folder)


def test_cycle_0_is_computed_once_per_seed_and_the_same_start_holds_for_all(finished, brains):
    plan, folder, _ = finished
    data = load(plan)
    starts = {(arm.name, seed): initial_set(data, arm, seed, {}) for arm in plan.arms for seed in plan.seeds}
    assert starts["entropy", 0] == starts["foreground-random", 0]
    cells = [json.loads(path.read_text()) for path in (folder / "cells").glob("*.json")]
    assert sum(found["cycle"] == 0 for found in cells) == 2
    assert {found["steps"] for found in cells} == {1}
    assert not pending(data, folder, plan, {})


def test_the_tables_are_tidy_and_the_report_stands_alone(finished):
    _, folder, summary = finished
    rows, queries = (pd.read_parquet(folder / f"{name}.parquet") for name in ("results", "queries"))
    assert len(rows) == 2 * 2 * 2 * 4  # arms x seeds x cycles x (two labels, any foreground, the mean)
    assert {"arm", "seed", "cycle", "volumes", "voxels", "minutes", "label", "dice", "n"} <= set(rows.columns)
    assert set(rows[rows.cycle == 1].volumes) == {2.0}
    assert len(queries) == 2 * 2 * 2
    page = (folder / "report.html").read_text()
    assert "<script src=" not in page
    assert len(page) > 1_000_000, "plotly is inside"
    (words,) = [w for w in summary["sentences"] if w.startswith("After 2 cycles entropy") and "foreground-aware" in w]
    assert "2 seeds" in words
    assert words in page
    assert any("that control was not run" in w for w in summary["sentences"]), "plain random is missing and it is said"


def made_up(arm: Arm, height: float) -> list[dict[str, object]]:
    """Two cycles of two seeds, all at one Dice."""
    kept = {"arm": arm.name, "label": "mean over labels", "dice": height, "voxels": 0.0, "minutes": 0.0, "n": 1}
    spent = ((0, 4.0), (1, 6.0))
    return [kept | {"seed": s, "cycle": c, "volumes": v, "cpu_seconds": 1.0} for s in (0, 1) for c, v in spent]


def test_an_arm_is_held_against_the_control_that_differs_in_the_strategy_alone(brains):
    heights = {
        Arm("entropy", start="starter"): 0.6,
        Arm("foreground-random", start="starter"): 0.5,
        Arm("entropy"): 0.4,
        Arm("foreground-random"): 0.3,
        Arm("entropy", regime="joint"): 0.9,
    }
    plan = dataclasses.replace(plan_of(brains), arms=tuple(heights))
    ended = {arm.name: {0, 1} for arm in heights}
    told = summarised(plan, [row for arm, height in heights.items() for row in made_up(arm, height)], [], ended)
    found = {row["arm"]: row["difference"] for row in told["differences"]}
    assert found == pytest.approx({"entropy, starter": 0.1, "entropy": 0.1})
    (joint,) = [w for w in told["sentences"] if "entropy, joint" in w and "foreground-aware" in w]
    assert "that control was not run" in joint, "the control of another regime is none"


def test_a_finished_study_is_read_again_without_a_training(finished, monkeypatch):
    plan, folder, summary = finished
    monkeypatch.setattr(runner, "compute", lambda *_, **__: pytest.fail("a cell was computed"))
    again = run_study(plan, folder)
    assert again == summary


def test_a_killed_study_goes_on_and_ends_in_the_same_figures(finished, brains, tmp_path, monkeypatch):
    plan, _, summary = finished
    computed = []

    def dies(*arguments, **options):
        if len(computed) == 2:
            raise KeyboardInterrupt
        computed.append(arguments[0].key)
        cell.compute(*arguments, **options)

    monkeypatch.setattr(runner, "compute", dies)
    with pytest.raises(KeyboardInterrupt):
        run_study(plan, tmp_path / "s")
    monkeypatch.undo()
    again = run_study(plan, tmp_path / "s")
    assert [row["dice"] for row in again["bands"]] == [row["dice"] for row in summary["bands"]]
    assert again["queries"] == summary["queries"]


def test_an_arm_that_compares_cases_joins_a_study_whose_cells_hold_no_embedding(finished, brains, tmp_path):
    _, folder, summary = finished
    shutil.copytree(folder, tmp_path / "s")
    grown = run_study(plan_of(brains, "k-centre"), tmp_path / "s")
    assert grown["finished"]["k-centre"] == 2
    before = [row for row in grown["bands"] if row["arm"] in ("entropy", "foreground-random")]
    assert [row["dice"] for row in before] == [row["dice"] for row in summary["bands"]]


def test_more_seeds_and_arms_join_a_study_and_other_settings_are_refused(brains, tmp_path):
    plan = plan_of(brains, "entropy", seeds=(0,))
    claim_folder(tmp_path / "s", plan)
    grown = claim_folder(tmp_path / "s", plan_of(brains, "random", seeds=(1,)))
    assert [arm.name for arm in grown.arms] == ["entropy", "random"]
    assert grown.seeds == (0, 1)
    with pytest.raises(InvalidSettings, match=r"holds another study \(steps 1 there, 9 here\)"):
        claim_folder(tmp_path / "s", dataclasses.replace(plan, steps=9))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidSettings, match="neither empty nor a study"):
        claim_folder(tmp_path / "other", plan)
    (tmp_path / "other" / "plan.json").write_text("[]")
    with pytest.raises(InvalidSettings, match="is not a study's plan"):
        claim_folder(tmp_path / "other", plan)


BAD_PLANS = [
    ({"arms": (Arm("bold"),)}, "no strategy 'bold'; choose one of"),
    ({"arms": (Arm("variance"),)}, "needs draws and the study makes one deterministic pass"),
    ({"arms": (Arm("entropy", "sideways"),)}, "no such regime"),
    ({"arms": (Arm("k-centre"),), "unit": "region"}, "compares whole volumes"),
    ({"arms": ()}, "one strategy and one seed or more"),
    ({"seeds": (1, 1)}, "named twice"),
    ({"unit": "slice"}, "not for 'slice'"),
    ({"budget": 0}, "positive number"),
    ({"budget_unit": "minutes"}, "measured minutes per case"),
    ({"cycles": 0}, "must lie in 1 to 1,000"),
    ({"spacing": float("nan")}, "spacing must lie in 0.2 to 10 mm"),
    ({"source": "dice"}, "no source of draws 'dice'"),
]


def test_a_refused_study_leaves_its_folder_free(brains, tmp_path):
    for changes in ({"dataset": str(tmp_path / "no")}, {"architecture": "huge"}, {"holdout": 6}):
        with pytest.raises(ActiveDintsError):
            run_study(dataclasses.replace(plan_of(brains, "random"), **changes), tmp_path / "s")
        assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(("changes", "rule"), BAD_PLANS, ids=[rule for _, rule in BAD_PLANS])
def test_a_bad_plan_is_one_sentence(brains, changes, rule):
    with pytest.raises(InvalidSettings, match=rule):
        dataclasses.replace(plan_of(brains), **changes)


def test_data_that_cannot_be_studied_is_one_sentence(brains, tmp_path):
    plan = plan_of(brains)
    with pytest.raises(EmptyPool, match="which an initial set of 4 uses up"):
        load(dataclasses.replace(plan, initial=4))
    with pytest.raises(InvalidSettings, match="holdout names"):
        load(dataclasses.replace(plan, holdout_names=("nobody",)))
    data = load(plan)
    coreless = tuple(dataclasses.replace(c, label=np.minimum(c.label, 1)) for c in data.cases)
    with pytest.raises(InvalidLabels, match="No case to learn from has a voxel of 'core'"):
        split(coreless, data.channels, data.labels, plan)
    unlabelled = write_dataset(tmp_path / "u", 2)
    facts = json.loads((unlabelled / "dataset.json").read_text())
    facts["training"] = [{"image": entry["image"]} for entry in facts["training"]]
    (unlabelled / "dataset.json").write_text(json.dumps(facts))
    with pytest.raises(ActiveDintsError):
        load(dataclasses.replace(plan, dataset=str(unlabelled)))


def test_a_pool_smaller_than_the_budget_is_taken_whole_and_ends_the_arm(brains, tmp_path):
    plan = plan_of(brains, "random", seeds=(0,), budget=50, cycles=4)
    summary = run_study(plan, tmp_path / "s")
    steps = replay(load(plan), tmp_path / "s", plan.arms[0], 0, {})
    assert [len(step.queried) for step in steps] == [1, 3]
    assert summary["finished"] == {"random": 1}


def test_regions_are_asked_for_and_the_rest_is_ignored(brains, tmp_path):
    plan = plan_of(brains, "clasp-pe", unit="region", side=14, budget=2, seeds=(0,))
    data = load(plan)
    assert len(data.boxes) > len(data.learning)
    summary = run_study(plan, tmp_path / "s")
    first, second = replay(data, tmp_path / "s", plan.arms[0], 0, {})
    assert len(second.queried) == 2
    whole = {candidate // PER_CASE for candidate in first.queried}
    learning = cell.training_cases(data, second.cell.labelled)
    partly = [c for c in learning if (c.label == 255).any()]
    assert len(learning) == len(whole | {c // PER_CASE for c in second.queried})
    assert len(partly) == len({c // PER_CASE for c in second.queried} - whole)
    assert all(row["low"] is not None for row in summary["queries"] if row["cycle"] == 1)
    assert data.volumes(second.queried[0]) < 1
    assert sum(data.volumes(c) for c in data.whole(data.learning[0])) == pytest.approx(1)


def test_cold_start_by_typicality_needs_no_label_and_is_repeatable(brains, tmp_path, monkeypatch):
    monkeypatch.setattr(embedding, "STEPS", 12)
    plan = dataclasses.replace(plan_of(brains), arms=(Arm("random", cold="typicality"),), seeds=(0,))
    data = load(plan)
    first = runner.cold_embedding(data, tmp_path, silent)
    assert set(first) == {case * PER_CASE for case in data.learning}
    assert initial_set(data, plan.arms[0], 0, first) == initial_set(data, plan.arms[0], 0, first)
    kept = runner.cold_embedding(data, tmp_path, silent)
    assert all(np.array_equal(first[case], kept[case]) for case in first)


def test_more_boxes_than_numbers_are_refused_before_anything_is_computed(tmp_path):
    """Box 1,000 of a case would bear the number of the next case's first box, which may be a holdout case."""
    plan = plan_of(write_dataset(tmp_path / "large", 6, size=(32, 32, 32)), "random", unit="region", side=2)
    with pytest.raises(InvalidSettings, match=r"Case brain_\d has 1,\d\d\d Regions of 2 voxels.*choose a larger side"):
        run_study(plan, tmp_path / "s")
    assert not (tmp_path / "s").exists()
    data = load(dataclasses.replace(plan, side=4))
    assert {number // PER_CASE for number in data.candidates} == set(data.learning)


def test_a_brain_mask_that_comes_with_the_data_is_used(tmp_path):
    folder = write_dataset(tmp_path / "masked", 6)
    facts = json.loads((folder / "dataset.json").read_text())
    for entry in facts["training"]:
        image = nib.load(folder / entry["image"])
        mask = np.zeros(image.shape[:3], np.uint8)
        mask[8:16, 8:20, 6:14] = 1
        entry["brain"] = entry["image"].replace("imagesTr/", "brain_of_")
        nib.save(nib.Nifti1Image(mask, image.affine), folder / entry["brain"])
    (folder / "dataset.json").write_text(json.dumps(facts))
    assert {int(case.brain.sum()) for case in load(plan_of(folder)).cases} == {8 * 12 * 8}
