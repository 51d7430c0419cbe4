"""Searches by gradient on one data set of the table, as plain rows for a screen: DARTS, and learning by
passing tests."""

from typing import Any

import numpy as np

from activedints.core.job import Report, silent
from activedints.nas.algorithms import darts, lab, lpt
from activedints.nas.measured import image_sets, table

Row = dict[str, Any]


def darts_story(name: str, order: int, seed: int, report: Report = silent, steps: int = 100) -> Row:
    """``steps``, ``shares`` (step, edge, operation), ``entropy`` in nats a step, and what was found."""
    found = darts.search(image_sets.image_set(name), darts.Darts(steps=steps, order=order), seed, report)
    shares = [one.round(4).tolist() for one in found.shares]
    return {"steps": found.steps, "shares": shares, "entropy": found.entropies} | lab.stood_for(
        table.read(), name, found.tokens
    )


def lpt_story(name: str, seed: int, report: Report = silent, steps: int = 90, shown: int = 8) -> Row:
    """``rounds``: rows ``{round, difficulty, test_loss, bank_loss, learner, tester, pictures, classes}``, the hardest
    pictures (picture, y, x) between 0 and 255; and what was found."""
    story = lpt.run(image_sets.image_set(name), lpt.Lpt(learning=darts.Darts(steps=steps)), seed, report)
    low, high = np.percentile(story.bank.images, [1, 99])
    rounds = []
    for number, one in enumerate(story.rounds, 1):
        rows = one.rows[:shown]
        grey = np.clip((story.bank.images[rows] - low) / (high - low) * 255, 0, 255).astype(int)
        said = {"round": number, "difficulty": one.difficulty, "test_loss": one.test_loss, "bank_loss": one.bank_loss}
        said |= {"learner": one.learner, "tester": one.tester, "classes": story.bank.labels[rows].tolist()}
        rounds.append(said | {"pictures": grey.tolist()})
    return {"rounds": rounds, "entropy": story.found.entropies} | lab.stood_for(table.read(), name, story.found.tokens)
