"""The smoke study (``activedints bench smoke-study``): 4 strategies x 2 seeds x 3 cycles in 30 minutes on 2 cores."""

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from activedints.core.strategies import DEFAULT_STRATEGY
from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.runner import run_study
from benchmarks.cohorts import frozen_cohort, numbers, version
from benchmarks.figures import figure, printed, result, told

ARMS = (DEFAULT_STRATEGY, "entropy", "foreground-random", "random")


def plan_of(dataset: Path, arms: tuple[str, ...], seeds: tuple[int, ...], cycles: int, steps: int) -> Plan:
    """12 cases to learn from, 2 at first, 2 a cycle; holdout 4, calibration 4; patches of 32^3 at 3 mm."""
    return Plan(
        dataset=str(dataset),
        arms=tuple(Arm(name) for name in arms),
        seeds=seeds,
        cycles=cycles,
        budget=2,
        initial=2,
        holdout=4,
        calibration=4,
        steps=steps,
        patch=32,
        spacing=3.0,
    )


def run(
    arms: str = ",".join(ARMS), seeds: str = "0,1", cycles: int = 3, steps: int = 150, processes: int = 2
) -> dict[str, Any]:
    """Wall minutes and CPU minutes of the whole study, in a fresh folder."""
    plan = plan_of(frozen_cohort(20), tuple(arms.split(",")), numbers(seeds), cycles, steps)
    began, before = time.monotonic(), _cpu()
    with tempfile.TemporaryDirectory() as folder:
        summary = run_study(plan, Path(folder) / "smoke", told, processes)
    wall, cpu = (time.monotonic() - began) / 60, (_cpu() - before) / 60
    figures = [
        figure("wall_minutes", wall, None, "min", limit=30.0, n=len(plan.seeds)),
        figure("cpu_minutes", cpu, None, "min", limit=60.0, n=len(plan.seeds)),
    ]
    answer = result("smoke-study", figures, cpu, version())
    return answer | {"sentences": summary["sentences"], "plan": summary["plan"]}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    printed(run())
