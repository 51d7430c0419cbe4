"""What an experiment is: its settings, the regime of its cycles, and what each training starts from."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from activedints.core.errors import InvalidSettings
from activedints.core.nested import NestedRule, usual_rules
from activedints.core.query import check_budget
from activedints.core.search_space import AUTO, check_search
from activedints.core.settings import (
    LONGEST_SIDE,
    MOST_CASES,
    MOST_CYCLES,
    MOST_DRAWS,
    MOST_MEMBERS,
    SOURCES,
    LabelSet,
    check_length,
    check_number,
    check_seed,
    check_spacing,
)
from activedints.core.strategies import NEEDS_EMBEDDING, WITHOUT_BOXES, needs_draws, strategy

ASKED_FOR = ("volume", "region")
"""Units of a query."""


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
    """What each cycle may cost, in ``budget_unit``: cases, voxels of the source grid, or a reader's minutes."""
    budget_unit: str = "volumes"
    unit: str = "volume"
    """What is asked for: a whole volume, or a region; what no Region holds is ignored by training."""
    side: int = 40
    """Side of a Region in voxels."""
    strategy: str = "clasp-pe"
    control: float = 0.25
    """Share of the queries that is drawn foreground-aware at random, so that readers' work has a control."""
    planned: int = 8
    """Cycles that are planned: by then ClaSP PE's noise has died down."""
    sources: tuple[str, ...] = ("shared-trunk",)
    """Sources of draws that are held against one pass on the calibration cases; the best sure one is used."""
    members: int = 5
    """Networks of an Ensemble, where ``snapshots`` or ``deep-ensemble`` is among the sources."""
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
        check_budget(self.budget, self.budget_unit)
        strategy(self.strategy)
        if self.draws == 1 and needs_draws(self.strategy):
            raise InvalidSettings(
                f"The strategy '{self.strategy}' needs draws and the experiment makes one deterministic pass: ask for"
                " more draws, or choose a strategy that one pass can serve, such as entropy."
            )
        if self.unit not in ASKED_FOR or not 8 <= self.side <= LONGEST_SIDE:
            raise InvalidSettings(
                f"An experiment asks for a volume, or for a region of 8 to {LONGEST_SIDE} voxels a side; not for a"
                f" {self.unit} with {self.side}."
            )
        if self.unit == "region" and (self.strategy in NEEDS_EMBEDDING or self.strategy in WITHOUT_BOXES):
            raise InvalidSettings(f"The strategy '{self.strategy}' compares whole volumes; it cannot ask for regions.")
        if not 0 <= self.control <= 1:
            raise InvalidSettings(f"The control stream is a share of the queries, 0 to 1; it is {self.control}.")
        check_number("The number of planned cycles", self.planned, MOST_CYCLES)
        if unknown := sorted(set(self.sources) - set(SOURCES)):
            raise InvalidSettings(f"There is no source of draws {unknown}; choose among {', '.join(SOURCES)}.")
        if {"snapshots", "deep-ensemble"} <= set(self.sources):
            raise InvalidSettings("An experiment tries snapshots or a deep-ensemble, not both: leave one of them out.")
        check_number("The number of Members of an Ensemble", self.members, MOST_MEMBERS, least=2)
        check_number("The number of cases of the initial set", self.initial, MOST_CASES, least=0)
        check_number("The number of draws (1 is one deterministic pass)", self.draws, MOST_DRAWS)
        check_spacing(self.spacing)
        if not 0 <= self.blind_share <= 0.5:
            raise InvalidSettings(f"The share of cases read blind must lie in 0 to 0.5; it is {self.blind_share}.")
        if (self.seconds is None) == (self.steps is None):
            raise InvalidSettings("A training is bounded by seconds or by steps: give exactly one of the two.")
        check_length(self.seconds, self.steps)
        check_length(self.search_seconds, None, "search")
        check_seed(self.seed)
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
            sources=tuple(fields.pop("sources", ("shared-trunk",))),
            labels=LabelSet(tuple(labels["values"]), tuple(labels["names"])),
            regime=Regime(fields.pop("regime")),
            start=Start(fields.pop("start")),
            nested=None if nested is None else tuple(NestedRule(r["inner"], tuple(r["outer"])) for r in nested),
            **fields,
        )
