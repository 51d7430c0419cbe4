import numpy as np
import pytest

from activedints.core.errors import InvalidChannels, InvalidLabels, InvalidSettings
from activedints.core.settings import LabelSet
from activedints.core.volume import LabelMap, Volume
from activedints.nas.few_shot.patches import PatchSettings, patch_classes, patches

LABELS = LabelSet((0, 1, 3), ("background", "edema", "enhancing"))


def scan(mm: float = 2.0) -> tuple[Volume, LabelMap]:
    """A block of head with a bright enhancing cube inside edema; grey grows along x."""
    n = round(96 / mm)
    image, label = np.zeros((2, n, n, n), np.float32), np.zeros((n, n, n), np.uint8)
    lo, hi = n // 8, n - n // 8
    image[:, lo:hi, lo:hi, lo:hi] = np.linspace(0.2, 0.4, hi - lo)[:, None, None]
    c, e = slice(n // 4, n // 2), slice(n // 3, n // 2 - n // 12)
    label[c, c, c], label[e, e, e] = 1, 3
    image[1][label == 3] = 1.0
    affine = np.diag([mm, mm, mm, 1.0])
    return Volume(image, affine, ("FLAIR", "T1gd")), LabelMap(label, affine)


def test_a_patch_by_hand() -> None:
    """28 voxels wide around voxel (20, 30): pixel (14, 14) sees it, one pixel is one voxel, the outside is 0."""
    grey = np.zeros((1, 40, 60, 3), np.float32)
    grey[0, 20, 30, 1] = 1.0
    made = patches(grey, np.array([[20, 30, 1], [20, 30, 2]]), 2, np.array([28.0, 28.0, 28.0]))
    assert made.shape == (2, 1, 28, 28)
    assert int(made[0, 0, 13:15, 13:15].sum()) == pytest.approx(255, abs=3)  # the voxel lies where four pixels meet
    assert made[1].max() == 0


def test_classes_are_the_labels_and_healthy_tissue() -> None:
    settings = PatchSettings(("T1gd", "FLAIR"), "axial", 16.0, 10, 6.0)
    made = patch_classes({"a": scan(), "b": scan()}, LABELS, settings)
    assert sorted(made) == ["a", "b"]
    assert made["a"].names == ("a/edema", "a/enhancing", "a/healthy")
    assert made["a"].images.shape == (3, 10, 2, 28, 28)
    middle = made["a"].images[:, :, 0, 14, 14]
    assert middle[1].min() > 200
    assert middle[2].max() < 200
    again = patch_classes({"a": scan(), "b": scan()}, LABELS, settings)
    assert np.array_equal(made["b"].images, again["b"].images)


def test_millimetres_count_and_voxels_do_not() -> None:
    """The same tissue at 1 mm and at 2 mm fills the same share of an enhancing patch."""
    settings = PatchSettings(("T1gd",), "axial", 24.0, 20, 6.0)
    fine, coarse = (patch_classes({"a": scan(mm)}, LABELS, settings)["a"].images[1] for mm in (1.0, 2.0))
    assert (fine > 180).mean() == pytest.approx((coarse > 180).mean(), abs=0.06)


def test_what_cannot_be_cut_is_named() -> None:
    with pytest.raises(InvalidChannels, match="lacks"):
        patch_classes({"a": scan()}, LABELS, PatchSettings(("T2w",)))
    volume, label = scan()
    empty = LabelMap(np.zeros_like(label.array), label.affine)
    with pytest.raises(InvalidLabels, match="episode needs two"):
        patch_classes({"a": (volume, empty)}, LABELS, PatchSettings(("T1gd",)))
    with pytest.raises(InvalidSettings, match="plane is one of"):
        PatchSettings(("T1gd",), plane="oblique")
