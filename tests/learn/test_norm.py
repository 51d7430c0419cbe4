"""Batch norm remembers how bright a window is beside the rest of the scan; instance norm forgets it."""

import dataclasses

import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.learn.networks import build
from activedints.learn.norm import BatchNorm, ChannelNorm
from activedints.learn.windows import window_size
from tests.learn.toy import TINY

REMEMBERING = dataclasses.replace(TINY, norm="batch")


def norms(network: torch.nn.Module) -> set[type]:
    return {type(module) for module in network.modules() if isinstance(module, (BatchNorm, ChannelNorm))}


def test_an_architecture_chooses_its_norm() -> None:
    assert norms(build(TINY, 2, 3)) == {ChannelNorm}
    assert norms(build(REMEMBERING, 2, 3)) == {BatchNorm}
    with pytest.raises(InvalidSettings, match="norm 'layer', which must be one of instance, batch"):
        dataclasses.replace(TINY, norm="layer").check()


def test_only_batch_norm_sees_a_brighter_window() -> None:
    x = torch.randn(1, 2, 16, 16, 16)
    for architecture, sees in ((TINY, False), (REMEMBERING, True)):
        torch.manual_seed(0)
        network = build(architecture, 2, 3).train()
        with torch.no_grad():
            for _ in range(80):  # the running statistics come to those of x
                network(x)
            network.eval()
            change = (network(3 * x) - network(x)).abs().max() / network(x).std()
        assert change > 1 if sees else change < 1e-2


def test_running_statistics_are_learned_and_what_else_is_in_the_batch_does_not_matter_afterwards() -> None:
    network = build(REMEMBERING, 2, 3).train()
    before = {name: value.clone() for name, value in network.named_buffers()}
    x = torch.randn(2, 2, 16, 16, 16)
    network(x)
    assert all(not torch.equal(value, before[name]) for name, value in network.named_buffers())
    network.eval()
    assert torch.allclose(network(x)[:1], network(x[:1]), atol=1e-5)
    assert all(value.is_floating_point() for value in network.state_dict().values())


def test_the_window_is_wider_where_the_norm_allows_it_and_the_scan_is_large_enough() -> None:
    forgetful, remembering = build(TINY, 2, 3), build(REMEMBERING, 2, 3)
    assert window_size((70, 55, 10), (48, 48, 48), forgetful) == (48, 48, 48)
    assert window_size((70, 55, 10), (48, 48, 48), remembering) == (64, 52, 48)
