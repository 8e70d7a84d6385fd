"""Learning rates, decay, averages."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from training.averaging import WeightAverage
from training.schedules import parameter_groups, warmup_cosine

pytestmark = pytest.mark.model


def test_rate_rises_evenly_then_follows_half_a_cosine_to_the_floor() -> None:
    rates = [warmup_cosine(step, total=110, warmup=10, floor=0.2) for step in range(112)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == 1.0
    for step in range(10, 110):
        angle = math.pi * (step - 10) / 100
        assert rates[step] == pytest.approx(0.2 + 0.8 * (1 + math.cos(angle)) / 2)
    assert rates[110:] == [pytest.approx(0.2)] * 2


@given(
    step=st.integers(0, 500), total=st.integers(1, 300), warmup=st.integers(0, 300),
    floor=st.floats(0, 1),
)  # fmt: skip
def test_rate_is_always_a_share(step: int, total: int, warmup: int, floor: float) -> None:
    assert 0.0 <= warmup_cosine(step, total=total, warmup=warmup, floor=floor) <= 1.0


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.positional_embedding = nn.Parameter(torch.zeros(5, 4))
        self.class_embedding = nn.Parameter(torch.zeros(1, 4))
        self.token_embedding = nn.Embedding(7, 4)
        self.proj = nn.Parameter(torch.zeros(4, 4))
        self.logit_scale = nn.Parameter(torch.zeros(1, 1))
        self.logit_bias = nn.Parameter(torch.zeros(1, 1))
        self.frozen = nn.Linear(4, 4)
        self.frozen.requires_grad_(requires_grad=False)


def test_only_matrices_and_convolutions_decay() -> None:
    network = Network()
    names = {id(one): name for name, one in network.named_parameters()}
    decaying, free = parameter_groups(network, 0.1)
    assert (decaying["weight_decay"], free["weight_decay"]) == (0.1, 0.0)
    assert {names[id(one)] for one in decaying["params"]} == {
        "conv.weight", "token_embedding.weight", "proj",
    }  # fmt: skip
    assert {names[id(one)] for one in free["params"]} == {
        "conv.bias", "norm.weight", "norm.bias", "positional_embedding", "class_embedding",
        "logit_scale", "logit_bias",
    }  # fmt: skip


def test_average_is_the_recursion_with_a_decay_that_warms_up() -> None:
    linear, norm = nn.Linear(2, 2), nn.BatchNorm1d(2)
    network = nn.Sequential(linear, norm)
    average = WeightAverage(network, 0.5)
    expected = linear.weight.detach().double().clone()
    for update in range(1, 15):
        with torch.no_grad():
            linear.weight.add_(torch.randn(2, 2))
            for name, buffer in norm.named_buffers():
                buffer.add_(1.0 if name == "running_mean" else 1)
        average.update(network)
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * linear.weight.detach().double()
    other = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average.copy_to(other)
    found = other.state_dict()
    assert torch.allclose(found["0.weight"].double(), expected, atol=1e-6)
    assert 0 < float(found["1.running_mean"][0]) < 14
    assert int(found["1.num_batches_tracked"]) == 14


def test_average_goes_on_from_its_state_to_the_bit() -> None:
    network = nn.Linear(3, 3)
    one = WeightAverage(network)
    with torch.no_grad():
        network.weight.add_(1.0)
    one.update(network)
    other = WeightAverage(nn.Linear(3, 3), 0.1)
    other.load_state_dict(one.state_dict())
    with torch.no_grad():
        network.weight.add_(1.0)
    one.update(network)
    other.update(network)
    assert torch.equal(
        one.state_dict()["average"]["weight"], other.state_dict()["average"]["weight"]
    )


def test_average_refuses_a_decay_that_never_forgets() -> None:
    with pytest.raises(ValueError, match=r"not in \[0, 1\)"):
        WeightAverage(nn.Linear(1, 1), 1.0)
