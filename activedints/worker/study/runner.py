"""Run a study until every cell is there: in parallel, by several commands at once if need be, resuming after a kill.

A process claims a cell by locking a file that the kernel frees when the process ends, however it ends.
"""

import fcntl
import json
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from activedints.core import strategies
from activedints.core.job import Report, silent
from activedints.learn.embedding import embed_cases
from activedints.worker.study.architecture import network_named
from activedints.worker.study.arms import Embedding, pending, replay
from activedints.worker.study.cell import Cell, compute, read_result
from activedints.worker.study.dataset import PER_CASE, Data, load
from activedints.worker.study.plan import Plan, claim_folder, joined
from activedints.worker.study.results import summarise_study, write_results

PATIENCE = 2.0
"""Seconds between two looks at cells that another command computes."""

_data: Data | None = None


def run_study(plan: Plan, folder: Path, report: Report = silent, processes: int = 1) -> dict[str, object]:
    """Compute what is missing, write ``results.parquet``, ``queries.parquet``, ``summary.json`` and ``report.html``.

    Returns the summary. Finished cells are never computed again; a folder of another study is refused.
    """
    plan = joined(folder, plan)
    network_named(plan.architecture)
    data = load(plan)
    claim_folder(folder, plan)  # once nothing can be refused any more
    cold = cold_embedding(data, folder, report)
    total = len(plan.arms) * len(plan.seeds) * plan.cycles
    began, first = time.monotonic(), None
    with _computing(plan, data, processes) as start:
        running: dict[Future[None], str] = {}
        while True:
            missing = pending(data, folder, plan, cold)
            done = _finished(data, folder, plan, cold)
            first = done if first is None else first
            _tell(report, done, total, len(missing), time.monotonic() - began, done - first)
            free = [cell for cell in missing if cell.key not in running.values()]
            for cell in free[: processes - len(running)]:
                running[start(cell, folder)] = cell.key
            if not running:
                break
            ended, _ = wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            for future in ended:
                future.result()
                del running[future]
    return write_results(plan, data, folder, cold)


def summary_now(plan: Plan, folder: Path) -> dict[str, object]:
    """Figures of what is finished so far, without computing a cell."""
    plan = claim_folder(folder, plan)
    data = load(plan)
    return summarise_study(plan, data, folder, cold_embedding(data, folder, silent))


@contextmanager
def _computing(plan: Plan, data: Data, processes: int) -> Iterator[object]:
    """A function that starts a cell: here in this process for one, else in spawned ones that load the data once."""
    if processes == 1:
        yield lambda cell, folder: _done(_claimed, cell, data, folder)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, _prepare, (plan,)) as pool:
        yield lambda cell, folder: pool.submit(_in_child, cell, folder)


def _done(call: object, *arguments: object) -> Future[None]:
    future: Future[None] = Future()
    future.set_result(call(*arguments))  # type: ignore[operator]
    return future


def _prepare(plan: Plan) -> None:
    global _data
    _data = load(plan)


def _in_child(cell: Cell, folder: Path) -> None:
    assert _data is not None
    _claimed(cell, _data, folder)


def _claimed(cell: Cell, data: Data, folder: Path) -> None:
    """Compute a cell unless another process does; then wait for it."""
    locks = folder / "locks"
    locks.mkdir(exist_ok=True)
    embed = any(arm.strategy in strategies.NEEDS_EMBEDDING for arm in data.plan.arms)
    with (locks / cell.key).open("w") as lock:
        while read_result(folder, cell.key, embed) is None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(PATIENCE)
                continue
            if read_result(folder, cell.key, embed) is None:
                compute(cell, data, folder, silent, embed=embed)
            return


def cold_embedding(data: Data, folder: Path, report: Report) -> Embedding:
    """What a cold start compares cases by: handcrafted and self-supervised features, learned once per study."""
    if not any(arm.cold == "typicality" for arm in data.plan.arms):
        return {}
    path = folder / "cold.json"
    if not path.is_file():
        cases = [data.cases[case] for case in data.learning]
        vectors = embed_cases(cases, seed=data.plan.split_seed, report=report)
        facts = {str(case * PER_CASE): [float(v) for v in row] for case, row in zip(data.learning, vectors)}
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(facts))
        partial.replace(path)
    return {int(case): np.array(row) for case, row in json.loads(path.read_text()).items()}


def _finished(data: Data, folder: Path, plan: Plan, cold: Embedding) -> int:
    """Cycles of all arms that are finished; an arm whose pool is used up counts as whole."""
    done = 0
    for seed in plan.seeds:
        for arm in plan.arms:
            steps = replay(data, folder, arm, seed, cold)
            whole = steps[-1].result is not None
            done += plan.cycles if whole else len(steps) - 1
    return done


def _tell(report: Report, done: int, total: int, missing: int, seconds: float, gained: int) -> None:
    left = f", about {(total - done) * seconds / gained / 60:.0f} min left" if gained else ""
    report(done, total, f"Study: {done} of {total} cycles finished, {missing} cell(s) can be computed now{left}")
