"""Rows of ``activedints bench metad2a``: agreement and regret of the predictor and its baselines; generated cells."""

from typing import Any

import numpy as np

from activedints.nas.measured.table import MeasuredTable
from activedints.nas.rank.agreement import spearman
from benchmarks.figures import bootstrap, figure

Row = dict[str, Any]
SHARES = {"valid": 100.0, "unique": 90.0}
"""Bars of what is generated, in %; plain sampling from the same decoder stands beside them."""


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
        figure(
            f"top1_regret_{what}",
            float(np.mean(told["regret"][kind])),
            usual,
            "points",
            n=number,
            interval=bootstrap(told["regret"][kind]),
        )
        for what, kind in (("random", "random"), ("among_measured", "MetaD2A"))
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
    share = {what: [100 * row["shares"][what] for row in rows] for what in rows[0]["shares"]}
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
