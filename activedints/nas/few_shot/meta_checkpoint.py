"""A meta-trained start as two files: NAME.safetensors (weights) and NAME.json (what they are, and what made them)."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError

from activedints.core.errors import InvalidFile, NotFound, UnsafeCheckpoint
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.functional import Conv4, Network, Params
from activedints.nas.few_shot.metanas import Search
from activedints.nas.few_shot.mixtures import Mixed
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet

LARGEST = 512 * 1024
"""Bytes of weights that ship at most."""


@dataclass(frozen=True)
class MetaCheckpoint:
    """``learner`` names it on a screen; ``made`` says command, seed, data, seconds and figures (JSON values)."""

    learner: str
    network: Conv4 | Supernet
    adapting: Adaptation | Search
    params: Params
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> int:
        """Number of weights, architecture weights included."""
        return sum(v.numel() for v in self.params.values())


def card(checkpoint: MetaCheckpoint) -> dict[str, Any]:
    """What the weights are and what made them, as JSON values."""
    return {
        "learner": checkpoint.learner,
        "network": {"kind": type(checkpoint.network).__name__, **asdict(checkpoint.network)},
        "adapting": {"kind": type(checkpoint.adapting).__name__, **asdict(checkpoint.adapting)},
        "made": checkpoint.made,
    }


def files_of(stem: Path) -> tuple[Path, Path]:
    """NAME.safetensors and NAME.json; NAME may hold dots, and may come with either ending.

    >>> [file.name for file in files_of(Path("rate-0.5"))]
    ['rate-0.5.safetensors', 'rate-0.5.json']
    """
    name = stem.name.removesuffix(".safetensors").removesuffix(".json")
    return stem.with_name(f"{name}.safetensors"), stem.with_name(f"{name}.json")


def save_weights(checkpoint: MetaCheckpoint, path: Path) -> None:
    """Float32 weights as safetensors."""
    safetensors.torch.save_file({k: v.contiguous() for k, v in checkpoint.params.items()}, path)


def save(checkpoint: MetaCheckpoint, stem: Path) -> tuple[Path, Path]:
    """Write both files."""
    weights, about = files_of(stem)
    save_weights(checkpoint, weights)
    about.write_text(json.dumps(card(checkpoint), indent=1) + "\n", encoding="utf-8")
    return weights, about


def load(stem: Path) -> MetaCheckpoint:
    """Read what ``save`` wrote. NotFound, InvalidFile or UnsafeCheckpoint say in one sentence what is wrong."""
    weights, about = files_of(stem)
    for path in (weights, about):
        if not path.is_file():
            raise NotFound(f"The few-shot checkpoint {path.name} is missing: train again to make it.")
    try:
        described = json.loads(about.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise InvalidFile(f"{about.name} is no JSON ({fault}): train again.") from None
    return read(weights, described)


def read(weights: Path, about: dict[str, Any]) -> MetaCheckpoint:
    """The checkpoint of a weights file and its card (``card``'s form)."""
    try:
        network, adapting = built_network(dict(about["network"])), built_adapting(dict(about["adapting"]))
        learner, made = str(about["learner"]), dict(about["made"])
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InvalidFile(
            f"The card of {weights.name} does not describe a few-shot checkpoint ({fault!r}): train again."
        ) from None
    try:
        params = safetensors.torch.load_file(weights)
    except (SafetensorError, OSError) as fault:
        raise UnsafeCheckpoint(f"{weights.name} is no safetensors file or is damaged ({fault}): train again.") from None
    check_params(params, network, adapting, weights.name)
    return MetaCheckpoint(learner, network, adapting, params, made)


def built_network(about: dict[str, Any]) -> Conv4 | Supernet:
    kind = about.pop("kind")
    if kind == "Conv4":
        return Conv4(**about)
    return {"Supernet": Supernet}[kind](**about | {"reduces": tuple(about["reduces"])})


def built_adapting(about: dict[str, Any]) -> Adaptation | Search:
    kind = about.pop("kind")
    if kind == "Adaptation":
        return Adaptation(**about)
    return {"Search": Search}[kind](**about | {"annealing": Annealing(**about["annealing"])})


def check_params(params: Params, network: Conv4 | Supernet, adapting: Adaptation | Search, name: str) -> None:
    """UnsafeCheckpoint unless the weights are exactly those of this network, by name and shape, and finite."""
    like: Network = Mixed(network, inputs=adapting.inputs) if isinstance(adapting, Search) else network
    wanted = {k: tuple(v.shape) for k, v in like.start(0).items()}
    found = {k: tuple(v.shape) for k, v in params.items() if not k.startswith("head.")}
    if found != wanted:
        odd = sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
        raise UnsafeCheckpoint(
            f"{name} does not hold the weights that its card names ({len(odd)} differ, first {odd[0]!r}): "
            "it belongs to another recipe; train again."
        )
    if not all(bool(v.isfinite().all()) for v in params.values()):
        raise UnsafeCheckpoint(f"{name} holds weights that are not finite: train again.")
