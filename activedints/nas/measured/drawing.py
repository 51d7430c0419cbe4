"""Draws with a generator: fields of view, soft shapes and random fields on a grid of ``SIDE`` pixels.

Coordinates run from -1 to 1, x to the right, y downwards; every function takes one row of parameters per image and
gives (image, y, x) values between 0 and 1 unless said otherwise.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
SIDE = 16
Y, X = np.meshgrid(*2 * [(np.arange(SIDE) + 0.5) * 2 / SIDE - 1], indexing="ij")
SOFT = 0.6 / SIDE
"""Half the width of an edge, in coordinates: shapes are as sharp as pixels allow."""


def column(values: Array | float) -> Array:
    """Parameters of images as (image, 1, 1)."""
    return np.asarray(values, float).reshape(-1, 1, 1)


def filled(distance: Array) -> Array:
    """A signed distance (negative inside) as ink."""
    return 1 / (1 + np.exp(np.clip(distance / SOFT, -40, 40)))


def stroke(distance: Array, width: float = 0.09) -> Array:
    """Ink within ``width`` of where the distance is 0."""
    return filled(np.abs(distance) - width)


def turned(x: Array, y: Array, angle: Array) -> tuple[Array, Array]:
    """Coordinates about (x, y) in a frame turned by ``angle`` (radians)."""
    dx, dy, angle = X - column(x), Y - column(y), column(angle)
    return dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)


def disc(x: Array, y: Array, radius: Array | float) -> Array:
    """Signed distance to a circle."""
    return np.hypot(X - column(x), Y - column(y)) - column(radius)


def segment(x0: Array, y0: Array, x1: Array, y1: Array) -> Array:
    """Distance to the line from one point to another."""
    x0, y0, x1, y1 = (column(value) for value in (x0, y0, x1, y1))
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((X - x0) * dx + (Y - y0) * dy) / np.maximum(dx**2 + dy**2, 1e-9), 0, 1)
    return np.hypot(X - x0 - along * dx, Y - y0 - along * dy)


def grating(angle: Array, frequency: Array, phase: Array) -> Array:
    """Waves: ``frequency`` periods across the image, running along ``angle``."""
    along = X * np.cos(column(angle)) + Y * np.sin(column(angle))
    return 0.5 + 0.5 * np.sin(np.pi * column(frequency) * along + column(phase))


def random_field(rng: np.random.Generator, slope: Array, stretch: Array | float = 1.0) -> Array:
    """Gaussian fields with spectrum |f|^-slope, mean 0.5 and deviation 0.2; ``stretch`` > 1 is longer along x."""
    fy, fx = np.meshgrid(*2 * [np.fft.fftfreq(SIDE) * SIDE], indexing="ij")
    radius = np.hypot(fx * column(stretch), fy / column(stretch))
    radius[:, 0, 0] = 1
    power = radius ** -column(slope)
    power[:, 0, 0] = 0
    white = rng.standard_normal((len(power), SIDE, SIDE))
    field = np.fft.ifft2(np.fft.fft2(white) * power).real
    return 0.5 + 0.2 * field / field.std((1, 2), keepdims=True)


def scattered(rng: np.random.Generator, number: int, most: int, apart: float, reach: float = 0.8) -> Array:
    """(image, most, 2) points that keep ``apart`` from each other where 30 trials a point allow it."""
    points = np.full((number, most, 2), 9.0)
    for place in range(most):
        waiting = np.ones(number, bool)
        for _ in range(30):
            trial = rng.uniform(-reach, reach, (number, 2))
            gap = np.hypot(*(points[:, :place] - trial[:, None]).transpose(2, 0, 1)).min(1, initial=9.0)
            fits = waiting & ((gap > apart) | (_ == 29))
            points[fits, place] = trial[fits]
            waiting &= ~fits
    return points
