"""The frozen cohort on disk, made once for all benchmarks that learn from it, and seeds as people write them."""

from pathlib import Path

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import simulate_cohort
from benchmarks.arms import RUNS

SEED = 4100


def frozen_cohort(cases: int, seed: int = SEED) -> Path:
    """Folder of ``cases`` cases of the present cohort version (the hash of its settings is in the folder's name)."""
    settings = CohortSettings()
    folder = RUNS / f"{settings.version}-{settings.hash[:8]}-{seed}-{cases}"
    if not (folder / "dataset.json").is_file():
        RUNS.mkdir(exist_ok=True)
        simulate_cohort(folder, cases, seed, settings)
    return folder


def version() -> str:
    """The cohort's version with the beginning of its hash, for a figure."""
    settings = CohortSettings()
    return f"{settings.version} {settings.hash[:8]}"


def numbers(text: str) -> tuple[int, ...]:
    """``0,1,2`` or ``0-9`` as numbers.

    >>> numbers("0-2,5")
    (0, 1, 2, 5)
    """
    found: list[int] = []
    for part in text.split(","):
        low, dash, high = part.partition("-")
        found += range(int(low), int(high) + 1) if dash else [int(low)]
    return tuple(found)
