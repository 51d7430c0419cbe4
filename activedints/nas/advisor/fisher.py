"""Similarity of data sets by Fisher information (Le et al., arXiv 2103.12827 and 2103.00241), from the equations.

For data sets a and b: f_a is one architecture trained on a, from the same start for all; F_ab the diagonal of its
Fisher information on images of b, E[(d loss / d theta)^2] of single images, scaled to trace 1. Then

    Frechet      d(a, b) = |sqrt(F_ab) - sqrt(F_bb)| / sqrt 2
    log-det      d(a, b) = mean over weights of the |sum over a layer of log(F_ab + eps) - log(F_bb + eps)|

so d(a, a) = 0, and d is not symmetric: it asks how well a network of a serves b. Data sets differ in their classes, so
theta is the body of the network; its last layer is fitted on b by ridge regression for every pair, (b, b) included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from activedints.core.job import Report, silent
from activedints.nas.measured.image_sets import ImageSet, Part
from activedints.nas.measured.networks import Networks, Order, Schedule, train
from activedints.nas.measured.space import edges_of

Array = npt.NDArray[np.float64]
CELL = (3, 1, 3, 1, 1, 3)
"""The architecture that is trained on every data set: 3 x 3 convolutions and skips."""
EPS = 1e-10
WIDE = 32


@dataclass(frozen=True)
class FisherPlan:
    """``images`` of a data set whose gradients are taken; ``seed`` of the start and the order of training."""

    images: int = 64
    seed: int = 0
    schedule: Schedule = field(default_factory=Schedule)


def bodies(sets: Sequence[ImageSet], plan: FisherPlan) -> list[Networks]:
    """One trained network a data set, all from the same start, as networks of one each."""
    codes = edges_of(np.array([CELL]))[0]
    together = train([Order(codes, one, plan.seed) for one in sets], plan.schedule)
    return [alone(together, row) for row in range(len(sets))]


def alone(networks: Networks, row: int) -> Networks:
    """One network of a batch in which all have the same cell."""
    single = Networks(networks.codes[:1], [0], [2], networks.weights["stem"].shape[0] // networks.count)
    whole = {**dict(networks.named_parameters()), **dict(networks.named_buffers())}
    for name, value in (*single.named_parameters(), *single.named_buffers()):
        if name.split(".")[-1] in ("linear", "bias", "absent"):
            continue
        value.data = whole[name].data.view(networks.count, -1)[row].view_as(value.data).clone()
    return single.eval()


def readout(features: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Ridge regression of the classes on features (image, feature): weights (feature, class) and biases, on the scale
    of logits."""
    mean = features.mean(0)
    x, y = features - mean, F.one_hot(labels, classes).float() - 1 / classes
    scale = x.square().mean() + 1e-9
    weight = 4 * torch.linalg.solve(x.T @ x / len(x) + 0.1 * scale * torch.eye(x.shape[1]), x.T @ y / len(x))
    return weight, -mean @ weight


def diagonal(network: Networks, part: Part, images: int) -> list[Array]:
    """F: for every weight tensor of the body the mean squared gradient of single images, scaled to trace 1 over all."""
    x = torch.from_numpy(part.images[:images])[:, None, None]
    y = torch.from_numpy(part.labels[:images])
    with torch.no_grad():
        every = torch.from_numpy(part.images)[:, None, None]
        features, labels = network.features(every)[0], torch.from_numpy(part.labels)
        weight, bias = readout(features, labels, int(labels.max()) + 1)
    own = {k: v.detach() for k, v in network.named_parameters() if not k.endswith(("linear", "bias"))}
    fixed = {k: v.detach() for k, v in network.named_parameters() if k not in own} | dict(network.named_buffers())

    def loss(parameters: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        found = functional_call(
            _Features(network), {f"network.{k}": v for k, v in (parameters | fixed).items()}, image[None]
        )
        return F.cross_entropy((found[0] @ weight + bias), label[None])

    gradients = vmap(grad(loss), (None, 0, 0), chunk_size=16)(own, x, y)
    squares = [value.square().mean(0).double().numpy().ravel() for value in gradients.values()]
    trace = sum(float(one.sum()) for one in squares)
    return [one / max(trace, 1e-30) for one in squares]


class _Features(torch.nn.Module):
    def __init__(self, network: Networks):
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network.features(image)


def frechet(ours: list[Array], target: list[Array]) -> float:
    """Between 0 (the same) and 1 (no weight matters to both)."""
    apart = sum(float(((a**0.5 - b**0.5) ** 2).sum()) for a, b in zip(ours, target))
    return (apart / 2) ** 0.5


def log_det(ours: list[Array], target: list[Array]) -> float:
    """Per weight; layers with opposite signs do not cancel."""
    layers = [abs(float((np.log(a + EPS) - np.log(b + EPS)).sum())) for a, b in zip(ours, target)]
    return sum(layers) / sum(len(one) for one in ours)


def distances(sets: Sequence[ImageSet], plan: FisherPlan | None = None, report: Report = silent) -> dict[str, Array]:
    """Both forms, (from, to): row a is the data set that the network was trained on."""
    plan = plan or FisherPlan()
    report(0, len(sets), "Training a network on every data set")
    networks = bodies(sets, plan)
    number = len(sets)
    found = {"Frechet": np.zeros((number, number)), "log-det": np.zeros((number, number))}
    for b, target in enumerate(sets):
        own = diagonal(networks[b], target.train, plan.images)
        for a in range(number):
            other = own if a == b else diagonal(networks[a], target.train, plan.images)
            found["Frechet"][a, b], found["log-det"][a, b] = frechet(other, own), log_det(other, own)
        report(b + 1, number, f"Fisher information on {target.name}")
    return found


def new_set(networks: Sequence[Networks], own: Networks, part: Part, plan: FisherPlan) -> dict[str, Array]:
    """Distances (known,) of a new data set to known ones, whose trained bodies are given."""
    target = diagonal(own, part, plan.images)
    others = [diagonal(one, part, plan.images) for one in networks]
    return {
        "Frechet": np.array([frechet(one, target) for one in others]),
        "log-det": np.array([log_det(one, target) for one in others]),
    }
