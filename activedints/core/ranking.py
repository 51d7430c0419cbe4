"""What a ranking of architectures is asked: the settings that a screen, a command and the study share."""

from dataclasses import dataclass, fields
from typing import Any

from activedints.core.errors import InvalidSettings
from activedints.core.settings import MOST_SEEDS, check_number, check_seed

TRAINING_FREE = ("topology", "ways", "order", "shape", "cost")
"""Groups of meta-features that cost no pass through a network."""
DEFAULT = "stack"
"""The regressor that is taken unless another is asked for."""
MOST_QUERIES = 1_000


@dataclass(frozen=True)
class RankSettings:
    """What a ranking study is asked. ``train_sizes`` and ``compare`` (regressors) widen the table of figures;
    ``queries`` > 0 also simulates searches of that many trained architectures; ``cost`` names one more cost or
    latency column to show."""

    benchmark: str = "digits"
    folder: str = ""
    pool: str = "all"
    dataset: str = ""
    features: tuple[str, ...] = TRAINING_FREE
    regressor: str = DEFAULT
    design: str = "random"
    train_size: int = 172
    train_sizes: tuple[int, ...] = ()
    compare: tuple[str, ...] = ()
    seeds: int = 10
    seed: int = 0
    queries: int = 0
    cost: str = ""

    def __post_init__(self) -> None:
        check_number("The number of seeds of a ranking study", self.seeds, MOST_SEEDS)
        check_number("The number of queries of a simulated search", self.queries, MOST_QUERIES, least=0)
        check_seed(self.seed)

    @staticmethod
    def from_row(row: dict[str, Any]) -> "RankSettings":
        """From a row of JSON: lists become tuples; InvalidSettings for a name that is no setting."""
        known = {field.name for field in fields(RankSettings)}
        strange = sorted(row.keys() - known)
        if strange:
            raise InvalidSettings(f"'{strange[0]}' is no setting of a ranking; there are {', '.join(sorted(known))}.")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        return RankSettings(**values)
