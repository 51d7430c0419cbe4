"""Batch norm remembers how bright a window is beside the rest of the scan; instance norm forgets it."""

import dataclasses

import pytest
import torch

from activedints.core.errors import InvalidSettings, UnsafeCheckpoint
from activedints.core.job import silent
from activedints.core.settings import TrainSettings
from activedints.learn.model import OWN_STATISTICS, load_model, save_model
from activedints.learn.networks import build
from activedints.learn.norm import OWN, BatchNorm, ChannelNorm, own_share, use_own_share
from activedints.learn.train import train
from activedints.learn.windows import window_size
from tests.learn.toy import CHANNELS, LABELS, TINY, toy_case

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


def test_a_share_of_one_is_the_window_alone_and_of_none_the_training_alone() -> None:
    norm = BatchNorm(2).eval()
    x = 5 + 3 * torch.randn(1, 2, 12, 12, 12)
    use_own_share(norm, 0.0)
    assert torch.allclose(norm(x), x, atol=1e-3)  # a fresh norm's running statistics are 0 and 1
    use_own_share(norm, 1.0)
    alone = ChannelNorm(2)(x)
    assert torch.allclose(norm(x), alone, atol=1e-3)


def test_after_a_fine_tuning_on_few_cases_the_window_counts_more(tmp_path) -> None:
    settings = TrainSettings(steps=2, patch=(16, 16, 16), threads=1, device="cpu")
    cases = [toy_case("a", 0), toy_case("b", 1)]
    scratch = train(cases, REMEMBERING, CHANNELS, LABELS, settings, silent, tmp_path / "scratch")
    tuned = train(cases, REMEMBERING, CHANNELS, LABELS, settings, silent, tmp_path / "tuned", scratch.path)
    for made, share in ((scratch, OWN), (tuned, own_share(2))):
        model = load_model(made.path, "cpu")
        assert model.card.facts[OWN_STATISTICS] == share
        assert {m.own for m in model.network.modules() if isinstance(m, BatchNorm)} == {share}
    assert own_share(4) > own_share(6) > own_share(1_000) == OWN
    assert own_share(4) > own_share(2) > own_share(1) == OWN, "one or two cases hardly moved the statistics"


def test_a_file_with_an_impossible_share_is_refused_and_one_that_names_none_has_the_usual(tmp_path) -> None:
    settings = TrainSettings(steps=1, patch=(16, 16, 16), threads=1, device="cpu")
    made = train([toy_case()], REMEMBERING, CHANNELS, LABELS, settings, silent, tmp_path)
    model = load_model(made.path, "cpu")
    for facts, share in (({OWN_STATISTICS: 1.5}, None), ({OWN_STATISTICS: "much"}, None), ({}, OWN)):
        path = save_model(tmp_path / "other.safetensors", model.network, dataclasses.replace(model.card, facts=facts))
        if share is None:
            with pytest.raises(UnsafeCheckpoint):
                load_model(path, "cpu")
        else:
            norms_of = [m for m in load_model(path, "cpu").network.modules() if isinstance(m, BatchNorm)]
            assert norms_of
            assert all(m.own == share for m in norms_of)


def test_the_window_is_wider_where_the_norm_allows_it_and_the_scan_is_large_enough() -> None:
    forgetful, remembering = build(TINY, 2, 3), build(REMEMBERING, 2, 3)
    assert window_size((70, 55, 10), (48, 48, 48), forgetful) == (48, 48, 48)
    assert window_size((70, 55, 10), (48, 48, 48), remembering) == (64, 52, 48)
