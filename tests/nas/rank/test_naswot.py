"""NASWOT against its definition."""

import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.nas.measured import space
from activedints.nas.rank.naswot import Agreement, Skeleton, Untrained, log_determinant, naswot

SMALL = Skeleton(channels=4, repeats=1)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def images(number: int = 6) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((number, 3, 8, 8)).astype(np.float32)


def test_two_images_by_hand() -> None:
    """Codes 110 and 100 agree in two units of three: K = [[3, 2], [2, 3]], det 5."""
    assert log_determinant(np.array([[1, 1, 0], [1, 0, 0]], bool)) == pytest.approx(np.log(5))
    seen = Agreement(torch.zeros(2, 2))
    seen.see(torch.tensor([[1.0, 2.0, -1.0], [1.0, -2.0, -1.0]]))
    assert seen.kernel.tolist() == [[3, 2], [2, 3]]


def test_the_score_is_that_of_all_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collect every rectifier's input while the network runs, a naive way, and score the codes by the definition."""
    edges, inputs = space.edges_of(np.array([[3, 1, 2, 3, 0, 4]]))[0], []
    see = Agreement.see

    def listen(self: Agreement, x: torch.Tensor, times: int = 1) -> None:
        inputs.extend([(x.flatten(1) > 0).numpy()] * times)
        see(self, x, times)

    monkeypatch.setattr(Agreement, "see", listen)
    score = naswot(edges, images(), SMALL, seed=3)
    assert score == pytest.approx(log_determinant(np.concatenate(inputs, 1)), rel=1e-6)


def test_rectifiers_are_as_many_as_in_the_real_network() -> None:
    """16 channels, one cell a stage: stem none; three 3 x 3 convolutions a cell; two in each reduction; the last."""
    edges = space.edges_of(np.array([[3, 3, 0, 0, 3, 0]]))[0]
    with torch.no_grad():
        units = Untrained(edges, SMALL, 0).run(torch.from_numpy(images())).units
    cells = 3 * (4 * 64 + 8 * 16 + 16 * 4)
    reductions = (4 * 64 + 8 * 16) + (8 * 16 + 16 * 4)
    assert units == cells + reductions + 16 * 4


def test_dead_cells_and_equal_images_score_minus_infinity() -> None:
    assert naswot(space.edges_of(np.array([[3, 3, 3, 0, 0, 0]]))[0], images(), SMALL) == float("-inf")
    alike = np.repeat(images(1), 3, axis=0)
    assert naswot(space.edges_of(np.array([[3, 3, 3, 3, 3, 3]]))[0], alike, SMALL) == float("-inf")


def test_a_seed_is_a_network_and_bad_images_are_refused() -> None:
    edges = space.edges_of(np.array([[3, 1, 2, 3, 0, 4]]))[0]
    assert naswot(edges, images(), SMALL, 1) == naswot(edges, images(), SMALL, 1) != naswot(edges, images(), SMALL, 2)
    with pytest.raises(InvalidSettings, match="multiples of 4"):
        naswot(edges, images()[:, :, :7], SMALL)
