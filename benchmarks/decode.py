"""Decoding 12 layers of 4 resolutions: ours against MONAI's ``TopologySearch.decode()``, in one run.

Seconds are the best of several runs for ours and one run for MONAI's (about 10 s); peak bytes are what tracemalloc
sees of NumPy's arrays during one more call of each.
"""

import contextlib
import io
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.networks.nets.dints import TopologySearch

from activedints.core.decode import Alphas, decode, path_cost, space
from benchmarks.figures import figure, printed, result

LAYERS, DEPTHS = 12, 4


def run(seed: int = 0) -> dict[str, Any]:
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = TopologySearch(channel_mul=1 / 16, num_blocks=LAYERS, num_depths=DEPTHS)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for alpha in (theirs.log_alpha_a, theirs.log_alpha_c):
            alpha.copy_(torch.from_numpy(rng.normal(0, 1.5, alpha.shape)))
    alphas = Alphas(theirs.log_alpha_a.detach().double().numpy(), theirs.log_alpha_c.detach().double().numpy())
    decode(alphas)  # the space is made once per process

    our_seconds = min(seconds(lambda: decode(alphas)) for _ in range(20))
    their_seconds = seconds(theirs.decode)
    space.cache_clear()  # memory counts from cold
    our_bytes, ours = peak(lambda: decode(alphas))
    their_bytes, found = peak(theirs.decode)
    gap = ours.cost - path_cost(alphas, found[1])
    return result(
        "decode",
        [
            figure("seconds", our_seconds, their_seconds, "s", bar=100),
            figure("peak_bytes", our_bytes, their_bytes, "bytes", bar=50),
            {**figure("cost_gap", ours.cost, ours.cost - gap, "-log p"), "bar": 1e-9, "holds": abs(gap) <= 1e-9},
        ],
        (time.process_time() - started) / 60,
    )


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak(call: Callable[[], Any]) -> tuple[int, Any]:
    tracemalloc.start()
    answer = call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most, answer


if __name__ == "__main__":
    printed(run())
