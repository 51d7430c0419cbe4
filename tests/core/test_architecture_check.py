"""What is a network and what is not, before anything is built from it."""

import json

import pytest

from activedints.core.architecture import Architecture
from activedints.core.errors import InvalidSettings

CVPR = """1011111010 1111011011 1111111011 1011111110 1111011111 1011111111 1111010111 1111110011 1111011111 1111011111
1110011111 1100000111"""


def text(edges: list[str], operations: list[str] | None = None, name: str = "it") -> str:
    digits = [[int(d) for d in row] for row in edges]
    codes = [[int(d) for d in row] for row in operations] if operations else digits
    return json.dumps({"name": name, "arch_code_a": digits, "arch_code_c": codes, "channel_mul": 0.5})


def test_the_published_architecture_is_feasible_and_its_nodes_are_derived():
    found = Architecture.from_json(text(CVPR.split()))
    assert (found.blocks, found.depths) == (12, 4)
    assert found.node_a[0] == (1, 1, 1, 0)
    assert set(found.node_a[1:-1]) == {(1, 1, 1, 1)}
    assert found.node_a[-1] == (1, 0, 1, 1)


@pytest.mark.parametrize(
    ("edges", "operations", "says"),
    [
        (["1000", "0001"], None, r"layer 1 reads resolutions \[1\] but the layer before it fills \[0\]"),
        (["1010", "1000"], None, r"layer 1 reads resolutions \[0\] but the layer before it fills \[0, 1\]"),
        (["1000", "0000"], None, "layer 1 reads"),
        (["10000"], None, "3 D - 2"),
        (["1000", "100"], None, "3 D - 2"),
        ([], None, "3 D - 2"),
        (["1000"], ["7000"], "operations 0 to 4"),
        (["1000"], ["1000", "1000"], "needs 1 rows"),
    ],
)
def test_what_is_no_network_is_refused_in_one_sentence(edges, operations, says):
    with pytest.raises(InvalidSettings, match=says):
        Architecture.from_json(text(edges, operations))
