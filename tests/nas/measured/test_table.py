"""The measured table and its space."""

import numpy as np
import pytest

from activedints.core.errors import InvalidFile, NotFound
from activedints.nas.measured import space, table
from tests.nas.measured.made_up import SETS, frame, measured


def test_the_space_by_hand() -> None:
    tokens = np.array([[0, 0, 0, 0, 0, 0], [3, 3, 3, 0, 0, 0], [0, 0, 0, 1, 0, 0], [3, 0, 0, 0, 2, 4]])
    assert space.live(tokens).tolist() == [False, False, True, True]
    assert space.essential(tokens).tolist() == [[0] * 6, [0] * 6, [0, 0, 0, 1, 0, 0], [3, 0, 0, 0, 2, 0]]
    assert np.array_equal(space.tokens_of(space.edges_of(tokens)), tokens)
    assert len(space.everything()) == len(np.unique(space.everything(), axis=0)) == 9444


def test_rows_become_a_table() -> None:
    rows, made = frame(), measured()
    assert made.names == SETS
    assert made.thrice.tolist() == [False, True, False, False]
    first = rows[(rows["set"] == "shapes") & (rows["cell"] == made.cells[0])]
    assert made.test[1, 0] == pytest.approx(first["test"].mean())
    assert made.validation[1, 0] == first["validation"].iloc[0]
    assert made.without("grey values").names == ("digits", "shapes", "gap")
    assert list(table.seed_agreement(made)) == ["shapes"]


def test_a_cell_that_is_not_complete_is_left_out() -> None:
    rows = frame(6)
    assert len(table.assembled(rows.drop(index=0)).cells) == 5


def test_the_nearest_measured_cell() -> None:
    made = measured()
    for row, tokens in enumerate(made.tokens):
        assert made.row_of(tokens) == row
    assert made.row_of(np.array([3, 3, 3, 0, 0, 0])) == -1
    tokens = np.array([3, 1, 2, 3, 1, 2])
    apart = (space.essential(tokens[None]) != made.tokens).sum(1)
    assert made.row_of(tokens) == apart.argmin()


def test_tables_of_something_else_are_refused_in_a_sentence() -> None:
    rows = frame(4)
    with pytest.raises(InvalidFile, match="unknown data set 'cats'"):
        table.assembled(rows.replace({"digits": "cats"}))
    with pytest.raises(InvalidFile, match="another space"):
        table.assembled(rows.assign(cell="|nor_conv_3x3~0|+|none~0|skip_connect~1|"))
    with pytest.raises(InvalidFile, match="0 to 100"):
        table.assembled(rows.assign(test=101.0))
    with pytest.raises(NotFound, match="no data set 'latin'"):
        measured().place("latin")
