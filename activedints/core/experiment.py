"""What an experiment is: its settings, the regime of its cycles, and what each training starts from."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from activedints.core.errors import InvalidSettings
from activedints.core.nested import NestedRule, usual_rules
from activedints.core.search_space import AUTO, check_search
from activedints.core.settings import LabelSet


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
    space: str = AUTO
    """Size of the searches: one of ``search_space.CHOICES``."""
    sigma: float = 0.5
    """Memory budget of the searches, a share of the largest network's, in (0, 1]."""
    search_seconds: float | None = None
    """Seconds of a search; None = what bounds a training bounds the search too."""
    blind_share: float = 0.1
    """Share of the queried cases that are read without the model's opinion, to measure how it sways readers."""
    nested: tuple[NestedRule, ...] | None = None
    """What lies in what, checked when a reader submits; None: the usual rules of labels with these names."""

    @property
    def rules(self) -> tuple[NestedRule, ...]:
        return usual_rules(self.labels) if self.nested is None else self.nested

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
        if not 0 <= self.blind_share <= 0.5:
            raise InvalidSettings(f"The share of cases read blind must lie in 0 to 0.5; it is {self.blind_share}.")
        if (self.seconds is None) == (self.steps is None):
            raise InvalidSettings("A training is bounded by seconds or by steps: give exactly one of the two.")
        if self.search_seconds is not None and self.search_seconds <= 0:
            raise InvalidSettings(f"A search needs a positive number of seconds; it has {self.search_seconds}.")
        check_search(self.space, self.sigma)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> "ExperimentSettings":
        fields = json.loads(text)
        labels = fields.pop("labels")
        nested = fields.pop("nested", None)
        return ExperimentSettings(
            channels=tuple(fields.pop("channels")),
            labels=LabelSet(tuple(labels["values"]), tuple(labels["names"])),
            regime=Regime(fields.pop("regime")),
            start=Start(fields.pop("start")),
            nested=None if nested is None else tuple(NestedRule(r["inner"], tuple(r["outer"])) for r in nested),
            **fields,
        )
