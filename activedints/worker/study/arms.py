"""How an arm goes from cell to cell: replayed from finished cells alone, so that it does not matter who ran them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from activedints.core import strategies
from activedints.core.query import Candidates
from activedints.core.region import BOX
from activedints.core.score import DEFAULT_REDUCTION
from activedints.worker.study.cell import Cell, cell_of, read_result
from activedints.worker.study.dataset import PER_CASE, Data
from activedints.worker.study.plan import Arm, Plan

Embedding = dict[int, np.ndarray]


@dataclass(frozen=True)
class Step:
    """One cycle of an arm: its cell, what was queried before it, the cell's result if it is finished."""

    cell: Cell
    queried: tuple[int, ...]
    result: dict[str, Any] | None


def initial_set(data: Data, arm: Arm, seed: int, cold: Embedding) -> list[int]:
    """Candidates of the first cases, whole: at random, or the most typical; the same for every strategy of a seed."""
    pool = tuple(case * PER_CASE for case in data.learning)
    wanted = Candidates(pool, embedding=cold)
    name = "random" if arm.cold == "random" else "typicality"
    chosen = strategies.select(name, wanted, data.plan.initial, seed)
    return sorted(c for choice in chosen for c in data.whole(choice.candidate // PER_CASE))


def replay(data: Data, folder: Path, arm: Arm, seed: int, cold: Embedding) -> list[Step]:
    """The arm's cycles in order, up to the first whose cell is not finished, or to where the pool is used up."""
    labelled = initial_set(data, arm, seed, cold)
    queried, before = tuple(labelled), ""
    steps: list[Step] = []
    for cycle in range(data.plan.cycles):
        cell = cell_of(arm, seed, cycle, data.plan.cycles, labelled, before)
        result = read_result(folder, cell.key, arm.strategy in strategies.NEEDS_EMBEDDING)
        steps.append(Step(cell, queried, result))
        left = set(data.candidates) - set(labelled)
        if result is None or cell.last or not left:
            break
        queried = tuple(query_of(data, arm, seed, cycle, result, labelled))
        labelled, before = sorted([*labelled, *queried]), cell.key
    return steps


def query_of(data: Data, arm: Arm, seed: int, cycle: int, result: dict[str, Any], labelled: list[int]) -> list[int]:
    """What the arm asks for after a finished cell; the same seed gives the same query."""
    scores = {int(candidate): row for candidate, row in result["pool"].items()}
    free = tuple(sorted(set(scores) - set(labelled)))
    plan = data.plan
    candidates = Candidates(
        pool=free,
        scores=scores,
        embedding={int(c): np.array(v) for c, v in result.get("embedding", {}).items()},
        labelled=tuple(c for c in labelled if str(c) in result.get("embedding", {})),
        cost={candidate: data.cost(candidate) for candidate in free},
        progress=cycle / max(1, plan.cycles - 2),
        reduction=BOX if data.boxes else DEFAULT_REDUCTION,
    )
    if arm.strategy in strategies.NEEDS_EMBEDDING:
        known = {*candidates.pool, *candidates.labelled}
        candidates = replace(candidates, embedding={c: v for c, v in candidates.embedding.items() if c in known})
    chosen = strategies.select(arm.strategy, candidates, plan.budget, seed * 10_007 + cycle + 1)
    return [choice.candidate for choice in chosen]


def finished_seeds(data: Data, folder: Path, arm: Arm, seeds: tuple[int, ...], cold: Embedding) -> set[int]:
    """Seeds at which the arm went to its end: all cycles, or the one that used its pool up."""
    return {seed for seed in seeds if replay(data, folder, arm, seed, cold)[-1].result is not None}


def pending(data: Data, folder: Path, plan: Plan, cold: Embedding) -> list[Cell]:
    """The cells that can be computed now, each once, early cycles first."""
    found: dict[str, Cell] = {}
    for seed in plan.seeds:
        for arm in plan.arms:
            step = replay(data, folder, arm, seed, cold)[-1]
            if step.result is None:
                found.setdefault(step.cell.key, step.cell)
    return sorted(found.values(), key=lambda cell: (cell.cycle, cell.seed, cell.key))
