"""What an experiment is told once, at the edge. Frozen; below the edge nobody reads the environment."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

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
        return table[index]


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
    checkpoint_every: float = 20.0
    """Seconds between two resumable checkpoints."""
    threads: int = 2
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.steps is None):
            raise InvalidSettings("A training is bounded by seconds or by steps: give exactly one of the two.")
        if (self.seconds is not None and self.seconds <= 0) or (self.steps is not None and self.steps < 1):
            raise InvalidSettings("A training needs a positive number of seconds or steps.")


@dataclass(frozen=True)
class SearchSettings(TrainSettings):
    """A DiNTS search: warm-up share in which only the weights learn, memory budget sigma in (0, 1]."""

    warm_up: float = 0.5
    sigma: float = 0.5
    architecture_learning_rate: float = 1e-3
    blocks: int = 6
    depths: int = 3
    channel_mul: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma <= 1:
            raise InvalidSettings(f"The memory budget sigma must lie in (0, 1]; it is {self.sigma}.")


@dataclass(frozen=True)
class ScoreSettings:
    """How a case is predicted: number of Draws (1 = one deterministic pass), windows and their overlap."""

    draws: int = 10
    patch: tuple[int, int, int] = (48, 48, 48)
    overlap: float = 0.25
    threads: int = 2
    device: str = "auto"
    seed: int = 0


class Regime(StrEnum):
    """What a cycle learns anew (Active-DiNTS): the weights, the topology with fresh weights, or both."""

    WEIGHTS_ONLY = "weights-only"
    TOPOLOGY_ONLY = "topology-only"
    JOINT = "joint"


class Start(StrEnum):
    """What every cycle's training starts from: the shipped starter model, or random weights."""

    STARTER = "starter"
    SCRATCH = "scratch"


@dataclass(frozen=True)
class ExperimentSettings:
    """All that an experiment was told. Label set and channels are data; the seed decides split and initial set."""

    channels: tuple[str, ...]
    labels: LabelSet
    seed: int = 0
    initial: int = 0
    """Cases annotated before the first training; 0 lets the starter model choose the first query."""
    budget: int = 2
    """Cases to annotate in each cycle."""
    strategy: str = "entropy"
    regime: Regime = Regime.WEIGHTS_ONLY
    architecture: str = "small"
    start: Start = Start.STARTER
    seconds: float | None = 120.0
    steps: int | None = None
    draws: int = 10
    spacing: float | None = None
    """Working voxel size in mm; None leaves the choice to the device: native on a GPU, 2 mm or coarser on a CPU."""
    simulated: bool = False

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise InvalidSettings(f"The budget must be one case or more; it is {self.budget}.")
        if self.initial < 0:
            raise InvalidSettings(f"The initial set cannot hold {self.initial} cases; use 0 or more.")
        if self.draws < 1:
            raise InvalidSettings(
                f"The number of draws must be 1 (one deterministic pass) or more; it is {self.draws}."
            )
        if self.spacing is not None and not 0.2 <= self.spacing <= 10:
            raise InvalidSettings(f"The working spacing must lie in 0.2 to 10 mm; it is {self.spacing}.")
        if (self.seconds is None) == (self.steps is None):
            raise InvalidSettings("A training is bounded by seconds or by steps: give exactly one of the two.")

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> "ExperimentSettings":
        fields = json.loads(text)
        labels = fields.pop("labels")
        return ExperimentSettings(
            channels=tuple(fields.pop("channels")),
            labels=LabelSet(tuple(labels["values"]), tuple(labels["names"])),
            regime=Regime(fields.pop("regime")),
            start=Start(fields.pop("start")),
            **fields,
        )
