"""The networks: a registry from an architecture to a trunk and a 1x1x1 head.

Every network is ``head(dropout(trunk(x)))``, so that Draws need the trunk only once and another label set only
another head. Dropout is of whole feature channels; DiNTS itself has none.
"""

from importlib.resources import files

import torch
from monai.networks.blocks.dynunet_block import UnetBasicBlock
from monai.networks.blocks.segresnet_block import ResBlock
from monai.networks.nets import DynUNet, SegResNet
from torch import nn

from activedints.core.architecture import Architecture
from activedints.core.errors import InvalidSettings
from activedints.learn.dints import DintsTrunk
from activedints.learn.norm import BatchNorm, use_channel_norm

BASELINES = ("segresnet", "dynunet")


class Network(nn.Module):
    """``trunk``: (B, channel, x, y, z) -> (B, F, x, y, z); ``head``: 1x1x1 convolution to class logits.

    Sides of the input must be multiples of ``divisor``. ``entry`` names the weights that see the image channels,
    ``blocks`` are the modules after which full dropout drops channels.
    """

    def __init__(self, trunk: nn.Module, features: int, classes: int, dropout: float, divisor: int, entry: list[str]):
        super().__init__()
        self.trunk, self.features, self.classes = trunk, features, classes
        self.dropout = nn.Dropout3d(dropout)
        self.head = nn.Conv3d(features, classes, 1)
        self.divisor, self.entry = divisor, tuple(entry)

    @property
    def remembers_brightness(self) -> bool:
        """Whether its norms remember how bright the training's windows were (see ``norm.py``)."""
        return any(isinstance(module, BatchNorm) for module in self.trunk.modules())

    @property
    def blocks(self) -> list[nn.Module]:
        """Cells of a DiNTS, residual or convolution blocks of a baseline, in a fixed order."""
        if isinstance(self.trunk, DintsTrunk):
            return list(self.trunk.cells.values())
        return list(dict.fromkeys(m for m in self.trunk.modules() if isinstance(m, (ResBlock, UnetBasicBlock))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.trunk(x)))


def build(
    architecture: Architecture | str,
    in_channels: int,
    classes: int,
    dropout: float = 0.0,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    patch: tuple[int, int, int] = (48, 48, 48),
) -> Network:
    """A fresh network. ``spacing`` and ``patch`` plan the DynUNet and are ignored by the others.

    Raises InvalidSettings for a name that is no baseline.
    """
    if isinstance(architecture, Architecture):
        trunk = DintsTrunk(architecture, in_channels)
        divisor = 2 ** (architecture.depths - (0 if architecture.use_downsample else 1))
        entry = [f"stem_down.{d}.1.weight" for d in trunk.stem_down]
        return Network(trunk, trunk.features, classes, dropout, divisor, entry)
    if architecture == "segresnet":
        whole = SegResNet(init_filters=8, in_channels=in_channels, out_channels=classes)
        whole.conv_final[2] = nn.Identity()
        use_channel_norm(whole)
        return Network(whole, 8, classes, dropout, 8, ["convInit.conv.weight"])
    if architecture == "dynunet":
        return _dynunet(in_channels, classes, dropout, spacing, patch)
    raise InvalidSettings(
        f"There is no network named {architecture!r}; name one of {list(BASELINES)} or give an Architecture."
    )


def shipped(name: str) -> Architecture:
    """An architecture that comes with the package: ``small`` or ``cvpr2021``."""
    source = files("activedints.learn") / "architectures" / f"{name}.json"
    if not source.is_file():
        known = sorted(p.name[:-5] for p in (files("activedints.learn") / "architectures").iterdir())
        raise InvalidSettings(f"No architecture named {name!r} is shipped; there are {known}.")
    return Architecture.from_json(source.read_text(encoding="utf-8"))


def plan_strides(
    spacing: tuple[float, float, float], patch: tuple[int, int, int]
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Kernels and strides by nnU-Net's rule (Isensee et al., Nature Methods 2021).

    An axis is halved while its side stays >= 4 and its spacing is within a factor 2 of the finest; an axis coarser
    than that is not convolved yet. At most six levels, at least three.

    >>> plan_strides((1.0, 1.0, 1.0), (32, 32, 32))[1]
    [(1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2)]
    """
    size, mm = list(patch), list(spacing)
    kernels, strides = [_kernel(mm)], [(1, 1, 1)]
    while len(strides) < 6:
        stride = tuple(2 if s >= 8 and m < 2 * min(mm) else 1 for s, m in zip(size, mm))
        if max(stride) == 1:
            break
        size, mm = [s // k for s, k in zip(size, stride)], [m * k for m, k in zip(mm, stride)]
        kernels.append(_kernel(mm))
        strides.append(stride)
    if len(strides) < 3:
        raise InvalidSettings(f"A DynUNet needs a patch of at least 16 voxels along one axis; this one is {patch}.")
    return kernels, strides


def _kernel(mm: list[float]) -> tuple[int, ...]:
    return tuple(1 if m >= 2 * min(mm) else 3 for m in mm)


def _dynunet(in_channels: int, classes: int, dropout: float, spacing: tuple, patch: tuple) -> Network:
    kernels, strides = plan_strides(spacing, patch)
    whole = DynUNet(3, in_channels, classes, kernels, strides, strides[1:])
    trunk = whole.skip_layers  # all but the output block; the network names the same modules twice
    use_channel_norm(trunk)
    divisor = 2 ** (len(strides) - 1)
    return Network(trunk, whole.filters[0], classes, dropout, divisor, ["downsample.conv1.conv.weight"])
