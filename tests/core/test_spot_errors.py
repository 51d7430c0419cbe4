import numpy as np

from activedints.core.spot_errors import spot_errors
from activedints.core.volume import IGNORE


def test_spots_are_wrong_where_half_of_them_are():
    shape = (20, 10, 10)
    heat = np.zeros(shape)
    heat[2:6, 2:6, 2:6] = 1.0  # wholly wrong
    heat[10:14, 2:6, 2:6] = 0.9  # a quarter wrong
    heat[17:19, 8, 8] = 0.8  # too small to be a spot
    heat[:, :, 9] = 0.1
    reference, prediction = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    prediction[2:6, 2:6, 2:6] = 1
    prediction[10, 2:6, 2:6] = 2
    prediction[0, 9, :3] = 1  # errors elsewhere
    reference[:, 0] = IGNORE
    brain = np.ones(shape, bool)
    found = spot_errors(heat, reference, prediction, brain, voxel_ml=0.008)
    assert found == {"spots": 2, "wrong": 1, "voxels_elsewhere": 20 * 9 * 10 - 130, "errors_elsewhere": 3}
    assert spot_errors(heat, reference, prediction, brain, 0.008, at_most=1)["spots"] == 1


def test_nothing_uncertain_or_nothing_read_gives_no_count():
    heat, label = np.zeros((4, 4, 4)), np.zeros((4, 4, 4), np.uint8)
    brain = np.ones((4, 4, 4), bool)
    assert spot_errors(heat, label, label, brain, 1.0) is None
    assert spot_errors(heat + 1, np.full_like(label, IGNORE), label, brain, 1.0) is None
