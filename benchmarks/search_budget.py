"""The memory budget sigma is kept: searches with .2, .5 and .8 decode to networks of rising measured peak memory
(``activedints bench search-budget``)."""

import time
from itertools import pairwise
from typing import Any

from activedints.learn.candidates import counted_costs
from benchmarks.figures import figure, printed, result
from benchmarks.search import memory, searched
from benchmarks.standalone import PATCH

SIGMAS = (0.2, 0.5, 0.8)
STEPS = 800


def run(seed: int = 0) -> dict[str, Any]:
    began = time.process_time()
    found = {s: searched(seed, sigma=s, steps=STEPS).architecture for s in SIGMAS}
    peaks = [memory(a, f"sigma-{s:g}-{seed}") for s, a in found.items()]
    rises = all(low < high for low, high in pairwise(peaks))
    figures = [figure(f"peak_megabytes_sigma_{s:g}", p, None, "MB") for s, p in zip(SIGMAS, peaks)]
    figures.append(figure("rises", float(rises), None, "", limit=1.0, smaller_is_better=False))
    counted = counted_costs(list(found.values()), PATCH)["activation_megabytes"].tolist()
    minutes = (time.process_time() - began) / 60
    return result("search-budget", figures, minutes, cohort="cohort-v1") | {"counted_megabytes": counted}


if __name__ == "__main__":
    printed(run())
