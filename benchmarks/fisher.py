"""Fisher similarity of data sets: ``activedints bench fisher`` (writes ``data/fisher_distances.json``).

As in the paper, distances are means over several starts of the networks: what ships, over all SEEDS; agreement between
seeds is that of two halves of them, and that of single starts stands beside it.
"""

import json
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch

from activedints.nas.advisor import fisher, fuse
from activedints.nas.advisor.fisher import FisherPlan
from activedints.nas.few_shot.functional import keep_heap
from activedints.nas.measured import image_sets, table
from activedints.nas.rank.agreement import spearman
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep

FILE = Path(__file__).resolve().parents[1] / "data" / "fisher_distances.json"
KEPT = Path(__file__).resolve().parents[1] / ".run" / "fisher"
SEEDS = (0, 1, 2, 3)
A_FAMILY = 3


def chosen() -> tuple[str, ...]:
    """The first A_FAMILY data sets of every family."""
    return tuple(
        recipe.name
        for family in image_sets.FAMILIES
        for recipe in [one for one in image_sets.CATALOGUE if one.family == family][:A_FAMILY]
    )


def matrix(names: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
    """Both distance matrices of a seed, from their file or measured."""
    path = KEPT / f"{len(names)}-{seed}.json"
    if not path.is_file():
        found = fisher.distances([image_sets.image_set(name) for name in names], FisherPlan(seed=seed))
        KEPT.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({form: values.tolist() for form, values in found.items()}))
    return {form: np.array(values) for form, values in json.loads(path.read_text()).items()}


def by_pairs(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """95 % interval of the Spearman of two matrices off their diagonals; data sets are resampled."""
    rng, found, number = np.random.default_rng(0), [], len(first)
    for _ in range(500):
        rows = rng.integers(number, size=number)
        pick = np.ix_(rows, rows)
        off = rows[:, None] != rows[None]
        found.append(spearman(first[pick][off], second[pick][off]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def contrast(values: np.ndarray, families: list[str]) -> tuple[np.ndarray, np.ndarray, int]:
    """(set,) mean distances of every target to its own family and to all others, and how many targets have their
    nearest in the own family."""
    off = ~np.eye(len(families), dtype=bool)
    same = np.array(families)[:, None] == np.array(families)[None]
    nearest = np.where(off, values, np.inf).argmin(0)
    own = sum(families[near] == family for near, family in zip(nearest, families))
    mean = lambda kept: np.where(kept, values, 0).sum(0) / kept.sum(0)  # noqa: E731
    return mean(off & same), mean(off & ~same), own


def restricted(
    names: tuple[str, ...], values: np.ndarray, families: list[str], number: int
) -> tuple[list[float], list[float]]:
    """For every set the test accuracy of the best of ``number`` candidates by validation, less that of the best of all
    measured cells by validation: the candidates are the best of the nearest set of another family; and the same of
    random candidates, mean of 200 draws."""
    measured, rng, found, random = table.read(), np.random.default_rng(0), [], []
    for target, name in enumerate(names):
        others = [k for k, family in enumerate(families) if family != families[target]]
        near = names[min(others, key=lambda k: values[k, target])]
        place = measured.place(name)
        seen, test = measured.validation[place], measured.test[place]
        kept = lambda rows: float(test[rows[seen[rows].argmax()]] - test[seen.argmax()])  # noqa: E731, B023
        found.append(kept(np.argsort(-measured.validation[measured.place(near)])[:number]))
        random.append(float(np.mean([kept(rng.permutation(len(seen))[:number]) for _ in range(200)])))
    return found, random


def run() -> dict[str, Any]:
    """The JSON object of ``activedints bench fisher``."""
    torch.set_num_threads(1)
    keep_heap()
    began, names = time.process_time(), chosen()
    families = [image_sets.family_of(name) for name in names]
    every = [matrix(names, seed) for seed in SEEDS]
    whole = {form: np.mean([one[form] for one in every], 0) for form in ("Frechet", "log-det")}
    off, figures = ~np.eye(len(names), dtype=bool), []
    for form, mean in whole.items():
        half = len(SEEDS) // 2
        first, second = (np.mean([one[form] for one in part], 0) for part in (every[:half], every[half:]))
        single = [spearman(a[form][off], b[form][off]) for a, b in combinations(every, 2)]
        diagonal = float(max(np.abs(np.diag(one[form])).max() for one in every))
        within, across, own = contrast(mean, families)
        figures += [
            figure(f"{form}_distance_to_itself", diagonal, None, "largest", n=len(SEEDS) * len(names), limit=0.0),
            figure(
                f"{form}_seed_to_seed",
                spearman(first[off], second[off]),
                float(np.mean(single)),
                f"Spearman of means of {half} starts; beside it: of single starts",
                n=int(off.sum()),
                interval=by_pairs(first, second),
                limit=0.7,
                smaller_is_better=False,
            ),
            figure(
                f"{form}_within_families",
                float(within.mean()),
                float(across.mean()),
                "mean distance; beside it: across families",
                n=len(names),
                interval=bootstrap(within.tolist()),
                limit=float(across.mean()),
            ),
            figure(
                f"{form}_within_minus_across",
                float((within - across).mean()),
                None,
                "distance",
                n=len(names),
                interval=bootstrap((within - across).tolist()),
                limit=0.0,
            ),
            figure(
                f"{form}_nearest_is_of_the_family",
                100 * own / len(names),
                100 * (A_FAMILY - 1) / (len(names) - 1),
                "%; beside it: chance",
                n=len(names),
            ),
        ]
    for number, bar in ((len(table.read().cells) // 2, -1.0), (fuse.CANDIDATES, None)):
        loss, random = restricted(names, whole["Frechet"], families, number)
        figures.append(
            figure(
                f"search_among_{number}_cells_of_the_nearest_set",
                float(np.mean(loss)),
                float(np.mean(random)),
                "points to all cells; beside it: as many random cells",
                n=len(loss),
                interval=bootstrap(loss),
                limit=bar,
                smaller_is_better=False,
            )
        )
    kept = {form: mean.round(4).tolist() for form, mean in whole.items()}
    FILE.write_text(json.dumps({"names": names, "families": families, **kept}) + "\n")
    return keep(result("fisher", figures, (time.process_time() - began) / 60), "activedints bench fisher")


if __name__ == "__main__":
    printed(run())
