"""MetaD2A on families of data sets that it never saw: ``activedints bench metad2a`` (resumable; ``.run/metad2a``).

For every family in turn: meta-train on all others, then for each of its data sets predict the measured cells (Spearman
with test accuracy), generate 500 cells and train the best predicted one (three seeds), and, on the data sets with three
seeds, train the first 30 generated ones. Held-out accuracies are read for these figures and for nothing before.
"""

import json
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from activedints.nas.advisor import advise, generator, model
from activedints.nas.advisor.predictor import learned_from, predict, relative
from activedints.nas.advisor.set_views import SetViews
from activedints.nas.few_shot.functional import keep_heap
from activedints.nas.measured import image_sets, space, table
from activedints.nas.measured.networks import Order, Schedule, accuracies, train
from activedints.nas.measured.table import MeasuredTable
from activedints.nas.rank.naswot import Skeleton, naswot
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep
from benchmarks.metad2a_limits import limits
from benchmarks.metad2a_rows import SHARES, agreements, choices, gaps, written

RUNS = Path(__file__).resolve().parents[1] / ".run" / "metad2a"
GENERATED, TRAINED, TOGETHER = 500, 30, 30
SHAPE = Skeleton(channels=8, repeats=1, stages=2)
Row = dict[str, Any]


def trained(orders: list[Order]) -> list[float]:
    """Test accuracies of trainings, a batch at a time."""
    found: list[float] = []
    for first in range(0, len(orders), TOGETHER):
        group = orders[first : first + TOGETHER]
        found += accuracies(train(group, Schedule()), [one.images.test for one in group]).tolist()
    return found


def proxies(measured: MeasuredTable, name: str) -> np.ndarray:
    """NASWOT of every measured cell on 64 images of a set; dead ones last."""
    images = image_sets.image_set(name).train.images[:64, None]
    scores = [naswot(edges, images, SHAPE) for edges in space.edges_of(measured.tokens)]
    return np.nan_to_num(np.array(scores), neginf=-1e9)


def fold(measured: MeasuredTable, described: Callable[[], SetViews], family: str, members: int) -> Row:
    """Everything about one held-out family but the trainings of generated cells."""
    views, began = described(), time.process_time()
    rest = measured.without(family)
    advisor = model.trained(rest, views, members=members)
    learned = time.process_time() - began
    others = np.stack([model.embedding_of(advisor, views.of[name]) for name in rest.names])
    mean, sizes, rows = relative(learned_from(rest)).mean(0), advise.parameters(measured.tokens), []
    for name in (n for n, own in zip(measured.names, measured.families) if own == family):
        images = image_sets.image_set(name)
        supports = advise.supports_of(images, 0)
        said, levels = predict(advisor.predictors, advisor.scaling, supports, measured.tokens)
        start = time.process_time()
        made = generator.generate(advisor.generator, advisor.scaling, supports[0], GENERATED, 0)
        order = np.argsort(-advise.ranked(advisor, supports, made.tokens)[0], kind="stable")
        seconds = time.process_time() - start
        known = model.embedding_of(advisor, views.of[name])
        near = int(np.linalg.norm(others - known, axis=1).argmin())
        rows.append(
            {
                "set": name,
                "predicted": said.mean(0).tolist(),
                "level": float(levels[:, 0].mean()),
                "mean": mean.tolist(),
                "parameters": sizes.tolist(),
                "naswot": proxies(measured, name).tolist(),
                "near": rest.names[near],
                "retrieved": learned_from(rest)[near].tolist(),
                "shares": {f"{raw}{what}": getattr(made, raw + what) for what in SHARES for raw in ("", "raw_")},
                "best": made.tokens[order[0]].tolist(),
                "generated": made.tokens[:TRAINED].tolist(),
                "seconds": seconds,
            }
        )
    return {"family": family, "rows": rows, "seconds": time.process_time() - began, "learned": learned}


def kept_or(path: Path, make: Callable[[], Row]) -> Row:
    """A part from its file, or made and written."""
    if path.is_file():
        return json.loads(path.read_text())
    found = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return found


