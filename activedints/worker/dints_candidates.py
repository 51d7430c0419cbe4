"""Advice from what was measured of our own space: of 500 candidates within a memory budget, train these 3."""

from dataclasses import replace
from typing import Any

import numpy as np

from activedints.core.settings import SearchSettings
from activedints.learn.candidates import counted_costs, draw_candidates
from activedints.nas.rank.dints_space import dints_benchmark, hash_of, leave_one_out, rank_candidates
from activedints.nas.rank.dints_table import read_dints_table

Row = dict[str, Any]
ADVISED = 3
COUNT = 500


def candidates(megabytes: float, seed: int = 0) -> Row:
    """``{"spearman", "better_than_chance", "ceiling", "n", "cohort", "core_seconds", "points", "advised"}``.

    ``points``: lists over the candidates, best predicted first (``name``, ``predicted``, ``low``, ``high`` in Dice,
    ``parameters`` in millions, ``gflops``, ``activation_megabytes``); ``advised``: the first rows with ``architecture``
    as JSON text. What is measured already is no candidate. Raises NotFound before
    anything is measured, InvalidSettings for a budget that nothing keeps.
    """
    table = read_dints_table()
    known = {hash_of(one) for one in table.architectures}
    like = replace(table.architectures[0], norm=SearchSettings.norm)  # the table was measured with another norm
    drawn = draw_candidates(COUNT, seed, like, table.patch, megabytes)
    drawn = [one for one in drawn if hash_of(one) not in known]
    everyone = [*table.architectures, *drawn]
    dice = np.full((len(everyone), table.dice.shape[1]), np.nan)
    dice[: len(table.dice)] = table.dice
    costs = counted_costs(everyone, table.patch)
    whole = dints_benchmark(everyone, dice, costs)
    predicted = rank_candidates(whole)
    own = {name: values[: len(table.dice)] for name, values in costs.items()}
    judged = leave_one_out(dints_benchmark(table.architectures, table.dice, own))
    order = len(table.dice) + np.argsort(-predicted.mean[len(table.dice) :], kind="stable")
    points = {"name": [everyone[row].name for row in order]}
    for name, values in (("predicted", predicted.mean), ("low", predicted.low), ("high", predicted.high)):
        points[name] = values[order].tolist()
    points |= {name: values[order].tolist() for name, values in costs.items()}
    advised = [
        {name: values[place] for name, values in points.items()} | {"architecture": everyone[row].to_json()}
        for place, row in enumerate(order[:ADVISED])
    ]
    return {
        "cohort": table.cohort,
        "core_seconds": table.core_seconds,
        "spearman": judged.spearman,
        "better_than_chance": judged.better_than_chance,
        "ceiling": judged.ceiling,
        "n": judged.n,
        "points": points,
        "advised": advised,
    }
