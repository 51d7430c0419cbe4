"""Architectures by what settings call them."""

from activedints.core.architecture import Architecture
from activedints.learn import networks


def architecture_named(name: str) -> Architecture | str:
    """An architecture by JSON text, by the name of one that ships, or a baseline's name."""
    if name.lstrip().startswith("{"):
        return Architecture.from_json(name)
    return name if name in networks.BASELINES else networks.shipped(name)
