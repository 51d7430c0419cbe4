"""What an image is to the set encoder, without a network trained elsewhere: fixed measures of grey values and form.

MetaD2A describes images by a network trained on ImageNet, which is not to be had here; these numbers need no
training, so nothing of a held-out family can leak into them.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

Array = npt.NDArray[np.float32]

BINS, RINGS, DIRECTIONS, CELLS = 12, 8, 6, 4
FEATURES = BINS + RINGS + 4 * DIRECTIONS + DIRECTIONS + 2 * CELLS * CELLS + 6


def describe(images: npt.NDArray[np.floating]) -> Array:
    """(image, y, x) of mean 0 and deviation 1 over the set -> (image, FEATURES), all of order one."""
    parts = (grey(images), rings(images), directions(images), coarse(images), scales(images))
    return np.concatenate(parts, 1).astype(np.float32)


def grey(images: npt.NDArray[np.floating]) -> Array:
    """Share of pixels in each of BINS ranges of grey value, in units of an even spread."""
    edges = np.linspace(-2.0, 3.0, BINS - 1)
    place = np.digitize(images, edges).reshape(len(images), -1)
    return BINS * np.stack([(place == one).mean(1) for one in range(BINS)], 1)


def rings(images: npt.NDArray[np.floating]) -> Array:
    """Logarithm of the mean power in RINGS rings of spatial frequency."""
    side = images.shape[1]
    power = np.abs(np.fft.fft2(images)) ** 2 / side**2
    fy, fx = np.meshgrid(*2 * [np.fft.fftfreq(side) * side], indexing="ij")
    ring = np.minimum(np.hypot(fx, fy).round().astype(int), RINGS)
    return np.stack([np.log(power[:, ring == one].mean(1) + 1e-3) for one in range(1, RINGS + 1)], 1)


def directions(images: npt.NDArray[np.floating]) -> Array:
    """Histograms of gradient direction, weighted by strength: whole image and its four quarters."""
    dy, dx = np.gradient(images, axis=(1, 2))
    strength, angle = np.hypot(dx, dy), np.arctan2(dy, dx) % np.pi
    place = np.minimum((angle / np.pi * DIRECTIONS).astype(int), DIRECTIONS - 1)
    half = images.shape[1] // 2
    windows = [np.s_[:, :, :]] + [np.s_[:, a : a + half, b : b + half] for a in (0, half) for b in (0, half)]
    found = []
    for window in windows:
        whole = strength[window].sum((1, 2)) + 1e-6
        for one in range(DIRECTIONS):
            found.append(DIRECTIONS * (strength[window] * (place[window] == one)).sum((1, 2)) / whole)
    return np.stack(found, 1)


def coarse(images: npt.NDArray[np.floating]) -> Array:
    """Mean and deviation in CELLS x CELLS squares."""
    block = images.shape[1] // CELLS
    squares = images.reshape(len(images), CELLS, block, CELLS, block)
    return np.concatenate([part.reshape(len(images), -1) for part in (squares.mean((2, 4)), squares.std((2, 4)))], 1)


def scales(images: npt.NDArray[np.floating]) -> Array:
    """Deviation that is left after means over 1, 2, 4 and 8 pixels, third and fourth moment."""
    spreads = [uniform_filter(images, (0, size, size)).std((1, 2)) for size in (1, 2, 4, 8)]
    centred = images - images.mean((1, 2), keepdims=True)
    unit = centred / (centred.std((1, 2), keepdims=True) + 1e-6)
    return np.stack([*spreads, (unit**3).mean((1, 2)), (unit**4).mean((1, 2)) / 3], 1)
