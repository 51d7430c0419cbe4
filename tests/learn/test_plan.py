"""The space is sized to the memory and the time: more of either never gives a smaller one."""

import pytest

from activedints.core.errors import InvalidSettings
from activedints.core.search_space import SearchSpace, space_named
from activedints.learn.cost import edge_costs
from activedints.learn.plan import (
    ENOUGH_STEPS,
    choose,
    expect,
    free_megabytes,
    machine_speed,
    paper_search,
    settings_for,
)
from activedints.learn.supernet import Supernet

SMALL = (SearchSpace(2, 2, 0.125, 16), SearchSpace(3, 2, 0.25, 16), SearchSpace(3, 2, 0.25, 32))


def test_by_hand_one_resolution_has_one_edge_a_layer_and_twice_the_blocks_are_twice_the_cells():
    one, two = (expect(SearchSpace(blocks, 1, 0.125, 16), 4, 3, 1.0, 100.0) for blocks in (2, 4))
    table = edge_costs(1, 0.125, 4, 3, (16, 16, 16))
    cell = table.gflops.mean()
    assert one.seconds_per_step == pytest.approx(2 * (2 * cell + table.stem_gflops) * 6)
    assert two.seconds_per_step == pytest.approx(2 * (4 * cell + table.stem_gflops) * 6)
    assert one.steps == int(100.0 / one.seconds_per_step)


def test_parameters_of_the_table_are_those_of_the_supernet():
    table = edge_costs(2, 0.125, 4, 3, (16, 16, 16))
    net = Supernet(1, 2, 0.125, 4, 3)
    for edge, cell in enumerate(net.parts()):
        shared = sum(p.numel() for p in cell.preprocess.parameters())
        for number, operation in enumerate(cell.op.ops):
            assert table.parameters[edge, number] == shared + sum(p.numel() for p in operation.parameters())


def test_more_time_and_memory_give_the_larger_space():
    chosen = [
        choose(4, 3, seconds=s, megabytes=m, gflops_per_second=1.0, spaces=SMALL).space
        for s, m in ((1e5, 5.0), (1e5, 1e4), (150.0, 1e4))
    ]
    assert chosen[1] is SMALL[2]
    assert SMALL.index(chosen[0]) < 2
    assert SMALL.index(chosen[2]) < 2


def test_a_patch_no_larger_than_the_brains():
    found = choose(4, 3, seconds=1e6, megabytes=1e5, gflops_per_second=1.0, shape=(20, 24, 18), spaces=SMALL)
    assert found.space.side == 16


def test_what_cannot_be_done_is_said_with_its_numbers():
    with pytest.raises(InvalidSettings, match=f"s for {ENOUGH_STEPS} steps here; 1 MB and 5 s were given"):
        choose(4, 3, seconds=5.0, megabytes=1.0, gflops_per_second=0.001, spaces=SMALL)


def test_the_settings_follow_the_choice_and_the_paper():
    expected = choose(4, 3, seconds=1e5, megabytes=1e4, gflops_per_second=1.0, spaces=SMALL)
    made = settings_for(expected.space, 600.0, sigma=0.8)
    assert (made.blocks, made.depths, made.patch, made.sigma, made.seconds) == (3, 2, (32, 32, 32), 0.8, 600.0)
    paper = settings_for(space_named("paper"))
    assert paper == paper_search()
    assert (paper.blocks, paper.depths, paper.channel_mul, paper.patch, paper.steps) == (12, 4, 0.5, (96,) * 3, 20_000)
    short = settings_for(space_named("paper"), seconds=1200.0)
    assert (short.seconds, short.steps, short.warm_up) == (1200.0, None, 0.5)
    assert settings_for(SMALL[0], 600.0, 7).steps == 7, "steps come before seconds"


def test_there_is_memory_on_this_machine():
    assert free_megabytes("cpu") > 1


@pytest.mark.slow
def test_the_speed_of_this_machine_is_a_plausible_number():
    assert 0.5 < machine_speed(device="cpu", cores=1) < 1e5
