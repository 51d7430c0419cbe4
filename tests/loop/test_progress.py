"""The Progress page's rows against the same figures worked out plainly."""

import csv
import io
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

from activedints.core.cycle import Role
from activedints.core.errors import NotFound
from activedints.loop import progress, reading, worklist
from activedints.store import cases, cycles
from activedints.store.database import Store
from tests.ui import workspaces


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return workspaces.two_cycles(tmp_path_factory.mktemp("progress"))


def test_means_are_over_the_holdout_and_carry_their_n(store: Store) -> None:
    figures = progress.view(store).figures
    with store.read() as session:
        model = cycles.newest_model(session, 1)
        rows = cycles.evaluations(session, model.id, Role.HOLDOUT)
    row = next(row for row in figures if (row["cycle"], row["label"]) == (1, "core"))
    assert row["dice"] == fmean(found.metrics["labels"]["core"]["dice"] for found in rows)
    assert (row["dice n"], row["labelled"]) == (2, 4)


def test_the_pool_holds_no_case_that_the_model_learned_from_and_no_fixed_one(store: Store) -> None:
    view = progress.view(store)
    with store.read() as session:
        learned = {a.case.name for a in cycles.trained_on(session, cycles.newest_model(session, 1).id)}
        fixed = {c.name for role in (Role.HOLDOUT, Role.CALIBRATION) for c in cases.members(session, 1, role)}
    last = {row["case"] for row in view.pool_of(1)}
    assert len(last) == 1
    assert not last & (learned | fixed)
    assert {row["case"] for row in view.pool_of(0) if row["queried"]} == {
        row["case"] for row in view.queries if row["cycle"] == 1
    }


def test_mean_uncertainty_is_the_mean_of_the_pool(store: Store) -> None:
    view = progress.view(store)
    row = next(row for row in view.uncertainty if (row["cycle"], row["score"]) == (0, view.score))
    assert row["mean"] == fmean(case[view.score] for case in view.pool_of(0))
    assert row["n"] == len(view.pool_of(0)) == 3


def test_no_figure_while_a_holdout_case_is_unread(tmp_path: Path) -> None:
    unread = workspaces.filled(tmp_path, fixed="none")
    for item in worklist.worklist(unread, "Ada"):
        if item.role is Role.LEARNING:
            voxels = np.zeros(workspaces.SHAPE, np.uint8)
            reading.submit_annotation(unread, reading.Submission(item.case_id, "Ada", voxels, seconds=60))
    workspaces.turn(unread)
    view = progress.view(unread)
    assert view.figures == ()
    assert view.no_holdout == "No holdout yet: 2 of 2 holdout cases wait for a reader."
    assert [row["minutes"] for row in view.times] == [1.0, 1.0]


def test_there_is_nothing_to_see_before_the_first_case(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no experiment yet"):
        progress.view(Store.open(tmp_path))


def test_csv_reads_back_and_holds_no_formula() -> None:
    rows = [{"reader": "=cmd()", "seconds": 2.5}, {"reader": 'a "quoted", name', "n": 1}]
    back = list(csv.DictReader(io.StringIO(progress.to_csv(rows))))
    assert back[0] == {"reader": "'=cmd()", "seconds": "2.5", "n": ""}
    assert back[1] == {"reader": 'a "quoted", name', "seconds": "", "n": "1"}
