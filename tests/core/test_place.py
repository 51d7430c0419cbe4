import numpy as np
import pytest

from activedints.core.place import middle, whereabouts


def test_the_middle_lies_between_the_outer_voxels_in_any_orientation():
    lps = np.diag([-2.0, -2.0, 3.0, 1.0])
    lps[:3, 3] = [10, 20, -30]
    assert middle(lps, (11, 5, 21)) == (0.0, 16.0, 0.0)


@pytest.mark.parametrize(
    ("mm", "words"),
    [
        ((30, 2, -40), "right, low"),
        ((-30, 20, 40), "left, front, high"),
        ((0, -60, 0), "back"),
        ((1, 2, 3), "in the middle"),
    ],
)
def test_places_are_told_from_the_patient_s_side(mm, words):
    assert whereabouts(mm, (0.0, 0.0, 0.0)) == words
    assert whereabouts(tuple(v + 5.0 for v in mm), (5.0, 5.0, 5.0)) == words
