"""A trained network in one self-describing file: safetensors, with a card in JSON in its metadata. No pickle."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from activedints.core.architecture import Architecture, same_network
from activedints.core.errors import ActiveDintsError, InvalidChannels, InvalidSettings, NotFound, UnsafeCheckpoint
from activedints.core.settings import LabelSet
from activedints.learn.compute import pick_device
from activedints.learn.networks import Network, build
from activedints.learn.norm import OWN, use_own_share

KEY = "activedints"
OWN_STATISTICS = "own_statistics"
"""The fact of a card that says which share of a window's own statistics the batch norms use."""
VERSION = 1


@dataclass(frozen=True)
class Card:
    """What a model file says about itself: enough to build the network and to feed it."""

    architecture: Architecture | str
    channels: tuple[str, ...]
    labels: LabelSet
    spacing: tuple[float, float, float] | None
    patch: tuple[int, int, int]
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps({"version": VERSION} | asdict(self))

    @staticmethod
    def from_json(text: str) -> "Card":
        """Read what ``to_json`` wrote; ValueError, TypeError or KeyError for anything else."""
        raw = json.loads(text)
        if raw.pop("version") != VERSION:
            raise ValueError("another version of the format")
        architecture = raw["architecture"]
        if not isinstance(architecture, str):
            architecture = Architecture.from_json(json.dumps(architecture))
        labels = LabelSet(tuple(raw["labels"]["values"]), tuple(raw["labels"]["names"]))
        spacing = raw["spacing"] and tuple(raw["spacing"])
        plain = {"channels": tuple(raw["channels"]), "spacing": spacing, "patch": tuple(raw["patch"])}
        return Card(architecture=architecture, labels=labels, settings=raw["settings"], facts=raw["facts"], **plain)

    def build(self) -> Network:
        """The network of this card, freshly initialised."""
        spacing, dropout = self.spacing or (1.0, 1.0, 1.0), float(self.settings.get("dropout", 0.0))
        return build(self.architecture, len(self.channels), self.labels.classes, dropout, spacing, self.patch)


@dataclass(frozen=True)
class Model:
    """A network ready to predict (in eval mode, on its device) and its card."""

    network: Network
    card: Card


def save_model(path: Path, network: Network, card: Card, half: bool = False) -> Path:
    """Write the file under a temporary name, then rename. ``half`` stores float16 (half the size)."""
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    if half:
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    partial = path.with_suffix(".partial")
    save_file(state, partial, metadata={KEY: card.to_json()})
    partial.replace(path)
    return path


def read_card(path: Path) -> Card:
    """A model file's card alone, without its weights."""
    with _ours(Path(path)), safe_open(path, framework="pt") as file:
        return Card.from_json((file.metadata() or {})[KEY])


@contextmanager
def _ours(path: Path) -> Iterator[None]:
    """What does not read as a model file of ours becomes one sentence."""
    if not path.is_file():
        raise NotFound(f"There is no model file {path}; train one, or name another file.")
    try:
        yield
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, OSError, ActiveDintsError) as fault:
        raise UnsafeCheckpoint(
            f"{path.name} is not a model of this program ({type(fault).__name__}: {fault}); "
            "only safetensors files that it wrote are read, never a pickle."
        ) from None


def load_model(path: Path, device: str = "auto") -> Model:
    """Read a model file. UnsafeCheckpoint for anything but safetensors that hold our card and fit its network."""
    path = Path(path)
    with _ours(path), safe_open(path, framework="pt") as file:
        card = Card.from_json((file.metadata() or {})[KEY])
        with torch.device("meta"):
            network = card.build()
        expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        if expected != found:
            odd = sorted(set(expected.items()) ^ set(found.items()))[0][0]
            raise ValueError(f"tensor {odd!r} does not fit the network of its card")
        state = {name: file.get_tensor(name).float() for name in found}
        use_own_share(network, float(card.facts.get(OWN_STATISTICS, OWN)))
    network.load_state_dict(state, assign=True)
    return Model(network.to(pick_device(device)).eval(), card)


def channel_order(wanted: tuple[str, ...], given: tuple[str, ...], whose: str) -> list[int]:
    """Where each wanted channel stands in ``given``; InvalidChannels when one is missing.

    >>> channel_order(("T2w", "FLAIR"), ("FLAIR", "T1w", "T2w"), "the model")
    [2, 0]
    """
    missing = [name for name in wanted if name not in given]
    if missing:
        raise InvalidChannels(
            f"Channels {missing} of {whose} are missing: the images bring {list(given)}; "
            "import the missing channels, or choose a model that was trained without them."
        )
    return [given.index(name) for name in wanted]


def start_from(network: Network, card: Card, start: Model) -> str:
    """Copy a starter's weights into ``network``: all of them for the same label names, else the trunk alone.

    Channels are matched by name, one that the starter does not know enters with zero weights. Returns ``"all"`` or
    ``"trunk"``. Raises InvalidSettings for another architecture, InvalidChannels for a missing channel.
    """
    if not same_network(start.card.architecture, card.architecture):
        raise InvalidSettings(
            "The starter model has another architecture than this training; "
            "start from scratch or train the starter's architecture."
        )
    order = channel_order(start.card.channels, card.channels, "the starter model")
    state = {name: value.detach().cpu() for name, value in start.network.trunk.state_dict().items()}
    for name in network.entry:
        known = state[name]
        state[name] = known.new_zeros(known.shape[0], len(card.channels), *known.shape[2:])
        state[name][:, order] = known
    network.trunk.load_state_dict(state)
    if start.card.labels.names != card.labels.names:
        return "trunk"
    network.head.load_state_dict(start.network.head.state_dict())
    return "all"
