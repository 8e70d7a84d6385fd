"""Cached gradients are the gradients of the whole batch."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.losses import gradient_cache
from training.losses.contrastive import BoundedLogitScale, symmetric_infonce

pytestmark = pytest.mark.model


class Towers(nn.Module):
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Dropout(dropout), nn.Linear(8, 4))
        self.text = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 4))
        self.scale = BoundedLogitScale()


def gradients(towers: Towers, chunk: int, *, n: int = 10) -> tuple[float, dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(n, 6, generator=generator, dtype=torch.float64)
    texts = torch.randn(n, 5, generator=generator, dtype=torch.float64)
    towers.zero_grad()
    loss = gradient_cache.backward(
        (
            lambda part: functional.normalize(towers.image(images[part]), dim=1),
            lambda part: functional.normalize(towers.text(texts[part]), dim=1),
        ),
        n,
        lambda a, b: symmetric_infonce(a, b, towers.scale()),
        chunk=chunk,
    )
    found = {name: one.grad for name, one in towers.named_parameters() if one.grad is not None}
    return float(loss), {name: grad.clone() for name, grad in found.items()}


@pytest.mark.parametrize("chunk", [1, 3, 5, 9])
def test_gradient_of_chunks_is_that_of_the_whole_batch(chunk: int) -> None:
    torch.manual_seed(0)
    towers = Towers().double()
    loss, whole = gradients(towers, 10)
    cached_loss, cached = gradients(towers, chunk)
    assert cached_loss == pytest.approx(loss, rel=1e-12)
    assert cached.keys() == whole.keys() == dict(towers.named_parameters()).keys()
    for name, gradient in whole.items():
        assert torch.allclose(cached[name], gradient, rtol=1e-9, atol=1e-13), name


def test_the_second_pass_drops_out_what_the_first_dropped() -> None:
    torch.manual_seed(0)
    towers = Towers(dropout=0.5).double().train()
    torch.manual_seed(5)
    loss, cached = gradients(towers, 4)
    torch.manual_seed(5)
    # The same masks with a plain graph over the chunks.
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(10, 6, generator=generator, dtype=torch.float64)
    texts = torch.randn(10, 5, generator=generator, dtype=torch.float64)
    rows = torch.cat(
        [functional.normalize(towers.image(one), dim=1) for one in torch.split(images, 4)]
    )
    towers.zero_grad()
    plain = symmetric_infonce(rows, functional.normalize(towers.text(texts), dim=1), towers.scale())
    torch.autograd.backward(plain)
    assert loss == pytest.approx(float(plain.detach()), rel=1e-12)
    weight = dict(towers.named_parameters())["image.0.weight"]
    assert weight.grad is not None
    assert torch.allclose(cached["image.0.weight"], weight.grad, rtol=1e-9)


def test_random_numbers_go_on_as_if_nothing_was_embedded_twice() -> None:
    towers = Towers(dropout=0.5).double().train()
    torch.manual_seed(5)
    gradients(towers, 4)
    after = torch.rand(1)
    torch.manual_seed(5)
    with torch.no_grad():
        for size in (4, 4, 2):
            towers.image(torch.zeros(size, 6, dtype=torch.float64))
    assert torch.equal(torch.rand(1), after)


def test_a_locked_tower_is_passed_once_and_gets_no_gradient() -> None:
    towers = Towers().double()
    towers.image.requires_grad_(requires_grad=False)
    passes = []
    towers.image.register_forward_hook(lambda *_: passes.append(1))
    free = copy.deepcopy(towers).requires_grad_()
    _, locked = gradients(towers, 5)
    assert not any(name.startswith("image") for name in locked)
    assert len(passes) == 3  # two chunks, and the first again, which tells
    _, whole = gradients(free, 10)
    assert torch.allclose(locked["text.0.weight"], whole["text.0.weight"], rtol=1e-9)
