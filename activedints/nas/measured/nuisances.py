"""What stands between a picture and its class: noise, blur, inversion, coarse pixels, patches that hide."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from activedints.nas.measured.drawing import SIDE, Array


@dataclass(frozen=True)
class Nuisance:
    """``noise``: standard deviation of white noise (ink is 1); ``blur``: Gaussian, pixels; ``inverted``: each image
    with probability one half; ``coarse``: pixels of a side that survive (0: all); ``hidden``: patches of 5 x 5 pixels
    painted over with the mean."""

    noise: float = 0.0
    blur: float = 0.0
    inverted: bool = False
    coarse: int = 0
    hidden: int = 0

    def apply(self, images: Array, rng: np.random.Generator) -> Array:
        """(image, y, x) -> the same, spoilt."""
        images = images.copy()
        if self.blur:
            images = gaussian_filter(images, (0, self.blur, self.blur))
        if self.coarse:
            images = coarsened(images, self.coarse)
        for _ in range(self.hidden):
            top, left = rng.integers(0, SIDE - 4, (2, len(images)))
            for image, y, x in zip(images, top, left):
                image[y : y + 5, x : x + 5] = image.mean()
        if self.inverted:
            chosen = rng.random(len(images)) < 0.5
            images[chosen] = 1 - images[chosen]
        return images + self.noise * rng.standard_normal(images.shape)


def coarsened(images: Array, side: int) -> Array:
    """Mean over ``side`` x ``side`` blocks of nearly equal size, spread back over the pixels."""
    block = np.arange(SIDE) * side // SIDE
    mean = np.eye(side)[block].T
    mean /= mean.sum(1, keepdims=True)
    return (mean @ images @ mean.T)[:, block][:, :, block]
