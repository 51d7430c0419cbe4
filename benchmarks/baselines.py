"""All networks of the registry on one split for the same core-seconds, as a table (``activedints bench baselines``).

The searched architecture, SegResNet, a DynUNet by nnU-Net's rules, the published DiNTS code, the hand-made small
architecture and a random one of equal memory, on the 8 holdout cases of cohort-v1, each beside SegResNet with a paired
interval. It goes on where it was interrupted.
"""

import time
from dataclasses import replace
from statistics import fmean
from typing import Any

from activedints.learn.candidates import random_like
from activedints.learn.cost import cost
from activedints.learn.networks import shipped
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.search import searched
from benchmarks.search_vs_random import CORE_SECONDS
from benchmarks.standalone import PATCH, Network, core_seconds_a_step, dice_after, mean_dice


def run(core_seconds: float = CORE_SECONDS, seed: int = 0) -> dict[str, Any]:
    """One row a network: Dice after equal core-seconds, steps, parameters, GFLOPs and activation memory of a patch."""
    began = time.process_time()
    found = searched(0).architecture
    networks: dict[str, Network] = {
        "searched": found,
        "hand-made": shipped("hand-made"),
        "random": random_like(1, 0, found, PATCH)[0],
        "segresnet": "segresnet",
        "dynunet": "dynunet",
        "cvpr2021": replace(shipped("cvpr2021"), channel_mul=0.25),
    }
    table, figures = [], []
    reference = dice_after("segresnet", "segresnet", core_seconds, seed)
    for name, network in networks.items():
        key = "random-0" if name == "random" else name
        one, counted = dice_after(network, key, core_seconds, seed), cost(network, 4, 4, PATCH)
        gaps = [d - reference["cases"][c] for c, d in one["cases"].items() if d is not None]
        row = {
            "network": name,
            "dice": mean_dice(one),
            "segresnet_gap": fmean(gaps),
            "interval": bootstrap(gaps),
            "steps": one["steps"],
            "core_seconds_a_step": core_seconds_a_step(network, key),
            "parameters": counted.parameters,
            "gflops": counted.gflops,
            "activation_megabytes": counted.activation_megabytes,
        }
        table.append(row)
        kept: dict[str, Any] = {"n": len(gaps), "interval": row["interval"], "smaller_is_better": False}
        figures.append(figure(f"{name}_dice", row["dice"], mean_dice(reference), "Dice", **kept))
    minutes = (time.process_time() - began) / 60
    return result("baselines", figures, minutes, cohort="cohort-v1") | {"table": table}


if __name__ == "__main__":
    printed(run())
