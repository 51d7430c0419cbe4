"""Architectures drawn from a space: different ones, within a memory, of the kind that they are held against."""

import numpy as np
import pytest

from activedints.core.errors import InvalidSettings
from activedints.learn.candidates import TOLERANCE, counted_costs, draw_candidates, random_like
from activedints.learn.networks import build, shipped

PATCH = (48, 48, 48)


def memory(architectures):
    return counted_costs(architectures, PATCH)["activation_megabytes"]


def test_random_ones_cost_the_memory_of_the_one_they_are_held_against():
    small = shipped("small")
    drawn = random_like(3, 0, small, PATCH)
    assert len({(one.arch_code_a, one.arch_code_c) for one in drawn}) == 3
    assert np.all(abs(memory(drawn) / memory([small]) - 1) <= TOLERANCE)
    assert all(one.fine_skip == small.fine_skip and one.channel_mul == small.channel_mul for one in drawn)
    assert build(drawn[0], 4, 4).trunk.fine_skip


def test_the_same_seed_draws_the_same_and_a_budget_is_kept_or_refused():
    small = shipped("small")
    limit = float(np.median(memory(draw_candidates(20, 1, small, PATCH))))
    kept = draw_candidates(5, 2, small, PATCH, most_megabytes=limit)
    assert memory(kept).max() <= limit
    assert kept == draw_candidates(5, 2, small, PATCH, most_megabytes=limit)
    with pytest.raises(InvalidSettings, match="Only 0 of 2,040 random architectures keep to 0.001 MB"):
        draw_candidates(1, 0, small, PATCH, most_megabytes=0.001)
