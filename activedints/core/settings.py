"""What an experiment is told once, at the edge. Frozen; below the edge nobody reads the environment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidLabels, InvalidSettings
from activedints.core.volume import IGNORE


@dataclass(frozen=True)
class LabelSet:
    """The label values of an experiment and their names; 0 is the background, 255 (IGNORE) never a class.

    Values may have gaps: a network's class index is the position in ``values``.

    >>> LabelSet((0, 2, 5), ("background", "edema", "core")).index_of(np.array([0, 5, 255], np.uint8))
    array([  0,   2, 255], dtype=uint8)
    """

    values: tuple[int, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.names) or len(self.values) < 2:
            raise InvalidLabels(f"A label set needs one name per value and at least one foreground: {self}.")
        if self.values[0] != 0 or list(self.values) != sorted(set(self.values)) or self.values[-1] >= IGNORE:
            raise InvalidLabels(f"Label values must rise from 0 (background) and stay below 255: {self.values}.")

    @property
    def classes(self) -> int:
        return len(self.values)

    @property
    def foreground(self) -> tuple[str, ...]:
        return self.names[1:]

    def index_of(self, label: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Label values -> class indices (IGNORE stays IGNORE); InvalidLabels for a value that is not in the set."""
        table = np.full(256, IGNORE, np.uint8)
        table[list(self.values)] = np.arange(self.classes, dtype=np.uint8)
        found = np.flatnonzero(np.bincount(label.ravel(), minlength=256))
        unknown = sorted(set(found.tolist()) - set(self.values) - {IGNORE})
        if unknown:
            raise InvalidLabels(
                f"Label values {unknown} are not in the label set {dict(zip(self.values, self.names))}."
            )
        indices: npt.NDArray[np.uint8] = table[label]
        return indices

    def value_of(self, index: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
        """Class indices -> label values (IGNORE stays IGNORE)."""
        table = np.full(256, IGNORE, np.uint8)
        table[: self.classes] = self.values
        values: npt.NDArray[np.uint8] = table[index]
        return values


SOURCES = ("one-pass", "shared-trunk", "full-dropout", "snapshots", "deep-ensemble", "test-time")
"""Where Draws may come from; ``learn/sources.py`` says what each is."""
PRECISIONS = ("auto", "float32", "bfloat16")


MOST_DRAWS = 1_000
MOST_STEPS = 10_000_000
MOST_SECONDS = 31 * 24 * 3600
MOST_CYCLES = 1_000
MOST_MEMBERS = 100
MOST_SEEDS = 1_000
MOST_CASES = 100_000
MOST_EPISODES = 100_000
MOST_PROCESSES = 256
LONGEST_SIDE = 512
"""Voxels of a side of a Region or patch."""


def check_number(what: str, number: float, most: int, least: float = 1) -> None:
    """InvalidSettings unless ``number`` lies in ``least`` to ``most``: beyond it is a slip of the hand.

    >>> check_number("The number of draws", 10, MOST_DRAWS)
    """
    if not least <= number <= most:
        raise InvalidSettings(f"{what} must lie in {least:,} to {most:,}; it is {number:,}: choose one in between.")


def check_length(seconds: float | None, steps: int | None, what: str = "training") -> None:
    """InvalidSettings unless what bounds a run is None or a positive number that somebody can mean."""
    if seconds is not None and not 0 < seconds <= MOST_SECONDS:
        raise InvalidSettings(
            f"A {what} needs a positive number of seconds; it has {seconds:g}: give more than 0 and at most"
            f" {MOST_SECONDS:,} (31 days)."
        )
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise InvalidSettings(f"A {what} needs one step or more; it has {steps}: give 1 to {MOST_STEPS:,}.")


def check_spacing(spacing: float | None) -> None:
    """InvalidSettings unless a working spacing is None or of the size of a voxel."""
    if spacing is not None and not 0.2 <= spacing <= 10:
        raise InvalidSettings(f"The working spacing must lie in 0.2 to 10 mm; it is {spacing}: choose one in between.")


def check_seed(seed: int) -> None:
    """InvalidSettings for a seed that random generators do not take."""
    if not 0 <= seed < 2**63:
        raise InvalidSettings(f"A seed must be a whole number from 0 to 2^63 - 1; it is {seed}: choose one of these.")


@dataclass(frozen=True)
class TrainSettings:
    """One training run. Exactly one of ``seconds`` (wall clock) and ``steps`` bounds it."""

    seconds: float | None = None
    steps: int | None = None
    patch: tuple[int, int, int] = (48, 48, 48)
    batch: int = 2
    learning_rate: float = 2e-3
    weight_decay: float = 1e-5
    dropout: float = 0.2
    average: float = 0.99
    """Decay per step of the running average of the weights, which is what is kept; 0 keeps the last weights."""
    spacing: tuple[float, float, float] | None = None
    """Working spacing in mm, to which every case is resampled; None = each case's own."""
    precision: str = "auto"
    """``float32``, ``bfloat16`` (matrix products only), or ``auto``: bfloat16 where the processor has it."""
    snapshots: int = 1
    """Restarts of the learning rate within the run; the network at the end of each is a Member (Huang et al. 2017)."""
    checkpoint_every: float = 20.0
    """Seconds between two resumable checkpoints."""
    threads: int = 2
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.steps is None):
            raise InvalidSettings("A training is bounded by seconds or by steps: give exactly one of the two.")
        check_length(self.seconds, self.steps)
        check_seed(self.seed)
        check_number("The number of restarts of a training", self.snapshots, MOST_MEMBERS)
        if self.precision not in PRECISIONS:
            raise InvalidSettings(f"The precision is one of {list(PRECISIONS)}; it is {self.precision!r}.")


