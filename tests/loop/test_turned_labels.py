"""Files whose axes run in another order or direction than their image's: the same voxels, from import to export."""

from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform
from scipy.spatial.transform import Rotation

from activedints.loop import commands, opening, reading
from activedints.loop.answering import answer_from
from activedints.loop.exporting import export_all
from activedints.loop.importing import ImportRequest, annotate_from_reference, import_cases
from activedints.loop.reading import Submission
from activedints.store import annotations, cases
from tests.brains import LPS, brain, write_dataset

SIZE = (14, 16, 12)
TILT = np.eye(4)
TILT[:3, :3] = Rotation.from_euler("xyz", (20, -15, 10), degrees=True).as_matrix()
OBLIQUE = TILT @ LPS
CORNER = ((0, 0, 0), (2, 2, 2))
"""Outside of every ellipsoid, so that drawing it anew changes nothing."""


@pytest.fixture(params=["SRA", "RAS", "LPS"])
def turned(tmp_path, request):
    """Three oblique brains (LPS); their label files are the same voxels, axes permuted, flipped or as they are."""
    folder = write_dataset(tmp_path / "turned", cases=3, affine=OBLIQUE, size=SIZE)
    for path in (folder / "labelsTr").iterdir():
        label = nib.Nifti1Image.from_bytes(nib.load(path).to_bytes())
        turn = ornt_transform(io_orientation(label.affine), axcodes2ornt(request.param))
        nib.save(label.as_reoriented(turn), path)
    return folder


def test_a_channel_in_another_order_is_shown_on_the_first_ones_grid(store, tmp_path):
    (folder := tmp_path / "scans" / "brain_1").mkdir(parents=True)
    image = brain(1, SIZE)[0]
    nib.save(nib.Nifti1Image(image[..., 0], OBLIQUE), folder / "flair.nii.gz")
    other = nib.Nifti1Image(image[..., 1], OBLIQUE)
    turn = ornt_transform(io_orientation(OBLIQUE), axcodes2ornt("SRA"))
    nib.save(other.as_reoriented(turn), folder / "t1.nii.gz")
    import_cases(store, ImportRequest(folder.parent, "nifti", {"FLAIR": "flair.nii.gz", "T1w": "t1.nii.gz"}))
    with store.read() as session:
        case = cases.case_named(session, "brain_1")
    for index, (_, path) in enumerate(opening.channels(store, reading.open_case(store, case.id, "ada"))):
        np.testing.assert_array_equal(np.asanyarray(nib.load(path).dataobj), image[..., index])
        np.testing.assert_allclose(nib.load(path).affine, OBLIQUE, atol=1e-5)


def truth(number=1):
    return brain(number, SIZE)[1]


def annotated(store, name="brain_1"):
    """The newest version's voxels as they lie in its file, after a look at the grid."""
    with store.read() as session:
        case = cases.case_named(session, name)
        row = annotations.newest(session, cases.active_experiment(session).id, case.id)
    stored = nib.load(store.files.path(row.file))
    np.testing.assert_allclose(stored.affine, nib.load(store.files.path(case.images[0])).affine, atol=1e-5)
    assert stored.get_data_dtype() == np.uint8
    return np.asanyarray(stored.dataobj)


def draw_corner(store, name="brain_1"):
    with store.read() as session:
        case = cases.case_named(session, name)
    reading.submit_annotation(store, Submission(case.id, "ada", truth(int(name[-1])), regions=(CORNER,)))


def test_an_imported_label_is_drawn_on_and_exported_on_the_images_grid(store, turned, tmp_path):
    import_cases(store, ImportRequest(turned, labels="all", holdout="brain_0", calibration="brain_2"))
    for number in range(3):
        np.testing.assert_array_equal(annotated(store, f"brain_{number}"), truth(number))
        draw_corner(store, f"brain_{number}")
        np.testing.assert_array_equal(annotated(store, f"brain_{number}"), truth(number))
    export_all(store, tmp_path / "out", "msd")
    made = nib.load(tmp_path / "out/labelsTr/brain_1.nii.gz")
    np.testing.assert_allclose(made.affine, OBLIQUE, atol=1e-5)
    np.testing.assert_array_equal(np.asanyarray(made.dataobj), truth())


def test_a_label_given_by_hand_by_the_simulated_reader_or_by_an_oracle(store, turned, tmp_path):
    import_cases(store, ImportRequest(turned, holdout="brain_0", calibration="brain_2"))
    reading.submit_file(store, "brain_1", turned / "labelsTr/brain_1.nii.gz", "ada")
    assert commands.oracle_answers(store, turned) == 2
    for number in range(3):
        np.testing.assert_array_equal(annotated(store, f"brain_{number}"), truth(number))
    import_cases(again := type(store).open(tmp_path / "again"), ImportRequest(turned, holdout="3"))
    reading.simulate_reader(again)
    np.testing.assert_array_equal(annotated(again), truth())
    again.engine.dispose()


@pytest.mark.parametrize("by", ["reader", "oracle"])
def test_a_label_that_an_earlier_release_stored_as_it_came_is_drawn_on_where_it_lies(store, turned, by):
    import_cases(store, ImportRequest(turned))
    with store.write() as session:
        experiment, case = cases.active_experiment(session), cases.case_named(session, "brain_1")
        raw = store.files.add(session, turned / "labelsTr/brain_1.nii.gz", ".nii.gz")
        annotate_from_reference(session, experiment, case, "import", "import", raw)
        if by == "oracle":
            answer_from(session, store, experiment, case, SimpleNamespace(regions=[CORNER]), "oracle", raw)
    if by == "reader":
        draw_corner(store)
    np.testing.assert_array_equal(annotated(store), truth())
