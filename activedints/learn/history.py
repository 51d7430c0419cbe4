"""The story of a search as one JSON file: what a page needs to draw any past step, and how the search ended."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core.decode import Alphas
from activedints.core.errors import InvalidSettings
from activedints.core.settings import SearchSettings
from activedints.learn.data import TrainingCase

NAME = "history.json"


@dataclass
class History:
    """``facts``: settings, channels, labels, operation names. ``estimate`` before and ``measured`` after the run.

    Each evaluation holds ``step``, ``seconds``, the losses, entropies, ``ram``, ``gflops`` of the mean sampled network,
    ``seconds_per_step``, ``alphas`` (``edges`` (L, E), ``operations`` (L, E, 5)), ``chances`` (L, E) of the edges,
    ``decoded`` (``edges``, ``operations``, ``cost``) and ``network``, its counted cost. ``reason`` is None while the
    search is not over.
    """

    purpose: str
    facts: dict[str, Any]
    estimate: dict[str, float] = field(default_factory=dict)
    measured: dict[str, float] = field(default_factory=dict)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None
    final: dict[str, Any] | None = None
    """The alphas at the end, not rounded; None while the search is not over."""
    network: dict[str, float] = field(default_factory=dict)
    """Counted cost of the decoded network at the end: ``parameters``, ``gflops``, ``activation_megabytes``."""

    def write(self, folder: Path) -> Path:
        """Whole or not at all: temporary name, fsync, rename."""
        folder.mkdir(parents=True, exist_ok=True)
        path, partial = folder / NAME, folder / (NAME + ".partial")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(self.__dict__, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return path

    def back_to(self, step: int) -> None:
        """Forget what came after ``step``: a resumed search makes it again."""
        self.reason = None
        self.evaluations = [e for e in self.evaluations if e["step"] <= step]


def read_history(folder: Path, purpose: str) -> History | None:
    """The folder's history, or None; InvalidSettings when it tells of another search."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        history = History(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as fault:
        raise InvalidSettings(f"{path} is no history of a search ({fault}); delete it to start again.") from None
    if history.purpose != purpose:
        raise InvalidSettings(
            f"{path} belongs to a search with other settings, cases or labels; resume with those it was started with, "
            "or give this search an empty folder."
        )
    return history


def fingerprint(facts: dict, cases: Sequence[TrainingCase], alphas: Alphas | None) -> str:
    """What a folder must have been made for to be resumed: settings, cases and their labels, alphas at the start.

    Settings at their defaults do not count, so that a search outlives a version that adds one.
    """
    defaults = {field.name: field.default for field in fields(SearchSettings)}
    chosen = {name: value for name, value in facts["settings"].items() if value != defaults[name]}
    found = hashlib.sha256(json.dumps({**facts, "settings": chosen}, sort_keys=True).encode())
    for case in cases:
        found.update(json.dumps([case.case_id, list(case.image.shape)]).encode())
        found.update(b"" if case.label is None else np.ascontiguousarray(case.label).tobytes())
    if alphas is not None:
        found.update(alphas.edges.tobytes() + alphas.operations.tobytes())
    return found.hexdigest()
