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
from activedints.nas.rank.agreement import spearman
from activedints.nas.rank.naswot import Skeleton, naswot
from benchmarks.figures import bootstrap, figure, printed, result
from benchmarks.kept import keep
from benchmarks.metad2a_limits import limits

RUNS = Path(__file__).resolve().parents[1] / ".run" / "metad2a"
GENERATED, TRAINED, TOGETHER = 500, 30, 30
SHARES = {"valid": 100.0, "unique": 90.0}
"""Bars of what is generated, in %; plain sampling from the same decoder stands beside them."""
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


def seconds_for_ten_classes(advisor: model.Advisor) -> float:
    """CPU seconds from 10 classes x 20 images to 500 generated and ranked cells, descriptors included."""
    images = image_sets.image_set("latin")
    start = time.process_time()
    supports = [images.support(20, np.random.default_rng(0))]
    made = generator.generate(advisor.generator, advisor.scaling, supports[0], GENERATED, 0)
    advise.ranked(advisor, supports, made.tokens)
    return time.process_time() - start


def gaps(rows: list[Row], measured: MeasuredTable) -> dict[str, Any]:
    """Spearman and top-1 regret a data set, for the predictor and every baseline, from the same measured cells."""
    kinds = {"MetaD2A": "predicted", "architecture mean": "mean", "parameters": "parameters", "NASWOT": "naswot"}
    kinds |= {"nearest set": "retrieved"}
    found: dict[str, Any] = {"sets": [row["set"] for row in rows]}
    regret: dict[str, Any] = {}
    for kind, column in kinds.items():
        tests = [measured.test[measured.place(row["set"])] for row in rows]
        found[kind] = [spearman(np.array(row[column]), test) for row, test in zip(rows, tests)]
        regret[kind] = [float(test.max() - test[int(np.argmax(row[column]))]) for row, test in zip(rows, tests)]
    regret["random"] = [float(test.max() - test.mean()) for test in tests]
    return {"spearman": found, "regret": regret}


def agreements(told: dict[str, Any], thrice: np.ndarray) -> list[Row]:
    """Spearman of the predictor and of every baseline, each beside the architecture mean's."""
    ours, mean = (np.array(told["spearman"][kind]) for kind in ("MetaD2A", "architecture mean"))
    n, usual, better = len(ours), float(mean.mean()), {"smaller_is_better": False}
    ahead, sure = (ours - mean).tolist(), ours[thrice].tolist()
    found = [
        figure(
            "predictor_spearman",
            float(ours.mean()),
            usual,
            "Spearman",
            n=n,
            interval=bootstrap(ours.tolist()),
            limit=usual + 0.1,
            **better,
        ),
        figure(
            "predictor_minus_architecture_mean",
            float(np.mean(ahead)),
            None,
            "Spearman",
            n=n,
            interval=bootstrap(ahead),
            limit=0.1,
            **better,
        ),
        figure(
            "predictor_spearman_three_seeds",
            float(np.mean(sure)),
            float(mean[thrice].mean()),
            "Spearman",
            n=len(sure),
            interval=bootstrap(sure),
        ),
    ]
    for kind in ("nearest set", "parameters", "NASWOT"):
        values = told["spearman"][kind]
        found.append(
            figure(f"{kind}_spearman", float(np.mean(values)), usual, "Spearman", n=n, interval=bootstrap(values))
        )
    return found


def choices(rows: list[Row], told: dict[str, Any], measured: MeasuredTable) -> list[Row]:
    """Regret of the best predicted, generated or measured, and the generated cells against random ones."""
    usual, number = float(np.mean(told["regret"]["architecture mean"])), len(rows)
    found = [
        figure("top1_regret_random", float(np.mean(told["regret"]["random"])), usual, "points", n=number),
        figure("top1_regret_among_measured", float(np.mean(told["regret"]["MetaD2A"])), usual, "points", n=number),
    ]
    tried = [row for row in rows if "trained" in row]
    if tried:
        regret = [measured.test[measured.place(row["set"])].max() - np.mean(row["trained"]) for row in tried]
        found.append(
            figure(
                "top1_regret_after_generating",
                float(np.mean(regret)),
                usual,
                "points",
                n=len(tried),
                interval=bootstrap(regret),
                limit=min(4.0, usual),
            )
        )
    thirty = [row for row in rows if "thirty" in row]
    if thirty:
        random = [measured.runs["test"][measured.place(row["set"]), :, 0].mean() for row in thirty]
        gain = [float(np.mean(row["thirty"]) - other) for row, other in zip(thirty, random)]
        found.append(
            figure(
                "generated_minus_random",
                float(np.mean(gain)),
                None,
                "points",
                n=len(gain),
                interval=bootstrap(gain),
                limit=2.0,
                smaller_is_better=False,
            )
        )
    return found


def written(rows: list[Row]) -> list[Row]:
    """How many of the generated cells are cells and different, beside plain sampling from the same decoder."""
    share = {what: [100 * row["shares"][what] for row in rows] for what in SHARES}
    return [
        figure(
            f"generated_{what}",
            float(np.mean(share[what])),
            float(np.mean(share[f"raw_{what}"])),
            "%; beside it: plain sampling",
            n=len(rows),
            interval=bootstrap(share[what]),
            limit=SHARES[what],
            smaller_is_better=False,
        )
        for what in ("valid", "unique")
    ]


def figures_of(rows: list[Row], measured: MeasuredTable, views: SetViews) -> tuple[list[Row], Row]:
    """The figures with their bars, and what the page draws."""
    told = gaps(rows, measured)
    thrice = np.array([measured.thrice[measured.place(row["set"])] for row in rows])
    found = [
        *agreements(told, thrice),
        *limits(measured, views, told["spearman"]["architecture mean"]),
        *choices(rows, told, measured),
        *written(rows),
        figure("seconds_500_generated_and_ranked", seconds_for_ten_classes(model.load()), None, "CPU s", limit=10.0),
    ]
    ahead = found[1]["ours"]
    verdict = (
        f"On held-out families the predictor is {abs(ahead):.2f} Spearman "
        f"{'above' if ahead > 0 else 'below'} the mean accuracy of each cell over known sets"
        f"{'' if ahead >= 0.1 else ', less than the .10 that it should be'}."
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
