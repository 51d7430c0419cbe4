"""Our small DiNTS against MONAI's SegResNet on the frozen simulated cohort, 24 training and 8 holdout cases, ten
minutes of training each by the same trainer (``activedints bench train``). Also the cohort's difficulty gate.

The ten minutes are core-seconds (see ``standalone``), so that other work on the machine does not shorten either arm; on
the two cores of the reference machine a second thread makes a step no faster.
"""

import time
from pathlib import Path
from statistics import fmean
from typing import Any

from activedints.learn.networks import shipped
from benchmarks.arms import shared_data
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.standalone import dice_after, mean_dice
from benchmarks.starter import TUNED_ON, dice_of, load_cases, mean


def run(core_seconds: float = 600.0, seed: int = 0) -> dict[str, Any]:
    """Mean foreground Dice (over labels, then cases) of both arms on the holdout."""
    began = time.process_time()
    theirs = dice_after("segresnet", "segresnet", core_seconds, seed)
    ours = dice_after(shipped("small"), "searched", core_seconds, seed)
    gaps = [d - theirs["cases"][name] for name, d in ours["cases"].items() if d is not None]
    zero, n = mean(dice_of(Path(theirs["path"]), *load_cases(shared_data() / "brats2021_2mm")), 0, TUNED_ON)
    union = [fmean(v for v in arm["any_foreground"].values() if v is not None) for arm in (ours, theirs)]
    kept: dict[str, Any] = {"n": len(gaps), "smaller_is_better": False}
    figures = [
        figure("mean_foreground_dice", mean_dice(ours), mean_dice(theirs), "Dice", bar=1.0, **kept),
        figure("segresnet_gap", fmean(gaps), None, "Dice", interval=bootstrap(gaps), **kept),
        figure("any_foreground_dice", *union, "Dice", **kept),
        figure("segresnet_gate", mean_dice(theirs), None, "Dice", limit=0.60, **kept),
        figure("segresnet_gate_top", mean_dice(theirs), None, "Dice", n=len(gaps), limit=0.80),
        figure("segresnet_zero_label", zero, None, "Dice", n=n, limit=0.55, smaller_is_better=False),
    ]
    minutes = (time.process_time() - began) / 60
    arms = {"small": ours, "segresnet": theirs}
    return result("train", figures, minutes, cohort="cohort-v1") | {"arms": arms}


if __name__ == "__main__":
    printed(run())