def best_trained(row: Row) -> Row:
    images, codes = image_sets.image_set(row["set"]), space.edges_of(np.array([row["best"]]))[0]
    return {"test": trained([Order(codes, images, seed) for seed in range(3)])}


def generated_trained(row: Row) -> Row:
    images = image_sets.image_set(row["set"])
    return {"test": trained([Order(codes, images, 0) for codes in space.edges_of(np.array(row["generated"]))])}


def seconds_for_ten_classes(advisor: model.Advisor) -> list[float]:
    """CPU seconds from 10 classes x 20 images to 500 generated and ranked cells, descriptors included; five times."""
    images, found = image_sets.image_set("latin"), []
    for seed in range(5):
        start = time.process_time()
        supports = [images.support(20, np.random.default_rng(seed))]
        made = generator.generate(advisor.generator, advisor.scaling, supports[0], GENERATED, seed)
        advise.ranked(advisor, supports, made.tokens)
        found.append(time.process_time() - start)
    return found


def figures_of(rows: list[Row], measured: MeasuredTable, views: SetViews) -> tuple[list[Row], Row]:
    """The figures with their bars, and what the page draws."""
    told = gaps(rows, measured)
    thrice = np.array([measured.thrice[measured.place(row["set"])] for row in rows])
    seconds = seconds_for_ten_classes(model.load())
    found = [
        *agreements(told, thrice),
        *limits(measured, views, told["spearman"]["architecture mean"]),
        *choices(rows, told, measured),
        *written(rows),
        figure(
            "seconds_500_generated_and_ranked",
            float(np.mean(seconds)),
            None,
            "CPU s",
            n=len(seconds),
            interval=bootstrap(seconds),
            limit=10.0,
        ),
    ]
    ahead, family = found[1]["ours"], next(row for row in found if row["what"] == "family_told_spearman")
    verdict = (
        f"On held-out families the predictor is {abs(ahead):.2f} Spearman "
        f"{'above' if ahead > 0 else 'below'} the mean accuracy of each cell over known sets"
        f"{'' if ahead >= 0.1 else ', less than the .10 that it should be'}. The mean over other sets of the held-out "
        f"family itself, which no predictor is given, reaches {family['ours']:.2f}, the mean over all other families "
        f"{family['reference']:.2f}."
    )
    return found, told | {"verdict": verdict}


def run(families: str = "all", trainings: int = 1, members: int = model.MEMBERS) -> dict[str, Any]:
    """The JSON object of ``activedints bench metad2a``; ``--families a,b`` some of them, ``--trainings 0`` no training
    that was not made yet, ``--members 1`` one predictor instead of an ensemble."""
    torch.set_num_threads(1)
    keep_heap()
    began, measured = time.process_time(), table.read()
    wanted = image_sets.FAMILIES if families == "all" else tuple(families.split(","))
    folder = RUNS / f"whole-tree-{members}-{len(measured.cells)}-{int(np.isfinite(measured.runs['test']).sum())}"
    described = cache(lambda: SetViews.make([image_sets.image_set(name) for name in measured.names]))
    rows, spent = [], 0.0
    for family in wanted:
        part = kept_or(folder / f"{family}.json", partial(fold, measured, described, family, members))
        rows, spent = rows + part["rows"], spent + part["seconds"]
    for row in rows:
        jobs = {"trained": (".best.json", best_trained)}
        if row["set"] in image_sets.THRICE:
            jobs["thirty"] = (".thirty.json", generated_trained)
        for what, (ending, make) in jobs.items():
            path = (folder / row["set"]).with_suffix(ending)
            if trainings or path.is_file():
                row[what] = kept_or(path, partial(make, row))["test"]
    found, details = figures_of(rows, measured, described())
    answer = result("metad2a", found, (time.process_time() - began + spent) / 60)
    return keep(answer, f"activedints bench metad2a --members {members}", details) if families == "all" else answer


if __name__ == "__main__":
    import sys

    words = dict(zip((w.removeprefix("--") for w in sys.argv[1::2]), sys.argv[2::2]))
    printed(run(words.get("families", "all"), int(words.get("trainings", 1)), int(words.get("members", model.MEMBERS))))
