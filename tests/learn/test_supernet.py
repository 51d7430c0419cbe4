"""The supernet runs exactly the network that a path names, and hears what its alternatives would change."""

import numpy as np
import pytest
import torch

from activedints.core.architecture import Architecture
from activedints.core.decode import decode
from activedints.learn.networks import build
from activedints.learn.supernet import Heard, Supernet
from activedints.learn.topology import Path, Topology

BLOCKS, DEPTHS, SIDE = 3, 2, 16


@pytest.fixture
def parts() -> tuple[Supernet, Topology, torch.Tensor]:
    torch.manual_seed(0)
    net, topology = Supernet(BLOCKS, DEPTHS, 0.125, 2, 3), Topology(BLOCKS, DEPTHS, np.ones((4, 5)))
    rng = np.random.default_rng(0)
    with torch.no_grad():
        topology.edges.copy_(torch.from_numpy(rng.normal(0, 1, (BLOCKS, 4))))
        topology.operations.copy_(torch.from_numpy(rng.normal(0, 1, (BLOCKS, 4, 5))))
    return net, topology, torch.randn(1, 2, SIDE, SIDE, SIDE)


def child_weights(net: Supernet, architecture: Architecture) -> dict[str, torch.Tensor]:
    """The supernet's weights under the names of the decoded network that ``learn.networks`` builds."""
    state = {}
    for name, value in net.state_dict().items():
        if name.startswith("cells.") and ".op.ops." in name:
            place, rest = name[len("cells.") :].split(".op.ops.")
            layer, edge = map(int, place.split("_"))
            operation, rest = rest.split(".", 1)
            if int(operation) != architecture.arch_code_c[layer][edge]:
                continue
            name = f"cells.{place}.op.ops.0.{rest}"
        state["trunk." + name] = value
    state = {n.replace("trunk.final.1", "head").replace("trunk.final.0", "trunk.final"): v for n, v in state.items()}
    return state


def test_the_decoded_network_is_the_path_of_the_supernet(parts):
    net, topology, x = parts
    architecture = decode(topology.alphas()).architecture("it", 0.125)
    alone = build(architecture, 2, 3)
    wanted = alone.state_dict()
    alone.load_state_dict({n: v for n, v in child_weights(net, architecture).items() if n in wanted})
    assert torch.allclose(net(x, Path.of(architecture)), alone(x), atol=1e-5)


def test_trials_change_no_value_and_only_the_path_learns(parts):
    net, topology, x = parts
    path = topology.sample(np.random.default_rng(1), trials=True)
    alone = net(x, path)
    heard = net(x, path, topology.credit(path))
    assert torch.equal(alone, heard)
    alone.square().mean().backward()
    for layer in range(BLOCKS):
        for edge in range(4):
            for number, operation in enumerate(net.cells[f"{layer}_{edge}"].op.ops):
                on = bool(path.edges[layer, edge]) and int(path.operations[layer, edge]) == number
                assert all((p.grad is not None) == on for p in operation.parameters())


def test_a_stem_that_no_edge_reads_is_not_computed(parts):
    net, _, x = parts
    top = Architecture("top", ((1, 0, 0, 0),) * 3, ((1, 0, 0, 0),) * 3, 0.125)
    ran = []
    for name, module in (*net.stem_down.items(), *net.stem_up.items()):
        module[1].register_forward_hook(lambda *_, n=name: ran.append(n))
    net(x, Path.of(top))
    assert ran == ["0", "0"]


def test_heard_by_hand():
    """total = 3; outputs 2 and -1 with coefficients 1 and 0; loss = total^2: gradients 2*3*2 and 2*3*-1."""
    total, coefficients = torch.tensor([3.0], requires_grad=True), torch.tensor([1.0, 0.0], requires_grad=True)
    value = Heard.apply(total, coefficients, torch.tensor([2.0]), torch.tensor([-1.0]))
    value.square().sum().backward()
    assert value.item() == 3.0
    assert total.grad.item() == 6.0
    assert coefficients.grad.tolist() == [12.0, -6.0]


def test_the_credit_of_an_operation_is_the_first_order_change_of_the_loss(parts):
    """Moving the last layer's chosen operation a little towards the trial one changes the loss by its gradient."""
    net, topology, x = parts
    net, x = net.double(), x.double()
    path = topology.sample(np.random.default_rng(3), trials=True)
    edge = int(np.flatnonzero(path.edges[-1])[0])
    credit = topology.credit(path)
    credit.operations.retain_grad()
    net(x, path, credit).square().mean().backward()
    cell = net.cells[f"{BLOCKS - 1}_{edge}"]
    chosen, tried = (cell.op.ops[int(a[-1, edge])] for a in (path.operations, path.trial_operations))
    plain, step = chosen.forward, 1e-4

    def loss(share: float) -> float:
        chosen.forward = lambda inner: plain(inner) * (1 + share) - tried(inner) * share
        with torch.no_grad():
            return net(x, path).square().mean().item()

    assert credit.operations.grad[-1, edge].item() == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=1e-3)
    chosen.forward = plain
