"""Our small DiNTS against MONAI's SegResNet on the frozen simulated cohort, 24 training and 8 holdout cases, the same
seconds through the same loop (``activedints bench train``). Also the cohort's difficulty gate."""

import time
from typing import Any

from activedints.cohort.simulate import simulate_cohort
from benchmarks.arms import RUNS, differences, mean_over, remembered, run_arm
from benchmarks.figures import bootstrap, figure, printed, result

SEED = 2026
TRAINING, HOLDOUT = 24, 8


def run(seconds: float = 600.0, seed: int = 0) -> dict[str, Any]:
    """Mean foreground Dice (over labels, then cases) of both arms on the holdout."""
    began = time.monotonic()
    folder = RUNS / "cohort-train"
    if not (folder / "dataset.json").is_file():
        simulate_cohort(folder, TRAINING + HOLDOUT, SEED)
    names = [f"sim_{i:04d}" for i in range(TRAINING, TRAINING + HOLDOUT)]
    arms = {
        name: remembered(
            f"train-{name}-{seconds:g}-{seed}", lambda n=name: run_arm(folder, names, n, "scratch", seconds, seed)
        )["cases"]
        for name in ("small", "segresnet")
    }
    gaps = differences(arms["small"], arms["segresnet"], "classes")
    kept: dict[str, Any] = {"n": HOLDOUT, "smaller_is_better": False}
    ours, theirs = (mean_over(arms[name], "classes") for name in ("small", "segresnet"))
    figures = [
        figure("mean_foreground_dice", ours, theirs, "Dice", bar=1.0, **kept),
        figure("segresnet_gap", sum(gaps) / len(gaps), None, "Dice", interval=bootstrap(gaps), **kept),
        figure("segresnet_gate", theirs, None, "Dice", limit=0.60, **kept),
        figure(
            "any_foreground_dice",
            mean_over(arms["small"], "any_foreground"),
            mean_over(arms["segresnet"], "any_foreground"),
            "Dice",
            **kept,
        ),
    ]
    return result("train", figures, 2 * (time.monotonic() - began) / 60, cohort="cohort-v1") | {"cases": arms}


if __name__ == "__main__":
    printed(run())
