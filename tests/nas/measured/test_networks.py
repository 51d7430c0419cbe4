"""Networks that are trained side by side."""

import numpy as np
import pytest
import torch

from activedints.nas.measured import image_sets, space
from activedints.nas.measured.networks import Networks, Order, Schedule, accuracies, batches, train

SHORT = Schedule(epochs=1, batch=160)


def codes(*tokens: tuple[int, ...]) -> np.ndarray:
    return space.edges_of(np.array(tokens))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_companions_change_nothing() -> None:
    """A network gives the same scores alone and beside others of other cells, data sets and numbers of classes."""
    one, other = codes((3, 1, 2, 4, 0, 3), (2, 0, 3, 1, 4, 1))
    digits, edge = image_sets.image_set("digits"), image_sets.image_set("edge")
    alone = train([Order(one, edge, 1)], SHORT)
    beside = train([Order(other, digits, 0), Order(one, edge, 1)], SHORT)
    pixels = torch.from_numpy(edge.test.images[:20])[:, None, None]
    with torch.no_grad():
        expected = alone(pixels)[0]
        found = beside(pixels.expand(-1, 2, -1, -1, -1))[1]
    assert torch.allclose(found[:, :3], expected[:, :3], atol=2e-3)
    assert (found[:, 3:] < -1e3).all()


def test_a_cell_by_hand() -> None:
    """Skips from input to output and by way of vertex 1: twice the input; a dead vertex adds nothing."""
    networks = Networks(codes((1, 0, 0, 1, 1, 3)), [0], [2])
    x = torch.randn(2, 1, 8, 8, 8)
    assert torch.equal(networks.cell(0, x), 2 * x)
    dead = Networks(codes((1, 0, 0, 0, 0, 0)), [0], [2])
    assert not dead.cell(0, x).any()


def test_accuracy_counts_a_shorter_part_once() -> None:
    images = image_sets.image_set("edge")
    networks = Networks(codes((1, 1, 1, 1, 1, 1), (1, 1, 1, 1, 1, 1)), [0, 0], [3, 3]).eval()
    short = image_sets.Part(images.test.images[:7], images.test.labels[:7])
    found = accuracies(networks, [short, images.test])
    with torch.no_grad():
        said = networks(torch.from_numpy(short.images)[:, None, None].expand(-1, 2, -1, -1, -1))[0].argmax(1).numpy()
    assert found[0] == pytest.approx(100 * (said == short.labels).mean())


def test_an_epoch_shows_every_image_once_and_looks_come_once() -> None:
    images, looks = image_sets.image_set("edge"), []
    order = Order(codes((1, 1, 1, 1, 1, 1))[0], images, 3)
    seen = [labels for _, labels in batches([order], Schedule(epochs=1, batch=32, shift=0))]
    assert np.bincount(torch.cat(seen, 1)[0]).tolist() == np.bincount(images.train.labels).tolist()
    train([order], Schedule(epochs=2, batch=160), lambda epoch, networks: looks.append(epoch))
    assert looks == [1, 2]
