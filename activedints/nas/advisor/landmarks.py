"""Landmarks: how well training-free readers tell the classes of a set apart, from a few images a class.

Ours, not MetaD2A's. Each reader is a view of the images (pixels, coarse pixels, grey values, spectrum, gradient
directions, random convolutions of different reach) and a ridge classifier judged by leaving images out. Which view
works says which operations a set will like: grey values alone ask for 1 x 1, coarse pixels forgive pooling, fine ones
do not (landmarking, Pfahringer et al., ICML 2000).
"""

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from activedints.nas.advisor import descriptors

Array = npt.NDArray[np.float64]
VIEWS = (
    "pixels",
    "8 x 8 pixels",
    "4 x 4 pixels",
    "grey values",
    "spectrum",
    "directions",
    "1 x 1",
    "3 x 3",
    "3 x 3 twice",
    "3 x 3, pooled",
    "1 x 1 after pooling",
)
FACTS = ("classes", "noise")
FEATURES = len(VIEWS) + len(FACTS)


def random_views(images: npt.NDArray[np.floating], seed: int = 0) -> list[Array]:
    """Means over pixels of rectified random convolutions: of one pixel, 3 x 3, 3 x 3 twice, pooled before or after."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(np.asarray(images, np.float32))[:, None]
    weight = lambda out, into, k: torch.randn(out, into, k, k, generator=draw) * (2 / (into * k * k)) ** 0.5  # noqa: E731
    bias = torch.linspace(-1.5, 1.5, 24)
    once = F.conv2d(x, weight(24, 1, 3), bias, padding=1).relu()
    twice = F.conv2d(once, weight(24, 24, 3), padding=1).relu()
    smooth = F.avg_pool2d(x, 3, 1, 1)
    found = [
        F.conv2d(x, weight(24, 1, 1), bias).relu(),
        once,
        twice,
        F.conv2d(smooth, weight(24, 1, 3), bias, padding=1).relu(),
        F.conv2d(2 * smooth, weight(24, 1, 1), bias).relu(),
    ]
    return [part.mean((2, 3)).double().numpy() for part in found]


def views(images: npt.NDArray[np.floating]) -> list[Array]:
    """One matrix (image, feature) a view, in the order of VIEWS."""
    side = images.shape[1]
    halves = [images.reshape(len(images), n, side // n, n, side // n).mean((2, 4)) for n in (8, 4)]
    flat = [part.reshape(len(images), -1) for part in (images, *halves)]
    described = [f(images) for f in (descriptors.grey, descriptors.rings, descriptors.directions)]
    return [np.asarray(part, float) for part in (*flat, *described, *random_views(images))]


def told(features: Array, labels: npt.NDArray[np.integer], ridge: float = 1.0) -> float:
    """Share of images told right by ridge regression on the classes, each by the fit without it, scaled from chance
    to 1.

    Leaving one out has a closed form: the residual divided by 1 - leverage.
    """
    x = (features - features.mean(0)) / (features.std(0) + 1e-6) / features.shape[1] ** 0.5
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    gram = x @ x.T
    hat = gram @ np.linalg.inv(gram + 0.05 * ridge * np.eye(len(x)))
    y = np.eye(int(labels.max()) + 1)[labels]
    left_out = y - (y - hat @ y) / (1 - np.diag(hat))[:, None]
    chance = np.bincount(labels).max() / len(labels)
    return float(((left_out.argmax(1) == labels).mean() - chance) / (1 - chance))


def landmarks(support: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """(class, image, y, x) -> (FEATURES,): how far above chance each view gets, number of classes, pixel noise."""
    classes, number = support.shape[:2]
    images = support.reshape(classes * number, *support.shape[2:])
    labels = np.repeat(np.arange(classes), number)
    rough = images[:, 1:] - images[:, :-1]
    facts = [np.log(classes), np.log(np.median(np.abs(rough)) + 1e-3)]
    return np.array([*(told(view, labels) for view in views(images)), *facts], np.float32)
