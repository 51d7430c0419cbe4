"""Where Draws come from: six sources behind one streaming interface.

Every network is ``head(dropout(trunk(x)))`` with a linear head, so a source is an iterator over passes of a trunk: the
features of the brain's voxels once, and the head's weights for one or many Draws of them. Whoever consumes it keeps
running sums only; no source holds more than one pass in memory.

============== ==================================================================== =================================
source         a Draw is                                                            paper
============== ==================================================================== =================================
one-pass       the network as it is: deterministic, one Draw                        -
shared-trunk   a mask of the last features, folded into the head                    Gal & Ghahramani, ICML 2016
full-dropout   masks after every block as well, the same in every window of a case  Gal & Ghahramani, ICML 2016
snapshots      a Member kept at the end of each restart of one training             Huang et al., ICLR 2017
deep-ensemble  a Member trained from a seed of its own                              Lakshminarayanan et al., NIPS 2017
test-time      flips and intensity, flips undone exactly on the features            Wang et al., Neurocomputing 2019
============== ==================================================================== =================================
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report
from activedints.core.settings import ScoreSettings
from activedints.learn.data import Size, resample
from activedints.learn.model import Model
from activedints.learn.networks import Network
from activedints.learn.windows import window_features

BLOCK_RATE = 0.1
"""Dropout after every block in ``full-dropout``."""
FLIPS = ((), (1,), (2,), (3,), (1, 2), (1, 3), (2, 3), (1, 2, 3))
SCALE, SHIFT = 0.1, 0.1
"""Intensity of a test-time Draw: a factor of 1 +- SCALE, a shift of +- SHIFT standard deviations, per channel."""


@dataclass(frozen=True)
class Scan:
    """``image`` (channel, x, y, z) normalised at the working spacing; ``inside`` (x, y, z) bool of the brain's box on
    the case's own grid."""

    image: torch.Tensor
    inside: torch.Tensor

    @property
    def shape(self) -> Size:
        x, y, z = self.inside.shape
        return x, y, z


@dataclass(frozen=True)
class Pass:
    """``features`` (F, voxel) of the brain's voxels; ``weight`` (draw, class, F) and ``bias`` (class,) of the head."""

    features: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor


Source = Callable[[Sequence[Model], Scan, ScoreSettings, Report], Iterator[Pass]]


def passes(models: Sequence[Model], scan: Scan, settings: ScoreSettings, report: Report) -> Iterator[Pass]:
    """The passes of the settings' source. One Draw asked of a source that makes them is the deterministic pass."""
    if settings.source in MEMBERS:
        if len(models) < 2:
            raise InvalidSettings(
                f"The source '{settings.source}' needs two Members or more and there is {len(models)}: train with"
                " snapshots or an ensemble, or choose another source."
            )
        return SOURCES[settings.source](models, scan, settings, report)
    source = SOURCES["one-pass" if settings.draws == 1 else settings.source]
    return source(models[:1], scan, settings, report)


def _features(
    network: Network, scan: Scan, settings: ScoreSettings, report: Report, image: torch.Tensor | None = None
) -> torch.Tensor:
    """Features (F, voxel) of the brain's voxels; of a changed ``image`` where one is given."""
    found = window_features(network, scan.image if image is None else image, settings, report)
    return _inside(found, scan)


def _inside(features: torch.Tensor, scan: Scan) -> torch.Tensor:
    return resample(features, scan.shape).reshape(features.shape[0], -1)[:, scan.inside.reshape(-1)]


def _head(network: Network) -> tuple[torch.Tensor, torch.Tensor]:
    """Plain weights (1, class, F) and bias (class,)."""
    return network.head.weight.detach().float()[None, :, :, 0, 0, 0], network.head.bias.detach().float()


def draw_weights(network: Network, settings: ScoreSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Head weights (draw, class, F) with each Draw's mask folded in (W * mask / keep), and the bias (class,).

    One draw: the plain weights. The masks are drawn on the CPU from the seed, the same on every device.
    """
    weight, bias = _head(network)
    if settings.draws == 1:
        return weight, bias
    keep = 1 - network.dropout.p
    stream = torch.Generator().manual_seed(settings.seed)
    mask = (torch.rand(settings.draws, weight.shape[2], generator=stream) < keep).to(weight)
    return weight * (mask / keep)[:, None].to(weight.device), bias


def one_pass(models: Sequence[Model], scan: Scan, settings: ScoreSettings, report: Report) -> Iterator[Pass]:
    yield Pass(_features(models[0].network, scan, settings, report), *_head(models[0].network))


def shared_trunk(models: Sequence[Model], scan: Scan, settings: ScoreSettings, report: Report) -> Iterator[Pass]:
    network = models[0].network
    yield Pass(_features(network, scan, settings, report), *draw_weights(network, settings))


def full_dropout(models: Sequence[Model], scan: Scan, settings: ScoreSettings, report: Report) -> Iterator[Pass]:
    network = models[0].network
    weight, bias = draw_weights(network, settings)
    for draw in range(settings.draws):
        with masked_blocks(network, settings.seed, draw):
            features = _features(network, scan, settings, report)
        yield Pass(features, weight[draw : draw + 1], bias)


def members(models: Sequence[Model], scan: Scan, settings: ScoreSettings, report: Report) -> Iterator[Pass]:
    for model in models:
        yield Pass(_features(model.network, scan, settings, report), *_head(model.network))


def test_time(models: Sequence[Model], scan: Scan, settings: ScoreSettings, report: Report) -> Iterator[Pass]:
    """The first Draw is the case as it is; every further one a flip, and after the eight flips intensity too."""
    network = models[0].network
    for draw in range(settings.draws):
        axes = FLIPS[draw % len(FLIPS)]
        changed = _intensity(scan.image, settings.seed, draw) if draw >= len(FLIPS) else scan.image
        found = window_features(network, changed.flip(axes), settings, report).flip(axes)
        yield Pass(_inside(found, scan), *_head(network))


test_time.__test__ = False  # type: ignore[attr-defined]  # a source, no test


def _intensity(image: torch.Tensor, seed: int, draw: int) -> torch.Tensor:
    random = np.random.default_rng((seed, draw))
    column = lambda values: torch.tensor(values, dtype=image.dtype, device=image.device).view(-1, 1, 1, 1)  # noqa: E731
    scale = column(random.uniform(1 - SCALE, 1 + SCALE, image.shape[0]))
    shift = column(random.uniform(-SHIFT, SHIFT, image.shape[0]))
    return (image * scale + shift) * (image != 0)


@contextmanager
def masked_blocks(network: Network, seed: int, draw: int) -> Iterator[None]:
    """Drop feature channels after every block, the same ones in every window: a Draw is one mask for a case."""
    handles = []
    for number, block in enumerate(network.blocks):
        handles.append(block.register_forward_hook(_mask_of(seed, draw, number)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _mask_of(seed: int, draw: int, number: int) -> Callable[..., torch.Tensor]:
    def hook(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        stream = np.random.default_rng((seed, draw, number))
        mask = (stream.random(output.shape[1]) < 1 - BLOCK_RATE) / (1 - BLOCK_RATE)
        return output * torch.tensor(mask, dtype=output.dtype, device=output.device).view(1, -1, 1, 1, 1)

    return hook


SOURCES: dict[str, Source] = {
    "one-pass": one_pass,
    "shared-trunk": shared_trunk,
    "full-dropout": full_dropout,
    "snapshots": members,
    "deep-ensemble": members,
    "test-time": test_time,
}
MEMBERS = frozenset({"snapshots", "deep-ensemble"})
"""Sources whose Draws are networks of their own."""
