"""Small few-shot material for tests: strokes that are easy to tell apart, and naive networks to compare with."""

import numpy as np

from activedints.nas.few_shot.episodes import SIZE, ImageClasses


def strokes(classes: int = 8, examples: int = 6, channels: int = 1, seed: int = 0) -> ImageClasses:
    """Each class is its own blocky picture; its examples differ by a shift of a pixel and by noise."""
    rng = np.random.default_rng(seed)
    base = np.kron(rng.random((classes, channels, 7, 7)) < 0.35, np.ones((4, 4)))
    images = np.zeros((classes, examples, channels, SIZE, SIZE))
    for example in range(examples):
        moved = np.roll(base, tuple(rng.integers(-1, 2, 2)), (-2, -1))
        images[:, example] = np.clip(220 * moved + rng.normal(0, 12, moved.shape), 0, 255)
    return ImageClasses(images.astype(np.uint8), tuple(f"class {number}" for number in range(classes)))
