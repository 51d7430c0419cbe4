"""Toy cases for the tests of learn: a bright ball (class 1) with a brighter core (class 2) in a noisy ellipsoid."""

import numpy as np

from activedints.core.architecture import Architecture
from activedints.core.settings import LabelSet
from activedints.learn.data import TrainingCase

CHANNELS = ("FLAIR", "T1w")
LABELS = LabelSet((0, 1, 2), ("background", "edema", "core"))
TINY = Architecture(
    "tiny", ((1, 0, 1, 0), (1, 1, 0, 1), (1, 1, 0, 0)), ((1, 0, 2, 0), (3, 0, 0, 4), (1, 1, 0, 0)), 0.125
)


def toy_case(name="toy", seed=0, size=(24, 28, 20)):
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing="ij")).astype(float)
    middle = np.array(size)[:, None, None, None] / 2
    brain = (((grid - middle) / (middle * 0.95)) ** 2).sum(0) < 1
    centre = middle + random.uniform(-3, 3, (3, 1, 1, 1))
    distance = np.sqrt(((grid - centre) ** 2).sum(0))
    label = np.where(distance < 3, 2, np.where(distance < 6, 1, 0)).astype(np.uint8) * brain
    image = np.stack([100 + 60.0 * (label > 0), 80 + 70.0 * (label == 2)])
    image = (image + random.normal(0, 8, image.shape)) * brain
    return TrainingCase(name, image.astype(np.float32), brain, (2.0, 2.0, 2.0), label.astype(np.uint8))
