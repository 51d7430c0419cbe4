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


def run(core_seconds: float = 600.0, seeds: str = "0,1") -> dict[str, Any]:
    """Mean foreground Dice (over labels, then cases, then ``seeds``) of both arms on the holdout."""
    began = time.process_time()
    numbers = [int(seed) for seed in seeds.split(",")]
    theirs = [dice_after("segresnet", "segresnet", core_seconds, seed) for seed in numbers]
    ours = [dice_after(shipped("small"), "small", core_seconds, seed) for seed in numbers]
    pairs = [zip(a["cases"].values(), b["cases"].values()) for a, b in zip(ours, theirs)]
    gaps = [fmean(a - b for a, b in case) for case in zip(*pairs) if None not in case[0]]
    real = load_cases(shared_data() / "brats2021_2mm")
    zero = [mean(dice_of(Path(arm["path"]), *real), 0, TUNED_ON)[0] for arm in theirs]
    gate = fmean(mean_dice(arm) for arm in theirs)
    kept: dict[str, Any] = {"n": len(gaps), "smaller_is_better": False}
    figures = [
        figure("mean_foreground_dice", fmean(mean_dice(arm) for arm in ours), gate, "Dice", bar=1.0, **kept),
        figure("segresnet_gap", fmean(gaps), None, "Dice", interval=bootstrap(gaps), **kept),
        figure("any_foreground_dice", _union(ours), _union(theirs), "Dice", **kept),
        figure("segresnet_gate", gate, None, "Dice", limit=0.60, **kept),
        figure("segresnet_gate_top", gate, None, "Dice", n=len(gaps), limit=0.80),
        figure("segresnet_zero_label", fmean(zero), None, "Dice", n=len(TUNED_ON), limit=0.55, smaller_is_better=False),
    ]
    minutes = (time.process_time() - began) / 60
    arms = {"small": ours, "segresnet": theirs}
    return result("train", figures, minutes, cohort="cohort-v1") | {"arms": arms}


def _union(arms: list[dict[str, Any]]) -> float:
    return fmean(v for arm in arms for v in arm["any_foreground"].values() if v is not None)


if __name__ == "__main__":
    printed(run())
