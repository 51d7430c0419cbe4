"""Searches on a small made-up table."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from activedints.core.errors import InvalidSettings
from activedints.nas.algorithms import cell_shape, darts, lab, lpt, mdenas, random_search, transfer, walk
from activedints.nas.algorithms.evolution import Evolution
from activedints.nas.measured import image_sets, space
from tests.nas.measured.made_up import measured

SEARCHES = {
    "random": random_search.search,
    "evolution": Evolution(),
    "mdenas": mdenas.Mdenas(30),
    "controller": transfer.Transfer(writes=40),
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_regret_by_hand() -> None:
    """Chosen by validation, read on test: the second cell is chosen when trained, whatever its test accuracy."""
    made = measured(4, ("digits",))
    made.runs["validation"][0, :, 0] = [50, 60, 40, 60]
    made.runs["test"][0, :, 0] = [70, 55, 80, 65]
    one = walk.Walk(made, 0, 4)
    for row in (2, 0, 1, 3):
        one.train(row)
    assert one.chosen().tolist() == [2, 0, 1, 3]
    assert one.regret().tolist() == [0, 10, 25, 15]
    assert walk.percentile(one, 3) == pytest.approx(100 / 3)
    assert walk.evaluations_to_top(one, 0.25) == 3


@pytest.mark.parametrize("name", list(SEARCHES))
def test_every_search_keeps_its_budget_and_repeats_itself(name: str) -> None:
    made = measured()
    first, again = (walk.run(SEARCHES[name], made, 1, 9, 5) for _ in range(2))
    assert first.rows == again.rows
    assert len(first.rows) == len(set(first.rows)) <= 9
    assert (np.diff(first.table.validation[1, first.chosen()]) >= 0).all()


def test_a_budget_beyond_the_table_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="1 to 16 cells"):
        walk.Walk(measured(), 0, 17)


def test_a_walk_that_has_enough_ends_with_its_best() -> None:
    """Ending early changes no evaluation before: the same cells come first, the last is the first that is enough."""
    made = measured()
    for search in (transfer.Transfer(), mdenas.Mdenas(30)):
        enough = walk.top(made, 0, 0.3)
        whole, part = walk.run(search, made, 0, 16, 0), walk.run(search, made, 0, 16, 0, enough)
        assert part.rows == whole.rows[: len(part.rows)]
        assert walk.evaluations_to_top(part, 0.3) == walk.evaluations_to_top(whole, 0.3) == len(part.rows)


def test_mdenas_by_hand() -> None:
    """Operation 0 was trained as often as operation 1 and was worse: it hands over the rate; operation 2 never was."""
    p = np.array([[0.4, 0.3, 0.3]])
    found = mdenas.updated(p, np.array([[2.0, 2.0, 0.0]]), np.array([[50.0, 60.0, 0.0]]), 0.01)
    assert found == pytest.approx(np.array([[0.39, 0.31, 0.3]]))
    assert mdenas.updated(p, np.array([[1.0, 2.0, 0.0]]), np.array([[50.0, 60.0, 0.0]]), 0.01) == pytest.approx(p)


def test_mdenas_remembers_the_mean_or_as_published_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[np.ndarray] = []
    monkeypatch.setattr(mdenas, "updated", lambda p, trained, accuracy, rate: told.append(accuracy.copy()) or p)
    made = measured()
    for averaged in (True, False):
        rows: list[int] = []
        monkeypatch.setattr(
            mdenas, "sampled", lambda one, p, rng, rows=rows: rows.append(int(rng.integers(9))) or rows[-1]
        )
        walk.run(mdenas.Mdenas(20, averaged=averaged), made, 0, 16, 0)
        for edge in range(6):
            tokens, values = made.tokens[rows, edge], made.validation[0, rows]
            for token in set(tokens.tolist()):
                mine = values[tokens == token]
                assert told[-1][edge, token] == pytest.approx(mine.mean() if averaged else mine[-1])


@settings(max_examples=30, deadline=None)
@given(some.integers(0, 10_000), some.floats(0.001, 0.5))
def test_multinomials_stay_probabilities(seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(5), 6)
    for _ in range(10):
        p = mdenas.updated(p, rng.integers(0, 3, (6, 5)).astype(float), 100 * rng.random((6, 5)), rate)
        assert np.abs(p.sum(1) - 1).max() < 1e-9
        assert p.min() >= 0


def test_published_cells_have_the_papers_shape() -> None:
    for inputs, said in cell_shape.PUBLISHED.values():
        assert str(cell_shape.shape(inputs)) == said


def test_shapes_by_hand_and_what_is_no_cell() -> None:
    assert str(cell_shape.read_shape("0 0")) == "1c/2"
    chain = space.edges_of(np.array([[3, 0, 3, 0, 0, 3]]))[0]
    assert str(cell_shape.shape_of_edges(chain)) == "1c/3"
    with pytest.raises(InvalidSettings, match="states before it"):
        cell_shape.shape([(0, 5)])
    with pytest.raises(InvalidSettings, match="not 'a b'"):
        cell_shape.read_shape("a b")
    with pytest.raises(InvalidSettings, match="neither width nor depth"):
        cell_shape.shape_of_edges(np.zeros((4, 4), np.int8))


def test_a_controller_learns_what_a_set_likes() -> None:
    made = measured()
    known = transfer.pretrained(made, 0, transfer.TransferPlan(steps=60))
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        tokens, logs, entropy = known.write(known.sets[:1].repeat(200, 1), draw)
    assert (tokens == 3).float().mean() > 0.25
    assert tokens.shape == (200, 6)
    assert float(entropy.mean()) < np.log(5)
    assert float(logs.max()) < 0


def test_the_lab_tells_plain_rows() -> None:
    found = lab.regrets(measured(), "digits", ["random search", "MDENAS"], 6, 3)
    assert len(found["curves"]) == 12
    assert all(row["low"] <= row["regret"] <= row["high"] for row in found["curves"])
    told = lab.multinomials(measured(), "digits", 0, 12)
    assert np.array(told["p"]).sum(2) == pytest.approx(1, abs=1e-4)
    with pytest.raises(InvalidSettings, match="The lab knows"):
        lab.regrets(measured(), "digits", ["tabu"], 6, 3)


def test_searches_by_gradient_take_their_steps() -> None:
    images = image_sets.image_set("edge")
    for order in (1, 2):
        found = darts.search(images, darts.Darts(steps=3, order=order), keep_every=1)
        assert found.steps == [0, 1, 2, 3]
        assert np.stack(found.shares).sum(2) == pytest.approx(1)
        assert (found.tokens > 0).all()
    story = lpt.run(images, lpt.Lpt(learning=darts.Darts(steps=6)))
    assert len(story.rounds) == 3
    assert len(story.rounds[0].rows) == round(0.2 * len(story.bank))
