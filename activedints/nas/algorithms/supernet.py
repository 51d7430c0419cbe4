"""All cells of the space at once: every edge a mixture of the five operations, weighted by softmax(alpha).

The measured networks' skeleton (cell at 8 x 8 and at 4 x 4), weights by name and architecture weights ``alpha`` (6, 5)
apart, as DARTS and LPT want them. Batch normalisation is by the batch and has no scale, as in DARTS.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from activedints.nas.few_shot.functional import Params
from activedints.nas.measured import space

CHANNELS, STAGES = 8, 2
ALPHA = "alpha"


def start(classes: int, seed: int) -> tuple[Params, Params]:
    """Weights (He-normal), and alphas near zero."""
    draw = torch.Generator().manual_seed(seed)
    params: Params = {}

    def conv(name: str, out: int, into: int, kernel: int) -> None:
        params[name] = torch.randn(out, into, kernel, kernel, generator=draw) * (2 / (into * kernel**2)) ** 0.5

    conv("stem", CHANNELS, 1, 3)
    for stage in range(STAGES):
        width = CHANNELS << stage
        if stage:
            conv(f"down{stage}", width, width // 2, 3)
        for i, j in space.EDGES:
            conv(f"{stage}{i}{j} 1", width, width, 1)
            conv(f"{stage}{i}{j} 3", width, width, 3)
    params["linear"] = torch.randn(width, classes, generator=draw) * width**-0.5
    params["bias"] = torch.zeros(classes)
    return params, {ALPHA: 1e-3 * torch.randn(len(space.EDGES), space.TOKENS, generator=draw)}


def normed(x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, training=True)


def mixed(params: Params, shares: Tensor, name: str, x: Tensor, active: Tensor) -> Tensor:
    """The mixture on one edge; ``shares`` (5,): none, skip, 1 x 1, 3 x 3, average pooling."""
    return (
        shares[1] * x
        + shares[2] * normed(F.conv2d(active, params[f"{name} 1"]))
        + shares[3] * normed(F.conv2d(active, params[f"{name} 3"], padding=1))
        + shares[4] * F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    )


def scores(params: Params, alphas: Params, images: Tensor) -> Tensor:
    """(image, 1, y, x) -> (image, class)."""
    shares = alphas[ALPHA].softmax(1)
    x = normed(F.conv2d(images, params["stem"], stride=2, padding=1))
    for stage in range(STAGES):
        if stage:
            x = normed(F.conv2d(x.relu(), params[f"down{stage}"], stride=2, padding=1))
        states = [x]
        for j in range(1, 4):
            made = [
                mixed(params, shares[edge], f"{stage}{i}{end}", states[i], states[i].relu())
                for edge, (i, end) in enumerate(space.EDGES)
                if end == j
            ]
            states.append(torch.stack(made).sum(0))
        x = states[-1]
    return normed(x).relu().mean((2, 3)) @ params["linear"] + params["bias"]


def decoded(alpha: Tensor) -> np.ndarray:
    """The strongest operation but none on every edge, as DARTS decodes: (6,) tokens."""
    return (1 + alpha[:, 1:].argmax(1)).numpy().astype(np.int8)