@dataclass(frozen=True)
class SearchSettings(TrainSettings):
    """A DiNTS search: warm-up share in which only the weights learn, memory budget sigma in (0, 1].

    The search ends before its ``seconds`` or ``steps`` once the decoded architecture has not changed for ``patience``
    evaluations, one every ``evaluate_every`` steps, with the penalty at full weight.
    """

    warm_up: float = 0.4
    sigma: float = 0.5
    """Activation memory wanted, as a share of the network with all edges and the costliest operations."""
    architecture_learning_rate: float = 2e-2
    """For runs of a thousand steps; the released schedules, ten times as long, use 1e-3."""
    blocks: int = 6
    depths: int = 3
    channel_mul: float = 0.25
    fine_skip: bool = True
    """Search networks that keep the stem's features at the input's resolution (see ``Architecture.fine_skip``)."""
    norm: str = "batch"
    """Norm of the decoded network (see ``Architecture.norm``); the supernet's is always the instance norm."""
    evaluate_every: int = 25
    patience: int = 8
    processes: int = 1
    """Processes that learn together on this machine, a GPU each; every one takes batches of ``batch``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma <= 1:
            raise InvalidSettings(f"The memory budget sigma must lie in (0, 1]; it is {self.sigma}.")
        if not 0 <= self.warm_up < 1:
            raise InvalidSettings(f"The warm-up is a share of the search, 0 to below 1; it is {self.warm_up}.")
        if (
            min(self.blocks, self.depths, self.evaluate_every, self.patience, self.processes) < 1
            or self.channel_mul * 32 < 2
        ):
            raise InvalidSettings(
                "A search needs one block, depth, step between evaluations, evaluation of patience and process or "
                f"more, and a channel_mul of at least 1/16; these are {self.blocks}, {self.depths}, "
                f"{self.evaluate_every}, {self.patience}, {self.processes} and {self.channel_mul}."
            )
        if any(side < 2**self.depths or side % 2**self.depths for side in self.patch):
            raise InvalidSettings(
                f"Every side of the patch must be a multiple of {2**self.depths} with {self.depths} resolutions "
                f"({2 ** (self.depths + 1)} is better); it is {self.patch}."
            )

    @property
    def advice(self) -> str:
        """A sentence where the patch is allowed but not what MONAI recommends; '' otherwise."""
        unit = 2 ** (self.depths + 1)
        if all(side % unit == 0 for side in self.patch):
            return ""
        return f"Sides of the patch that are multiples of {unit} are better with {self.depths} resolutions."


@dataclass(frozen=True)
class ScoreSettings:
    """How a case is predicted: number of Draws (1 = one deterministic pass), windows and their overlap."""

    draws: int = 10
    patch: tuple[int, int, int] = (48, 48, 48)
    overlap: float = 0.25
    threads: int = 2
    device: str = "auto"
    seed: int = 0
    precision: str = "auto"
    source: str = "shared-trunk"
    """Where Draws come from, one of SOURCES; with one Draw every source but an Ensemble is the deterministic pass."""
    temperature: float = 1.0
    """Divides the logits; above 1 makes probabilities humbler (Guo et al., ICML 2017)."""

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InvalidSettings(f"There is no source of draws '{self.source}'; choose one of {', '.join(SOURCES)}.")
        if not 0.05 <= self.temperature <= 20:
            raise InvalidSettings(f"The temperature must lie in [0.05, 20]; it is {self.temperature}.")
        check_number("The number of draws", self.draws, MOST_DRAWS)
        if not 0 <= self.overlap < 1:
            raise InvalidSettings(f"The overlap of windows must lie in [0, 1); it is {self.overlap}.")
        if self.precision not in PRECISIONS:
            raise InvalidSettings(f"The precision is one of {list(PRECISIONS)}; it is {self.precision!r}.")
