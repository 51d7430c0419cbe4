"""What a study compares: arms x seeds x cycles over one data set, settled before its first cell is run."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from activedints.core import strategies
from activedints.core.errors import InvalidSettings
from activedints.core.experiment import Regime
from activedints.core.query import check_budget
from activedints.core.settings import (
    LONGEST_SIDE,
    MOST_CASES,
    MOST_CYCLES,
    MOST_DRAWS,
    MOST_SEEDS,
    SOURCES,
    check_length,
    check_number,
    check_spacing,
)

CONTROLS = ("foreground-random", "random")
"""Always in the plot."""
PLAN = "plan.json"
COLDS = ("random", "typicality")
STARTS = ("scratch", "starter")
MOST_MINUTES = 1_000
FREE = ("arms", "seeds")
"""What may grow in a folder: finished cells stay what they are."""


@dataclass(frozen=True)
class Arm:
    """One curve: strategy, regime, how the initial set is drawn, what every training starts from."""

    strategy: str
    regime: str = Regime.WEIGHTS_ONLY.value
    cold: str = "random"
    start: str = "scratch"

    @property
    def name(self) -> str:
        """The strategy, and whatever differs from the usual.

        >>> Arm("entropy").name, Arm("entropy", start="starter").name
        ('entropy', 'entropy, starter')
        """
        usual = Arm(self.strategy)
        rest = [getattr(self, f) for f in ("regime", "cold", "start") if getattr(self, f) != getattr(usual, f)]
        return ", ".join([self.strategy, *rest])


@dataclass(frozen=True)
class Plan:
    """``dataset`` is an MSD folder whose label maps are the oracle. ``unit`` is what is queried, ``budget_unit`` what a
    cycle's ``budget`` counts. ``holdout`` and ``calibration`` cases are drawn once, by ``split_seed``, for all arms."""

    dataset: str
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    cycles: int
    budget: float
    initial: int = 4
    holdout: int = 8
    calibration: int = 4
    unit: str = "volume"
    side: int = 40
    """Side in voxels of a Region."""
    budget_unit: str = "volumes"
    minutes_per_case: float | None = None
    """A reader's measured minutes for a whole case; none leaves the cost in minutes out."""
    architecture: str = "small"
    steps: int = 300
    patch: int = 48
    spacing: float | None = None
    draws: int = 1
    source: str = "shared-trunk"
    temperature: bool = True
    split_seed: int = 0
    holdout_names: tuple[str, ...] = ()
    """Named instead of drawn."""

    def __post_init__(self) -> None:
        for arm in self.arms:
            strategies.strategy(arm.strategy)
            if arm.regime not in list(Regime) or arm.cold not in COLDS or arm.start not in STARTS:
                raise InvalidSettings(
                    f"The arm '{arm.name}' has no such regime, cold start or start; choose among"
                    f" {', '.join(Regime)}; {', '.join(COLDS)}; {', '.join(STARTS)}."
                )
            self._check_arm(arm)
        check_budget(self.budget, self.budget_unit)
        if not self.arms or not self.seeds:
            raise InvalidSettings("A study needs one strategy and one seed or more; name them.")
        if len(set(self.arms)) < len(self.arms) or len(set(self.seeds)) < len(self.seeds):
            raise InvalidSettings("A strategy or a seed is named twice; name each once.")
        if self.unit not in ("volume", "region"):
            raise InvalidSettings(f"A study asks for a volume or for a region; not for '{self.unit}'.")
        check_number("The number of seeds", len(self.seeds), MOST_SEEDS)
        check_length(None, self.steps)
        check_number("The number of cycles", self.cycles, MOST_CYCLES)
        check_number("The number of draws", self.draws, MOST_DRAWS)
        check_number("The side of a Region", self.side, LONGEST_SIDE)
        check_number("The side of a patch", self.patch, LONGEST_SIDE, least=8)
        check_number("The number of cases of the initial set", self.initial, MOST_CASES)
        check_number("The number of holdout cases", self.holdout, MOST_CASES)
        check_number("The number of calibration cases", self.calibration, MOST_CASES, least=0)
        if self.source not in SOURCES:
            raise InvalidSettings(f"There is no source of draws '{self.source}'; choose one of {', '.join(SOURCES)}.")
        check_spacing(self.spacing)
        if self.budget_unit == "minutes" and self.minutes_per_case is None:
            raise InvalidSettings(
                "A budget in minutes needs a reader's measured minutes per case (--minutes-per-case); none were given."
            )
        if self.minutes_per_case is not None:
            check_number("A reader's minutes per case", self.minutes_per_case, MOST_MINUTES, least=0.1)

    def _check_arm(self, arm: Arm) -> None:
        measure = (strategies.score_of(arm.strategy) or "").partition("/")[0]
        if self.draws == 1 and strategies.needs_draws(arm.strategy):
            raise InvalidSettings(
                f"The strategy '{arm.strategy}' needs draws and the study makes one deterministic pass: give --draws"
                " 10, or choose a strategy that one pass can serve, such as entropy."
            )
        if self.unit == "region" and (measure == "expected_dice_loss" or arm.strategy in strategies.NEEDS_EMBEDDING):
            raise InvalidSettings(f"The strategy '{arm.strategy}' compares whole volumes; it cannot ask for regions.")

    @property
    def identity(self) -> dict[str, Any]:
        """All that must agree for two runs to share a folder."""
        return {k: v for k, v in json.loads(json.dumps(asdict(self))).items() if k not in FREE}

    @property
    def hash(self) -> str:
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> "Plan":
        raw = json.loads(text)
        known = {field.name for field in fields(Plan)}
        raw = {key: value for key, value in raw.items() if key in known}
        raw["arms"] = tuple(Arm(**arm) for arm in raw["arms"])
        raw["seeds"], raw["holdout_names"] = tuple(raw["seeds"]), tuple(raw["holdout_names"])
        return Plan(**raw)


def claim_folder(folder: Path, plan: Plan) -> Plan:
    """Write the plan into a study's folder, joined to what is there."""
    plan = joined(folder, plan)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / PLAN, plan)
    return plan


def joined(folder: Path, plan: Plan) -> Plan:
    """The plan and what the folder holds already: arms and seeds add up, all else must agree.

    InvalidSettings for a folder that holds another study, or something that is no study.
    """
    path = folder / PLAN
    if not path.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidSettings(f"{folder} is neither empty nor a study; name a new folder for this study.")
        return plan
    try:
        there = Plan.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise InvalidSettings(f"{path} is not a study's plan ({fault}); name another folder.") from None
    differing = [name for name, value in plan.identity.items() if there.identity[name] != value]
    if differing:
        told = ", ".join(f"{name} {there.identity[name]!r} there, {plan.identity[name]!r} here" for name in differing)
        raise InvalidSettings(f"{folder} holds another study ({told}); give the same settings or another folder.")
    arms = there.arms + tuple(arm for arm in plan.arms if arm not in there.arms)
    seeds = there.seeds + tuple(seed for seed in plan.seeds if seed not in there.seeds)
    return Plan(**{**plan.__dict__, "arms": arms, "seeds": seeds})


def _write(path: Path, plan: Plan) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(plan.to_json(), encoding="utf-8")
    partial.replace(path)
