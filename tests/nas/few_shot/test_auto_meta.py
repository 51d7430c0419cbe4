import numpy as np
import pytest
import torch

from activedints.nas.few_shot import auto_meta
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.auto_meta import (
    AutoMeta,
    Block,
    Candidate,
    Grown,
    Ridge,
    code,
    extensions,
    leave_one_out,
    mix,
)
from activedints.nas.few_shot.episodes import evaluation_list
from activedints.nas.few_shot.functional import spread
from activedints.nas.few_shot.learners import EpisodeSource, Reptile, WarmUp
from activedints.nas.few_shot.supernet import CONV15, CONV33, MAX, Supernet
from tests.nas.few_shot.few_shot_classes import strokes


def test_cells_grow_in_every_way() -> None:
    """Node 0 has one pair of inputs and 3 x 3 operations; node 1 chooses two of three states: 3 x 9."""
    first = extensions(())
    assert len(first) == len(set(first)) == 9
    assert len(extensions(first[0])) == 27
    assert all(cell[0] == first[0][0] for cell in extensions(first[0]))


def test_a_cell_as_coefficients_by_hand() -> None:
    """Node 0 pools state 0 (edge 0) and convolves state 1 (edge 3); node 1 reads node 0, state 2 (edge 6)."""
    cell = (Block(0, (0, 1), (MAX, CONV33)), Block(1, (0, 2), (CONV15, CONV15)))
    assert mix(cell)[0].nonzero().tolist() == [[0, MAX], [1, CONV15], [3, CONV33], [6, CONV15]]


def test_absent_nodes_are_zero_and_cost_nothing() -> None:
    network = Grown(Supernet(filters=4), extensions(())[4])
    features = network.features(spread(network.start(0), 1), torch.rand(1, 3, 1, 28, 28))[0].view(3, 3, -1)
    assert features[:, 0].abs().max() > 0
    assert features[:, 1:].abs().max() == 0


def test_the_surrogate_finds_an_additive_truth() -> None:
    """Accuracy = 50 + 5 (conv 3 x 3 edges) - 2 (pooling edges) is found, and predicted where it was left out."""
    truth = lambda cell: 50 + 5 * cell[0].operations.count(CONV33) - 2 * cell[0].operations.count(MAX)  # noqa: E731
    made = [Candidate(cell, truth(cell), None) for cell in extensions(())]
    surrogate = Ridge.fit(np.stack([code(c.cell) for c in made]), np.array([c.accuracy for c in made]), 1e-6)
    predicted = surrogate.predict(np.stack([code(c.cell) for c in made]))
    assert predicted == pytest.approx([c.accuracy for c in made], abs=1e-2)
    left_out = leave_one_out(made)
    assert np.corrcoef(left_out, [c.accuracy for c in made])[0, 1] > 0.9


def test_a_search_trains_what_the_surrogate_ranks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a made-up measure that likes conv 3 x 3: nine first cells, then six second ones, all from the best three."""
    images = strokes(12, 6)
    liking = lambda self, cell, *rest: float(sum(b.operations.count(CONV33) for b in cell))  # noqa: E731
    monkeypatch.setattr(AutoMeta, "measure", liking)
    search = AutoMeta(Supernet(filters=4), (), Adaptation(0))
    found = search.search(images, images, evaluation_list(images, 3, 1, 2, episodes=2))
    assert [len(c.cell) for c in found] == [1] * 9 + [2] * 6
    assert max(c.accuracy for c in found) == 4
    assert all(c.expected is not None for c in found[9:])


def test_a_candidate_is_trained_for_real() -> None:
    torch.set_num_threads(1)
    images = strokes(12, 6)
    source = EpisodeSource(episodes=2, way=3, shot=1, target=1)
    recipe = (WarmUp(10, batch=16, rate=1e-2), Reptile(2, Adaptation(2, 1e-3, "adam", "prototype"), source))
    search = AutoMeta(Supernet(filters=4), recipe, Adaptation(0, head="prototype"))
    wanted = evaluation_list(images, 3, 1, 2, episodes=10)
    first, second = (search.measure(auto_meta.extensions(())[8], images, images, wanted, 0) for _ in range(2))
    assert first == second
    assert first > 40  # chance is 33
