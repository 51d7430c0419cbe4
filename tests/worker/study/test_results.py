"""What is said of arms that end apart, and of arms that have not ended."""

import pytest

from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.results import summarised

PLAN = Plan("x", (Arm("entropy"), Arm("foreground-random")), (0, 1), 4, 1e6, budget_unit="voxels")


def rows_of(arm: str, cycles: int, voxels: float) -> list[dict[str, object]]:
    """Two seeds whose Dice rises by .1 per million voxels, entropy .05 above."""
    kept = {"arm": arm, "label": "mean over labels", "minutes": None, "n": 1, "cpu_seconds": 1.0}
    height = 0.45 if arm == "entropy" else 0.4
    return [
        kept | {"seed": s, "cycle": c, "volumes": 4.0 + c, "voxels": c * voxels, "dice": height + c * voxels / 1e7}
        for s in (0, 1)
        for c in range(cycles)
    ]


BOTH = [*rows_of("entropy", 3, 1.3e6), *rows_of("foreground-random", 4, 1e6)]


def test_an_arm_that_used_its_pool_up_a_cycle_earlier_is_compared_over_the_costs_that_both_reached():
    told = summarised(PLAN, BOTH, [], {"entropy": {0, 1}, "foreground-random": {0, 1}})
    (row,) = told["differences"]
    assert row["difference"] == pytest.approx(0.05)
    assert row["n"] == 2
    assert told["sentences"][0].startswith("After 3 cycles entropy has")
    assert told["finished"] == {"entropy": 2, "foreground-random": 2}


@pytest.mark.parametrize(
    ("arms", "complete", "words"),
    [
        (PLAN.arms, {"entropy": set(), "foreground-random": {0}}, "random: entropy has not finished any seed:"),
        (PLAN.arms, {"entropy": {0}, "foreground-random": {1}}, "control has not finished any seed that entropy has:"),
        (PLAN.arms[:1], {"entropy": {0}}, "random: that control was not run."),
    ],
)
def test_what_is_missing_is_named(arms, complete, words):
    plan = Plan("x", arms, (0, 1), 4, 1e6, budget_unit="voxels")
    told = summarised(plan, [row for row in BOTH if row["arm"] in complete], [], complete)
    assert words in told["sentences"][0]
    assert not told["differences"]
