"""Measure the table of data sets x architectures: ``python -m benchmarks.measured_table`` (resumable, one thread).

Every run is one line of ``--partial``: a finished run is never made again. Architectures come in a fixed random order,
each on all data sets, so that the table is usable from the first few on; ``--architectures`` says how many, and
``--write`` writes ``data/measured_table.csv`` from what is there.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from activedints.nas.few_shot.functional import keep_heap
from activedints.nas.measured import image_sets
from activedints.nas.measured.networks import Networks, Order, Schedule, accuracies, train
from activedints.nas.measured.space import sampled
from activedints.nas.measured.table import seed_agreement, write
from activedints.nas.rank.cells import write_edges

TOGETHER = 28
FIRST, MIDDLE = 12, 60
EARLY = (1, 3)
PARTIAL = Path(".run/measured_table.jsonl")


def runs_of(codes: np.ndarray) -> list[Order]:
    """Every data set with seed 0, some with 1 and 2 as well."""
    found = []
    for name in image_sets.NAMES:
        seeds = (0, 1, 2) if name in image_sets.THRICE else (0,)
        found += [Order(codes, image_sets.image_set(name), seed) for seed in seeds]
    return found


def measured(orders: list[Order], texts: list[str], plan: Schedule) -> list[dict]:
    """Train a batch; one record a run."""
    start, found = time.process_time(), {}
    parts = [one.images.validation for one in orders]

    def look(epoch: int, networks: Networks) -> None:
        if epoch in EARLY:
            found[f"validation_{epoch}"] = accuracies(networks, parts)

    networks = train(orders, plan, look)
    found["validation"] = accuracies(networks, parts)
    found["test"] = accuracies(networks, [one.images.test for one in orders])
    seconds = round((time.process_time() - start) / len(orders), 3)
    return [
        {"cell": text, "set": one.images.name, "seed": one.seed, "seconds": seconds}
        | {name: round(float(values[row]), 3) for name, values in found.items()}
        for row, (one, text) in enumerate(zip(orders, texts))
    ]


def key(order: Order, text: str) -> tuple[str, str, int]:
    return text, order.images.name, order.seed


def read_runs(path: Path) -> list[dict]:
    """The finished runs of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def plan_of(number: int) -> list[tuple[int, bool]]:
    """(cell, whether seeds beyond the first) in the order of measuring: the first FIRST cells whole, then MIDDLE cells
    once on every set, then their other seeds, then the rest whole."""
    first, middle, last = (range(a, min(b, number)) for a, b in ((0, FIRST), (FIRST, MIDDLE), (MIDDLE, number)))
    both = lambda cells: [(cell, more) for cell in cells for more in (False, True)]  # noqa: E731
    return both(first) + [(cell, False) for cell in middle] + [(cell, True) for cell in middle] + both(last)


def measure(number: int, path: Path, plan: Schedule) -> None:
    """Make every run of the first ``number`` cells that is not yet in the file."""
    cells, done = sampled(number), {(run["cell"], run["set"], run["seed"]) for run in read_runs(path)}
    texts = write_edges(cells)
    for cell, more in plan_of(number):
        orders = [order for order in runs_of(cells.edges[cell]) if (order.seed > 0) == more]
        waiting = [order for order in orders if key(order, texts[cell]) not in done]
        for first in range(0, len(waiting), TOGETHER):
            group = waiting[first : first + TOGETHER]
            records = measured(group, [texts[cell]] * len(group), plan)
            with path.open("a") as file:
                file.writelines(json.dumps(record) + "\n" for record in records)
        print(
            f"cell {cell + 1} of {number}{', other seeds' if more else ''}, {time.process_time():.0f} CPU s", flush=True
        )


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--partial", type=Path, default=PARTIAL)
    words.add_argument("--architectures", type=int, default=64)
    words.add_argument(
        "--write", action="store_true", help="Write data/measured_table.csv from what is there, train nothing."
    )
    options = words.parse_args()
    if options.write:
        made = write(read_runs(options.partial))
        print(f"{len(made.cells)} cells on {len(made.names)} data sets; seeds agree to {seed_agreement(made)}")
        return
    torch.set_num_threads(1)
    keep_heap()
    options.partial.parent.mkdir(parents=True, exist_ok=True)
    measure(options.architectures, options.partial, Schedule())


if __name__ == "__main__":
    main()
