"""Networks: the lean DiNTS computes what MONAI's does; the shipped architectures are what they say."""

import dataclasses

import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.learn.dints import monai_dints
from activedints.learn.networks import build, plan_strides, shipped
from tests.learn.toy import TINY

SMALL_CVPR = dataclasses.replace(shipped("cvpr2021"), channel_mul=0.0625)


PLAIN_SMALL = dataclasses.replace(shipped("small"), fine_skip=False, norm="instance")


@pytest.mark.parametrize("architecture", [TINY, PLAIN_SMALL, SMALL_CVPR], ids=lambda a: a.name)
def test_lean_dints_computes_what_monai_computes(architecture):
    torch.manual_seed(0)
    theirs = monai_dints(architecture, 4, 3).double()
    ours = build(architecture, 4, 3).double()
    ours.trunk.load_state_dict(ours.trunk.weights_from_monai(theirs.state_dict()))
    ours.head.load_state_dict(theirs.stem_finals[1].state_dict())
    side = 2 * ours.divisor
    x = torch.randn(2, 4, side, side, side + ours.divisor, dtype=torch.double)
    assert torch.allclose(ours(x), theirs(x), atol=1e-10)
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    name = f"stem_down.{next(iter(ours.trunk.stem_down))}.1.weight"
    gradients = dict(ours.trunk.named_parameters())[name].grad, theirs.stem_down["0"].mod[1].weight.grad
    assert torch.allclose(*gradients, rtol=1e-6)


def test_the_fine_skip_adds_the_stem_before_it_is_halved():
    torch.manual_seed(0)
    plain, skipping = build(PLAIN_SMALL, 4, 3), build(dataclasses.replace(PLAIN_SMALL, fine_skip=True), 4, 3)
    skipping.load_state_dict(plain.state_dict())
    seen = {}
    for name, network in (("plain", plain), ("skipping", skipping)):
        network.trunk.final.register_forward_hook(lambda _, given, __, n=name: seen.update({n: given[0]}))
        network(x := torch.ones(1, 4, 16, 16, 16).cumsum(2))
    _, convolution, norm, *_ = plain.trunk.stem_down["0"]
    assert torch.allclose(seen["skipping"], seen["plain"] + norm(convolution(x)), atol=1e-5)


def test_published_architecture():
    architecture = shipped("cvpr2021")
    assert (architecture.blocks, architecture.depths, architecture.channel_mul) == (12, 4, 1.0)
    assert architecture.node_a[0] == (1, 1, 1, 0)
    assert set(architecture.node_a[1:-1]) == {(1, 1, 1, 1)}
    assert architecture.node_a[-1] == (1, 0, 1, 1)
    with torch.device("meta"):
        whole = monai_dints(architecture, 4, 4)
        lean = build(architecture, 4, 4)
    assert sum(p.numel() for p in whole.parameters()) / 1e6 == pytest.approx(152, abs=0.5)
    assert set(lean.trunk.stem_down) == {"0", "1", "2"}  # the fourth stem is inactive and not built


def test_small_architecture_is_small():
    network = build(shipped("small"), 4, 4)
    assert sum(p.numel() for p in network.parameters()) < 2.2e6
    assert network.divisor == 8


def test_every_network_keeps_the_grid_and_splits_into_trunk_and_head():
    for architecture in (TINY, shipped("small"), "segresnet", "dynunet"):
        network = build(architecture, 2, 3, patch=(32, 32, 32)).eval()
        x = torch.randn(1, 2, 32, 32, 32)
        with torch.no_grad():
            features = network.trunk(x)
            assert features.shape == (1, network.features, 32, 32, 32)
            assert torch.equal(network(x), network.head(features))
        names = dict(network.trunk.named_parameters())
        assert all(names[name].shape[1] == 2 for name in network.entry)


def test_thick_slices_are_not_halved_at_once():
    kernels, strides = plan_strides((1.0, 1.0, 5.0), (64, 64, 16))
    assert kernels[0] == (3, 3, 1)
    assert strides[1] == (2, 2, 1)
    assert strides[3] == (2, 2, 2)


def test_unknown_names_list_what_exists():
    with pytest.raises(InvalidSettings, match="cvpr2021"):
        shipped("huge")
    with pytest.raises(InvalidSettings, match="segresnet"):
        build("unet", 1, 2)
