"""Heads: fractions that sum to one, brains of an ordinary size, label maps as an alternative, bad ones refused."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.cohort.anatomy import grow_brain
from activedints.cohort.settings import ANATOMY, CohortSettings
from activedints.cohort.simulate import anatomy_files, simulate_case
from activedints.cohort.template import label_template, mni_template
from activedints.core.errors import InvalidFile, NotFound

SMALL = CohortSettings(spacing=4.0)


@pytest.mark.parametrize("seed", range(4))
def test_fractions_fill_the_brain_and_nothing_else(seed: int) -> None:
    brain = grow_brain(SMALL, mni_template(), np.random.default_rng(seed))
    total = brain.fractions.sum(0)
    np.testing.assert_allclose(total[brain.mask], 1, atol=1e-4)
    assert not total[~brain.mask].any()
    assert 1000 < brain.mask.sum() * 0.064 < 2300, "mL of a head without its skull"
    millilitres = dict(zip(ANATOMY, brain.fractions.sum((1, 2, 3)) * 0.064))
    assert 4 < millilitres["ventricle"] < 120
    assert 300 < millilitres["white"] < 950
    assert millilitres["cortex"] > millilitres["deep grey"] > 10


def test_the_margin_is_empty_and_the_brain_touches_it() -> None:
    brain = grow_brain(SMALL, mni_template(), np.random.default_rng(1))
    assert not brain.mask[:2].any()
    assert brain.mask[2].any()
    assert not brain.mask[..., -2:].any()
    assert brain.mask[..., -3].any()


def ball(path: Path) -> Path:
    """A head of 60 mm: white matter in cortex in fluid, a ventricle in the middle."""
    grid = np.indices((40, 40, 40)) - 19.5
    radius = np.sqrt((grid**2).sum(0)) * 2
    labels = np.select([radius < 8, radius < 22, radius < 28, radius < 32], [4, 2, 3, 24], 0)
    nib.save(nib.Nifti1Image(labels.astype(np.int16), np.diag([2.0, 2, 2, 1])), path)
    return path


def test_a_label_map_serves_as_anatomy(tmp_path: Path) -> None:
    path = ball(tmp_path / "ball.nii.gz")
    template = label_template(path)
    middle = tuple(np.array(template.maps.shape[1:]) // 2)
    assert template.maps[(ANATOMY.index("ventricle"), *middle)] > 200
    brain = grow_brain(CohortSettings(spacing=3.0), template, np.random.default_rng(0))
    assert 70 < brain.mask.sum() * 0.027 < 250
    _, _, facts = simulate_case(CohortSettings(spacing=3.0), 5, anatomy_files(tmp_path))
    assert facts["anatomy"] == "ball"


def test_an_unreadable_label_map_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no NIfTI label map"):
        anatomy_files(tmp_path)
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"")
    with pytest.raises(InvalidFile, match=r"broken\.nii\.gz cannot be read"):
        label_template(broken)
    nib.save(nib.Nifti1Image(np.zeros((9, 9, 9), np.int16), np.eye(4)), tmp_path / "empty.nii.gz")
    with pytest.raises(InvalidFile, match="no brain"):
        label_template(tmp_path / "empty.nii.gz")
