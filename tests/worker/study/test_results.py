"""What is said of arms that end apart, of arms that have not ended, and of what was run."""

import json
from dataclasses import replace

import pytest

from activedints.worker.study.plan import Arm, Plan
from activedints.worker.study.report import intro, write_report
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


def test_the_report_says_of_every_arm_how_it_was_run():
    def told(*arms: Arm) -> str:
        return intro(json.loads(replace(PLAN, arms=arms).to_json()))

    usual = told(Arm("entropy"), Arm("random"))
    assert usual.startswith("2 arms x 2 seeds x 4 cycles; initial set of 4 cases, drawn at random, the same for all at")
    assert "; then 1e+06 voxels of volumes a cycle; " in usual
    assert "steps from random weights; 8 holdout cases" in usual
    joint = told(Arm("entropy", "joint"), Arm("random", "joint"))
    assert "a joint arm searches its architecture anew each cycle and goes on from its last weights" in joint
    mixed = told(Arm("entropy", start="starter"), Arm("entropy", "topology-only", "typicality"))
    assert "random weights or the starter" in mixed
    assert "a topology-only arm searches" in mixed
    assert "drawn at random or the most typical ones, at a seed the same for all that draw it alike" in mixed


def test_the_report_ends_where_its_words_end(tmp_path):
    told = summarised(PLAN, BOTH, [], {"entropy": {0, 1}, "foreground-random": {0, 1}})
    write_report(tmp_path / "r.html", told | {"scores": []})
    assert (tmp_path / "r.html").read_text().endswith("counts for each.</small></p></body></html>")
