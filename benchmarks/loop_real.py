"""The loop on real brains: leave-two-out over the eight BraTS cases, our small DiNTS and MONAI's SegResNet in the same
seconds through the same loop (``activedints bench loop-real``). BraTS 2021, CC BY 4.0; see shared/data/README.md."""

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.arms import differences, mean_over, remembered, run_arm, shared_data
from benchmarks.figures import bootstrap, figure, printed, result

FOLDS = json.loads((Path(__file__).parent / "folds.json").read_text())["folds"]


def run(folds: str = "0,1,2,3", seconds: float = 200.0, start: str = "starter") -> dict[str, Any]:
    """Any-foreground Dice over the holdout cases of ``folds``.

    ``start`` (the product's default, or scratch) holds for ours; there is no starter of SegResNet.
    """
    began = time.monotonic()
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {}
    slowest = 0.0
    for number in map(int, folds.split(",")):
        fold_began = time.monotonic()
        for name, begin, into in (("small", start, ours), ("segresnet", "scratch", theirs)):
            key = f"loop-real-{number}-{name}-{begin}-{seconds:g}"
            arm = remembered(
                key, lambda n=name, b=begin, f=FOLDS[number]: run_arm(shared_data() / "brats2021_2mm", f, n, b, seconds)
            )
            into.update(arm["cases"])
        slowest = max(slowest, time.monotonic() - fold_began)
    gaps = differences(ours, theirs, "any_foreground")
    gap, class_gap = sum(gaps) / len(gaps), differences(ours, theirs, "classes")
    kept: dict[str, Any] = {"n": len(ours), "smaller_is_better": False}
    figures = [
        figure(
            "any_foreground_dice",
            mean_over(ours, "any_foreground"),
            mean_over(theirs, "any_foreground"),
            "Dice",
            limit=0.65,
            **kept,
        ),
        figure("segresnet_gap", gap, None, "Dice", interval=bootstrap(gaps), limit=-0.03, **kept),
        figure("mean_class_dice", mean_over(ours, "classes"), mean_over(theirs, "classes"), "Dice", **kept),
        figure("class_gap", sum(class_gap) / len(class_gap), None, "Dice", interval=bootstrap(class_gap), **kept),
        figure("seconds_a_fold", slowest, None, "s", limit=720.0, n=len(folds.split(","))),
    ]
    answer = result("loop-real", figures, 2 * (time.monotonic() - began) / 60)
    return answer | {"cases": {name: {"ours": ours[name], "segresnet": theirs[name]} for name in ours}}


if __name__ == "__main__":
    printed(run())
