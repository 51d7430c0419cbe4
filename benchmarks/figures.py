"""The one form of a claimed figure (DESIGN §7): ours, the reference of the same run, and whether the bar holds."""

import json
import os
import platform
import sys
from typing import Any

import numpy as np


def figure(
    what: str,
    ours: float | None,
    reference: float | None,
    unit: str,
    *,
    n: int = 1,
    interval: tuple[float, float] | None = None,
    bar: float | None = None,
    limit: float | None = None,
    smaller_is_better: bool = True,
) -> dict[str, Any]:
    """``ratio`` is times better than the reference (> 1 wins). ``bar`` is the ratio asked for; ``limit`` instead asks
    that ``ours`` itself is at most (or, where larger is better, at least) that much."""
    ratio = None
    if ours and reference:
        ratio = reference / ours if smaller_is_better else ours / reference
    holds = None if bar is None or ratio is None else ratio >= bar
    if limit is not None and ours is not None:
        bar, holds = limit, ours <= limit if smaller_is_better else ours >= limit
    return {
        "what": what,
        "ours": ours,
        "reference": reference,
        "ratio": ratio,
        "unit": unit,
        "n": n,
        "interval": interval,
        "bar": bar,
        "holds": holds,
    }


def result(name: str, figures: list[dict[str, Any]], core_minutes: float, cohort: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "cohort": cohort,
        "figures": figures,
        "core_minutes": round(core_minutes, 2),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }


def bootstrap(differences: list[float], seed: int = 0, draws: int = 10_000) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by resampling them."""
    values = np.asarray(differences, np.float64)
    picks = np.random.default_rng(seed).integers(len(values), size=(draws, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def printed(answer: dict[str, Any]) -> None:
    """One JSON object on stdout, nothing else."""
    print(json.dumps(answer))


def told(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
    """A Report in plain lines, on stderr: stdout is the answer's alone."""
    print(f"{step}/{total} {message}", file=sys.stderr, flush=True)
