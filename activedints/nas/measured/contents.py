"""What a picture shows: shapes, counts, textures, relations, curves and grey values, drawn by a generator.

Each function takes a generator and the classes of the images (image,) and gives (image, y, x) ink between 0 and 1.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from activedints.nas.measured.drawing import (
    SIDE,
    Array,
    column,
    disc,
    filled,
    grating,
    random_field,
    scattered,
    segment,
    stroke,
    turned,
)

Labels = npt.NDArray[np.int64]
Content = Callable[[np.random.Generator, Labels], Array]


def shapes(turn: float = 0.0, outline: bool = False, smallest: float = 0.45) -> Content:
    """0 disc, 1 square, 2 triangle, 3 cross, 4 star of five, 5 bar; turned by up to ``turn`` radians."""

    def draw(rng: np.random.Generator, labels: Labels) -> Array:
        n = len(labels)
        u, v = turned(*rng.uniform(-0.3, 0.3, (2, n)), rng.uniform(-turn, turn, n))
        size = column(rng.uniform(smallest, 0.65, n))
        radius, angle = np.hypot(u, v), np.arctan2(v, u)
        bar = np.maximum(np.abs(u) - 0.3 * size, np.abs(v) - size)
        across = np.maximum(np.abs(v) - 0.3 * size, np.abs(u) - size)
        distances = (
            radius - size,
            np.maximum(np.abs(u), np.abs(v)) - 0.85 * size,
            np.maximum(np.abs(u) * 0.87 + v * 0.5, -v) - 0.55 * size,
            np.minimum(bar, across),
            radius - size * (0.75 + 0.35 * np.cos(5 * angle)),
            bar,
        )
        distance = np.stack(distances)[labels, np.arange(n)]
        return stroke(distance, 0.08) if outline else filled(distance)

    return draw


def counted(first: int = 1, size: tuple[float, float] = (0.17, 0.17), bars: bool = False, others: int = 0) -> Content:
    """``first`` + class discs (or bars) that do not touch; ``others`` fainter ones that do not count."""

    def draw(rng: np.random.Generator, labels: Labels) -> Array:
        n, most = len(labels), int(labels.max()) + first
        points = scattered(rng, n, most + others, 2.2 * size[1])
        image = np.zeros((n, SIDE, SIDE))
        for place in range(most + others):
            x, y = points[:, place].T
            radius = rng.uniform(*size, n)
            ink = filled(disc(x, y, radius))
            if bars:
                ink = stroke(segment(x - radius, y, x + radius, y), 0.07)
            there = labels + first > place if place < most else rng.random(n) < 0.7
            image = np.maximum(image, ink * column(there) * (1.0 if place < most else 0.4))
        return image

    return draw


def orientation(spread: float = 0.12) -> Content:
    """Waves in one of four directions, of any phase and some range of wavelengths."""

    def draw(rng: np.random.Generator, labels: Labels) -> Array:
        n = len(labels)
        angle = labels * np.pi / 4 + rng.normal(0, spread, n)
        return grating(angle, rng.uniform(2.5, 5, n), rng.uniform(0, 2 * np.pi, n))

    return draw


def wavelength(rng: np.random.Generator, labels: Labels) -> Array:
    """Waves of 2, 3.2, 4.4 or 5.6 periods in any direction."""
    n = len(labels)
    return grating(rng.uniform(0, np.pi, n), 2 + 1.2 * labels + rng.normal(0, 0.2, n), rng.uniform(0, 2 * np.pi, n))


def roughness(rng: np.random.Generator, labels: Labels) -> Array:
    """Random fields, from rough (class 0) to smooth."""
    return random_field(rng, 0.4 + 0.5 * labels)


def grain(rng: np.random.Generator, labels: Labels) -> Array:
    """Random fields: 0 as long as wide, 1 stretched along x, 2 along y."""
    return random_field(rng, np.full(len(labels), 1.2), np.array([1.0, 1.5, 1 / 1.5])[labels])


def weave(rng: np.random.Generator, labels: Labels) -> Array:
    """0 waves, 1 crossed waves, 2 rings, 3 a checker board, 4 a random field."""
    n = len(labels)
    angle, f, phase = rng.uniform(0, np.pi, n), rng.uniform(2.5, 4.5, n), rng.uniform(0, 2 * np.pi, (2, n))
    one, other = grating(angle, f, phase[0]), grating(angle + np.pi / 2, f, phase[1])
    rings = 0.5 + 0.5 * np.sin(np.pi * column(f) * disc(*rng.uniform(-0.6, 0.6, (2, n)), 0.0) + column(phase[0]))
    board = 0.5 + 0.5 * np.sign((one - 0.5) * (other - 0.5))
    return np.stack([one, (one + other) / 2, rings, board, random_field(rng, np.full(n, 1.0))])[labels, np.arange(n)]


def quadrant(rng: np.random.Generator, labels: Labels) -> Array:
    """A disc in one of four corners, among short bars anywhere."""
    n = len(labels)
    x, y = rng.uniform(0.25, 0.75, (2, n)) * np.array([(labels % 2) * 2 - 1, (labels // 2) * 2 - 1])
    image = filled(disc(x, y, 0.22))
    for place in scattered(rng, n, 4, 0.3).transpose(1, 2, 0):
        turn = rng.uniform(0, np.pi, n)
        dx, dy = 0.25 * np.cos(turn), 0.25 * np.sin(turn)
        image = np.maximum(image, stroke(segment(place[0] - dx, place[1] - dy, place[0] + dx, place[1] + dy), 0.06))
    return image


def larger(rng: np.random.Generator, labels: Labels) -> Array:
    """Two discs side by side: the left one is larger (0) or the right one."""
    n = len(labels)
    sizes = np.array([rng.uniform(0.18, 0.28, n), rng.uniform(0.29, 0.38, n)])
    left, right = np.where(labels == 0, sizes[::-1], sizes)
    y = rng.uniform(-0.5, 0.5, (2, n))
    return np.maximum(filled(disc(np.full(n, -0.5), y[0], left)), filled(disc(np.full(n, 0.5), y[1], right)))


def mirrored(rng: np.random.Generator, labels: Labels) -> Array:
    """A random field that equals its mirror image (1) or does not."""
    field = random_field(rng, np.full(len(labels), 1.3))
    field[labels == 1, :, SIDE // 2 :] = field[labels == 1, :, : SIDE // 2][:, :, ::-1]
    return field


def apart(rng: np.random.Generator, labels: Labels) -> Array:
    """Two dots: near, middling or far apart, in any direction."""
    n = len(labels)
    turn, half = rng.uniform(0, 2 * np.pi, n), (0.2 + 0.2 * labels + rng.normal(0, 0.03, n))
    x, y = rng.uniform(-0.2, 0.2, (2, n))
    dx, dy = half * np.cos(turn), half * np.sin(turn)
    return np.maximum(filled(disc(x - dx, y - dy, 0.15)), filled(disc(x + dx, y + dy, 0.15)))


def above(rng: np.random.Generator, labels: Labels) -> Array:
    """A disc above a bar (0) or below it, anywhere."""
    n = len(labels)
    y, x = rng.uniform(-0.35, 0.35, n), rng.uniform(-0.4, 0.4, (2, n))
    bar = stroke(segment(x[0] - 0.4, y, x[0] + 0.4, y), 0.09)
    return np.maximum(bar, filled(disc(x[1], y + (labels * 2 - 1) * rng.uniform(0.35, 0.5, n), 0.2)))


def same(rng: np.random.Generator, labels: Labels) -> Array:
    """Two small figures, disc or cross: alike (1) or different (0)."""
    n = len(labels)
    first = rng.integers(0, 2, n)
    second = np.where(labels == 1, first, 1 - first)
    image = np.zeros((n, SIDE, SIDE))
    for kind, x in ((first, -0.5), (second, 0.5)):
        at, y = np.full(n, x), rng.uniform(-0.5, 0.5, n)
        u, v = turned(at, y, np.zeros(n))
        cross = np.minimum(
            np.maximum(np.abs(u) - 0.09, np.abs(v) - 0.35), np.maximum(np.abs(v) - 0.09, np.abs(u) - 0.35)
        )
        image = np.maximum(image, np.where(column(kind) == 1, filled(cross), filled(disc(at, y, 0.3))))
    return image


def gap(rng: np.random.Generator, labels: Labels) -> Array:
    """A ring that opens to the right, below, to the left or above."""
    n = len(labels)
    u, v = turned(*rng.uniform(-0.25, 0.25, (2, n)), labels * np.pi / 2 + rng.normal(0, 0.2, n))
    ring = stroke(np.hypot(u, v) - column(rng.uniform(0.4, 0.6, n)), 0.1)
    return ring * (1 - filled(np.abs(np.arctan2(v, u)) - 0.5))


def bend(rng: np.random.Generator, labels: Labels) -> Array:
    """A line in any direction: straight (0), bent (1) or wavy (2)."""
    n = len(labels)
    u, v = turned(*rng.uniform(-0.2, 0.2, (2, n)), rng.uniform(0, 2 * np.pi, n))
    ways = np.stack([0 * u, 0.45 * (u / 0.7) ** 2 - 0.2, 0.25 * np.sin(np.pi * u / 0.7)])[labels, np.arange(n)]
    return stroke(np.hypot(v - ways, np.maximum(np.abs(u) - 0.7, 0)), 0.1)


def crossing(rng: np.random.Generator, labels: Labels) -> Array:
    """Two lines that cross (1) or do not (0)."""
    n = len(labels)
    turn, offset = rng.uniform(0, 2 * np.pi, n), np.where(labels == 1, 0.0, 0.55)
    u, v = turned(*rng.uniform(-0.2, 0.2, (2, n)), turn)
    one = np.hypot(v + column(offset) * 0.6, np.maximum(np.abs(u) - 0.7, 0))
    tilt = np.where(labels == 1, rng.uniform(0.7, 1.57, n), rng.uniform(-0.2, 0.2, n))
    p, q = u * np.cos(column(tilt)) + v * np.sin(column(tilt)), v * np.cos(column(tilt)) - u * np.sin(column(tilt))
    other = np.hypot(q - column(offset) * 0.6, np.maximum(np.abs(p) - 0.7, 0))
    return np.maximum(stroke(one, 0.08), stroke(other, 0.08))


def corner(rng: np.random.Generator, labels: Labels) -> Array:
    """Two lines from one point, with an angle of about 45, 90 or 150 degrees."""
    n = len(labels)
    turn, angle = rng.uniform(0, 2 * np.pi, n), np.array([0.7, 1.57, 2.6])[labels] + rng.normal(0, 0.1, n)
    x, y = rng.uniform(-0.25, 0.25, (2, n))
    lines = [segment(x, y, x + 0.75 * np.cos(a), y + 0.75 * np.sin(a)) for a in (turn, turn + angle)]
    return np.maximum(*(stroke(line, 0.1) for line in lines))


def swirl(rng: np.random.Generator, labels: Labels) -> Array:
    """A spiral that turns one way (0) or the other (1)."""
    n = len(labels)
    x, y = rng.uniform(-0.25, 0.25, (2, n))
    u, v = turned(x, y, rng.uniform(0, 2 * np.pi, n))
    angle = np.arctan2(v, u) * column(labels * 2 - 1)
    return (0.5 + 0.5 * np.sin(2 * angle + 9 * np.hypot(u, v))) * filled(np.hypot(u, v) - 0.75)


def brightness(rng: np.random.Generator, labels: Labels) -> Array:
    """Random fields of four mean values."""
    return random_field(rng, np.full(len(labels), 0.8)) + column(0.04 * labels - 0.06)


def spread_of_values(rng: np.random.Generator, labels: Labels) -> Array:
    """Random fields of four contrasts about the same mean."""
    return 0.5 + (random_field(rng, np.full(len(labels), 0.5)) - 0.5) * column(0.8 * 1.17**labels)


def tails(rng: np.random.Generator, labels: Labels) -> Array:
    """Independent pixels of equal mean and deviation: 0 uniform, 1 normal, 2 with heavy tails, 3 of two values."""
    size = (len(labels), SIDE, SIDE)
    draws = (
        rng.uniform(-(3**0.5), 3**0.5, size),
        rng.standard_normal(size),
        rng.laplace(0, 0.5**0.5, size),
        np.sign(rng.standard_normal(size)),
    )
    return 0.5 + 0.2 * np.stack(draws)[labels, np.arange(len(labels))]


def bright_share(rng: np.random.Generator, labels: Labels) -> Array:
    """Single bright pixels on a smooth ground: 3, 6, 9 or 12 per cent of them."""
    ground = 0.5 + 0.5 * (random_field(rng, np.full(len(labels), 2.0)) - 0.5)
    return np.where(rng.random(ground.shape) < column(0.03 + 0.03 * labels), 1.2, ground)


def levels(rng: np.random.Generator, labels: Labels) -> Array:
    """A random field rounded to 2, 3, 4 or 6 grey values."""
    steps = column(np.array([1, 2, 3, 5])[labels])
    field = np.clip(random_field(rng, np.full(len(labels), 1.0)), 0.05, 0.95)
    return np.round(field * steps) / steps


def edge(rng: np.random.Generator, labels: Labels) -> Array:
    """One boundary of light and dark: 0 sharp, 1 gradual, 2 with a bright rim."""
    n = len(labels)
    _, v = turned(*rng.uniform(-0.3, 0.3, (2, n)), rng.uniform(0, 2 * np.pi, n))
    ways = np.stack([filled(v), 0.5 - np.clip(v, -0.7, 0.7) / 1.4, np.maximum(0.6 * filled(v), stroke(v, 0.12))])
    return ways[labels, np.arange(n)]
