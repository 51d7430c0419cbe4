import pytest

from activedints.core.cycle import FOLLOWS, Phase, check_phase
from activedints.core.errors import IllegalChange, InvalidLabels, InvalidSettings
from activedints.core.experiment import ExperimentSettings
from activedints.core.job import LEGAL_CHANGES, JobStatus, check_change
from activedints.core.settings import LabelSet

LABELS = LabelSet((0, 2, 5), ("background", "edema", "core"))


@pytest.mark.parametrize("old", JobStatus)
@pytest.mark.parametrize("new", JobStatus)
def test_job_status_changes_only_as_the_table_says(old, new):
    if new in LEGAL_CHANGES[old]:
        check_change(old, new)
    else:
        with pytest.raises(IllegalChange, match=f"{old} cannot become {new}"):
            check_change(old, new)


def test_a_finished_job_stays_finished():
    assert LEGAL_CHANGES[JobStatus.DONE] == frozenset()


@pytest.mark.parametrize("old", Phase)
def test_phases_follow_the_table(old):
    for new in Phase:
        if new in FOLLOWS[old]:
            check_phase(old, new)
        else:
            with pytest.raises(IllegalChange, match=f"phase {old} cannot go to {new}"):
                check_phase(old, new)


def test_experiment_settings_survive_json():
    settings = ExperimentSettings(("FLAIR", "T1w"), LABELS, seed=3, seconds=None, steps=5, spacing=1.5)
    assert ExperimentSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    "wrong", [{"budget": 0}, {"initial": -1}, {"draws": 0}, {"steps": 5}, {"seconds": None}, {"spacing": 40.0}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidSettings):
        ExperimentSettings(("FLAIR",), LABELS, **wrong)


@pytest.mark.parametrize("values", [(1, 2), (0,), (0, 2, 1), (0, 255), (0, 0)])
def test_label_sets_that_make_no_sense_are_refused(values):
    with pytest.raises(InvalidLabels):
        LabelSet(values, tuple("abc"[: len(values)]))
