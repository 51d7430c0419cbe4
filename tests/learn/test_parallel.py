"""Two processes learn as one: means by hand, the same alphas everywhere, stopped together."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from activedints.core.errors import Cancelled, InvalidSettings
from activedints.core.job import silent
from activedints.learn.parallel import ALONE, Group, run_everywhere
from tests.learn.test_search import QUICK, Heard, run

CPU = torch.device("cpu")


def mean_of_ranks(_factor: float, report, group: Group, device: str) -> list[float]:
    own = [torch.full((2,), _factor * (group.rank + 1)), torch.tensor([[float(group.rank)]], dtype=torch.float64)]
    group.average(own[:1], torch.device(device))
    group.average(own[1:], torch.device(device))
    report(1, 1, f"rank {group.rank}", None)
    return [*own[0].tolist(), own[1].item(), group.first(float(group.rank), torch.device(device))]


def fails(report, group: Group, device: str) -> None:
    raise InvalidSettings("of no use")


def test_alone_nothing_is_averaged():
    kept = torch.tensor([3.0])
    ALONE.average([kept], CPU)
    assert kept.item() == 3.0
    assert ALONE.first(0.25, CPU) == 0.25
    assert ALONE.leads


@pytest.mark.slow
def test_means_by_hand_and_only_the_first_reports():
    heard = Heard()
    assert run_everywhere(2, "cpu", heard, mean_of_ranks, 10.0) == [15.0, 15.0, 0.5, 0.0]
    assert [message for _, _, message, _ in heard] == ["rank 0"]


@pytest.mark.slow
def test_a_failure_is_the_callers():
    with pytest.raises(InvalidSettings, match="of no use"):
        run_everywhere(2, "cpu", silent, fails)


@pytest.mark.slow
def test_a_search_of_two_processes_stopped_and_resumed(tmp_path):
    pair = replace(QUICK, processes=2)
    whole = run(tmp_path / "whole", pair)
    assert whole.steps == QUICK.steps
    with pytest.raises(Cancelled):
        run(tmp_path / "stopped", pair, report=Heard(4))
    again = run(tmp_path / "stopped", pair)
    assert np.array_equal(again.alphas.edges, whole.alphas.edges)
