"""Large contrastive batches in small memory: gradients cached at the embeddings.

A contrastive loss needs all rows of the batch at once, but its gradient reaches the weights
only through the rows. So the rows are made without a graph, chunk by chunk; the loss gives
their gradient; then every chunk is embedded once more, with its graph, and that gradient sent
through it. The second pass sees the same randomness as the first.

Source:
    GradCache: Gao et al. (2021), https://arxiv.org/abs/2101.06983, section 3.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor

Embed: TypeAlias = Callable[[slice], Tensor]
Loss: TypeAlias = Callable[..., Tensor]


def backward(embeds: Sequence[Embed], size: int, loss: Loss, *, chunk: int) -> Tensor:
    """Compute a batch's loss and add its gradient to the weights.

    Args:
        embeds: One for each tower: from a slice of the batch to its rows. Towers whose rows
            need no gradient are passed once only. A row may depend on its own input alone, so
            no batch norm may be computing statistics.
        size: How many pairs the batch has.
        loss: From the rows of every tower, each (size, d), to a scalar.
        chunk: How many are embedded at once; from ``size`` on nothing is embedded twice.

    Returns:
        The loss, without graph.
    """
    if chunk >= size:
        value = loss(*(embed(slice(0, size)) for embed in embeds))
        if value.requires_grad:
            torch.autograd.backward(value)
        return value.detach()
    slices = [slice(start, min(start + chunk, size)) for start in range(0, size, chunk)]
    states, rows = zip(*(_without_graph(embed, slices) for embed in embeds), strict=True)
    value = loss(*rows)
    torch.autograd.backward(value)
    for embed, tower_states, tower_rows in zip(embeds, states, rows, strict=True):
        gradient = tower_rows.grad
        if gradient is None:
            continue
        for one, state in zip(slices, tower_states, strict=True):
            with state.restored():
                again = embed(one)
            if not again.requires_grad:  # a locked tower
                break
            torch.autograd.backward(again, gradient[one].to(again.dtype))
    return value.detach()


@torch.no_grad()
def _without_graph(embed: Embed, slices: Sequence[slice]) -> "tuple[list[_RandomState], Tensor]":
    """Return a tower's rows, and what dropout drew from before each slice."""
    states, parts = [], []
    for one in slices:
        states.append(_RandomState())
        parts.append(embed(one))
    return states, torch.cat(parts).requires_grad_()


class _RandomState:
    """What dropout draws from, at one moment, on every device in use."""

    def __init__(self) -> None:
        self._cpu = torch.get_rng_state()
        is_used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        self._cuda = torch.cuda.get_rng_state() if is_used else None

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Go back to that moment, and return to the present afterwards."""
        present = _RandomState()
        self._set()
        try:
            yield
        finally:
            present._set()

    def _set(self) -> None:
        torch.set_rng_state(self._cpu)
        if self._cuda is not None:
            torch.cuda.set_rng_state(self._cuda)
