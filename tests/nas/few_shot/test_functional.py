"""The batched core against the same mathematics one episode at a time, written with torch's own layers."""

import pytest
import torch
from torch import Tensor, nn

from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.functional import SGD, Adam, Conv4, Params, conv, norm, stack


def naive_conv4(params: Params, images: Tensor) -> nn.Sequential:
    """A plain module for one episode, with these weights."""
    layers: list[nn.Module] = []
    for n in range(4):
        weight = params[f"{n}.weight"]
        block = nn.Conv2d(weight.shape[1], weight.shape[0], 3, stride=2, padding=1, bias=False)
        scale = nn.BatchNorm2d(weight.shape[0], track_running_stats=False)
        block.weight.data, scale.weight.data = weight.clone(), params[f"{n}.scale"].clone()
        scale.bias.data = params[f"{n}.shift"].clone()
        layers += [block, scale, nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten())


def test_convolutions_side_by_side_by_hand() -> None:
    """Two episodes, a 1 x 1 kernel: episode 0 doubles, episode 1 negates; two blocks may read one group."""
    x = torch.tensor([1.0, 10.0]).view(1, 2, 1, 1)
    assert conv(x, torch.tensor([2.0, -1.0]).view(2, 1, 1, 1, 1)).flatten().tolist() == [2.0, -10.0]
    blocks = torch.tensor([[2.0, 3.0], [-1.0, 5.0]]).view(2, 2, 1, 1, 1, 1)
    assert conv(x, blocks).flatten().tolist() == [2.0, 3.0, -10.0, 50.0]


def test_normalisation_is_per_episode() -> None:
    """Channel values (1, 3) and (10, 10): the first become -1 and 1, the second 0."""
    x = torch.tensor([[1.0, 10.0], [3.0, 10.0]]).view(2, 2, 1, 1)
    assert norm(x).flatten().tolist() == pytest.approx([-1, 0, 1, 0], abs=1e-4)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_many_episodes_equal_one_at_a_time(optimiser: str) -> None:
    """Three steps on six episodes: logits and weights agree with a module and torch's optimiser to 1e-5."""
    torch.set_num_threads(1)
    network, way = Conv4(filters=8), 3
    meta = network.start(0) | inner.linear_head(32, way)
    meta = {k: v + 0.1 * torch.randn(v.shape, generator=torch.Generator().manual_seed(1)) for k, v in meta.items()}
    support = torch.rand(6, way * 2, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    target = torch.rand(6, way, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    settings = Adaptation(3, 1e-2, optimiser, "linear")
    adapted = inner.adapt(network, stack(meta, 6), support, way, settings)
    together = inner.logits(network.features(adapted, target), adapted)
    labels = torch.arange(way).repeat_interleave(2)
    for episode in range(6):
        body, head = naive_conv4(meta, support[0]), nn.Linear(32, way)
        head.weight.data, head.bias.data = meta["head.weight"].clone(), meta["head.bias"].clone()
        module = nn.Sequential(body, head)
        steps = (
            torch.optim.SGD(module.parameters(), 1e-2)
            if optimiser == "sgd"
            else torch.optim.Adam(module.parameters(), 1e-2, betas=(0.0, 0.999))
        )
        for _ in range(3):
            steps.zero_grad()
            nn.functional.cross_entropy(module(support[episode]), labels).backward()
            steps.step()
        assert torch.allclose(together[episode], module(target[episode]), atol=1e-5)
        assert torch.allclose(adapted["0.weight"][episode], body[0].weight, atol=1e-5)


def test_adam_takes_other_rates_by_name_and_leaves_weights_without_gradient() -> None:
    """Adam's first step has the size of its rate, whatever the gradient."""
    params = {"alpha.a": torch.zeros(2), "w": torch.zeros(2), "still": torch.ones(1)}
    gradients = {"alpha.a": torch.tensor([5.0, -0.1]), "w": torch.tensor([1.0, 2.0])}
    new = Adam(0.1, rates={"alpha.": 0.5}).step(params, gradients)
    assert new["alpha.a"].tolist() == pytest.approx([-0.5, 0.5], abs=1e-5)
    assert new["w"].tolist() == pytest.approx([-0.1, -0.1], abs=1e-5)
    assert new["still"] is params["still"]


def test_sgd_by_hand() -> None:
    assert SGD(0.5).step({"w": torch.tensor([1.0])}, {"w": torch.tensor([2.0])})["w"].tolist() == [0.0]
