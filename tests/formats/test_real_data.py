"""The real scans: read, checked, and their label maps written back bit for bit."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from activedints.formats.brain import brain_mask
from activedints.formats.names import subject_key
from activedints.formats.nifti import read_labelmap, read_volume, write_labelmap
from activedints.formats.source import read_dataset


@pytest.mark.parametrize(("name", "cases", "labels"), [("brats2021_2mm", 8, 3), ("brats2021_1mm", 4, 3), ("ms", 2, 1)])
def test_every_real_case_is_usable(tmp_path: Path, shared_data: Path, name: str, cases: int, labels: int) -> None:
    found = read_dataset(shared_data / name)
    assert not found.problems
    assert len(found.cases) == cases
    assert found.channels == ("FLAIR", "T1w", "T1gd", "T2w")
    assert found.labels is not None
    assert len(found.labels.foreground) == labels
    case = found.cases[-1]
    volume = read_volume(case)
    truth = nib.as_closest_canonical(nib.load(case.images[0]))
    np.testing.assert_array_equal(volume.array, np.moveaxis(truth.get_fdata(dtype=np.float32), 3, 0))
    np.testing.assert_allclose(volume.affine, truth.affine)
    assert case.label is not None
    label = read_labelmap(case.label, like=case.images[0])
    write_labelmap(tmp_path / "back.nii.gz", label, like=case.images[0])
    before, after = nib.load(case.label), nib.load(tmp_path / "back.nii.gz")
    np.testing.assert_array_equal(np.asarray(after.dataobj), np.asarray(before.dataobj))
    np.testing.assert_array_equal(after.affine, before.affine)
    mask, how = brain_mask(volume)
    assert "not zero" in how
    assert 0.35 < mask.mean() < 0.55
    assert (label.array[~mask] > 0).mean() < 0.001


def test_one_patient_in_two_data_sets_is_noticed(shared_data: Path) -> None:
    coarse, fine = (
        {subject_key(c.name) for c in read_dataset(shared_data / n).cases} for n in ("brats2021_2mm", "brats2021_1mm")
    )
    assert fine < coarse
    assert len(coarse) == 8
