import json
import shutil

import numpy as np
import pytest

from activedints.core.cycle import Role
from activedints.core.errors import DuplicateCase, InvalidFile, InvalidSettings
from activedints.loop.experiments import active_settings
from activedints.loop.exporting import export_all
from activedints.loop.importing import ImportRequest, import_cases
from activedints.loop.views import status
from activedints.store import annotations, cases
from activedints.store.database import Store

EVERYBODY = {f"brain_{i}" for i in range(6)}


def roles(store):
    with store.read() as session:
        experiment = cases.active_experiment(session)
        return {role: [c.name for c in cases.members(session, experiment.id, role)] for role in Role}


def test_import_makes_a_default_experiment_and_keeps_files_and_roles(store, brains):
    done = import_cases(store, ImportRequest(brains, labels="none", holdout="brain_0,brain_3", calibration="1"))
    assert done.imported == tuple(f"brain_{i}" for i in range(6))
    assert roles(store)[Role.HOLDOUT] == ["brain_0", "brain_3"]
    assert len(roles(store)[Role.CALIBRATION]) == 1
    shown = status(store)
    assert shown["counts"] == {"labelled": 0, "pool": 3, "calibration": 1, "holdout": 2}
    assert shown["metrics"] == {"dice": {}, "any_foreground_dice": None, "n": 0}
    with store.read() as session:
        case = cases.case_named(session, "brain_0")
        assert store.files.path(case.images[0]).read_bytes() == (brains / "imagesTr/brain_0.nii.gz").read_bytes()
        assert case.channels == ["FLAIR", "T1w"]
        assert "not zero in some channel" in case.brain_how


def test_drawn_roles_depend_on_the_seed_alone(tmp_path, brains):
    from activedints.store.database import Store

    drawn = []
    for name in ("a", "b"):
        store = Store.open(tmp_path / name)
        import_cases(store, ImportRequest(brains, holdout="2", calibration="2"))
        drawn.append(roles(store))
        store.engine.dispose()
    assert drawn[0] == drawn[1]
    assert not set(drawn[0][Role.HOLDOUT]) & set(drawn[0][Role.CALIBRATION])


@pytest.mark.parametrize(
    ("labels", "annotated"),
    [("none", set()), ("brain_1,brain_2", {"brain_1", "brain_2"}), ("fixed", {"brain_0"}), ("all", EVERYBODY)],
)
def test_labels_says_whose_label_files_become_annotations(store, brains, labels, annotated):
    import_cases(store, ImportRequest(brains, labels=labels, holdout="brain_0"))
    with store.read() as session:
        experiment = cases.active_experiment(session)
        newest = annotations.newest_of_each(session, experiment.id)
        assert {cases.case(session, c).name for c in newest} == annotated
        assert {a.source for a in newest.values()} <= {"import"}


def unchanged(store):
    with store.read() as session:
        return cases.all_cases(session) == [] and cases.experiments(session) == []


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"holdout": "-3"}, "The holdout must be 0 or more cases, or their names; it is -3: give one"),
        ({"holdout": "7"}, "holdout of 7 cases is larger than the 6 labelled cases"),
        ({"holdout": "nobody"}, "holdout names .'nobody'., which are not among"),
        ({"holdout": "brain_1", "calibration": "brain_1"}, "cannot be holdout and calibration at once"),
        ({"labels": "brain_9"}, "--labels names .'brain_9'., which have no label file"),
    ],
)
def test_impossible_roles_are_refused_and_nothing_is_written(store, brains, request_, sentence):
    with pytest.raises(InvalidSettings, match=sentence):
        import_cases(store, ImportRequest(brains, **request_))
    assert unchanged(store)


def test_one_bad_case_refuses_all_unless_it_may_be_skipped(store, brains, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(brains, broken)
    image = broken / "imagesTr/brain_2.nii.gz"
    image.write_bytes(image.read_bytes()[:200])
    with pytest.raises(InvalidFile, match="brain_2.nii.gz"):
        import_cases(store, ImportRequest(broken))
    assert unchanged(store)
    done = import_cases(store, ImportRequest(broken, skip_bad=True))
    assert len(done.imported) == 5
    assert list(done.left_out) == ["brain_2"]


def test_a_name_that_is_there_already_is_refused(store, brains):
    import_cases(store, ImportRequest(brains))
    with pytest.raises(DuplicateCase, match="6 of these 6 .* brain_2 and 3 more.*at another voxel size") as told:
        import_cases(store, ImportRequest(brains))
    assert "import them into another workspace, or rename them" in str(told.value)


def test_a_known_patient_is_warned_about(store, shared_data):
    import_cases(store, ImportRequest(shared_data / "brats2021_2mm"))
    from activedints.formats.names import subject_key

    assert subject_key("BraTS2021_00006") == subject_key("BraTS2021_00006_1mm")
    with pytest.raises(DuplicateCase):
        import_cases(store, ImportRequest(shared_data / "brats2021_1mm"))


def test_another_label_set_belongs_in_another_workspace(store, brains, shared_data):
    from activedints.core.errors import ActiveDintsError

    import_cases(store, ImportRequest(brains))
    with pytest.raises(ActiveDintsError, match="labels|channels"):
        import_cases(store, ImportRequest(shared_data / "ms"))


def test_the_stored_brain_mask_lies_on_the_image_grid(store, brains):
    import nibabel as nib

    import_cases(store, ImportRequest(brains))
    with store.read() as session:
        case = cases.case_named(session, "brain_1")
        mask, image = nib.load(store.files.path(case.brain)), nib.load(store.files.path(case.images[0]))
    assert np.array_equal(mask.affine, image.affine)
    assert np.array_equal(np.asarray(mask.dataobj) > 0, (np.asarray(image.dataobj) != 0).any(-1))


def test_a_simulated_data_set_stays_called_simulated_through_export_and_import(store, brains, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(brains, source)
    facts = json.loads((source / "dataset.json").read_text())
    (source / "dataset.json").write_text(json.dumps(facts | {"simulated": True}))
    import_cases(store, ImportRequest(source, labels="all"))
    for kind in ("msd", "nnunet"):
        export_all(store, tmp_path / kind, kind)
        again = Store.open(tmp_path / f"again-{kind}")
        import_cases(again, ImportRequest(next((tmp_path / kind).rglob("dataset.json")).parent))
        with again.read() as session:
            assert all(case.simulated for case in cases.all_cases(session))
            assert active_settings(again).simulated
        again.engine.dispose()
