"""What the Search page says of a model file, read from its header alone."""

from activedints.learn.model import load_model
from activedints.loop.experiments import STARTER
from activedints.loop.networks import count_parameters


def test_parameters_are_the_learned_weights_without_the_running_statistics() -> None:
    network = load_model(STARTER, "cpu").network
    assert count_parameters(STARTER) == sum(weight.numel() for weight in network.parameters())
    assert list(network.buffers()), "the starter has running statistics"
