"""The average of the weights along the way, which is often better than where it ends."""

from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """An exponential moving average of a model's weights and float buffers.

    Early on the average would be mostly the start, so the decay warms up: after ``t`` updates
    it is ``min(decay, (1 + t) / (10 + t))``. Integer buffers (counts) are copied.

    Source:
        Tarvainen and Valpola (2017), https://arxiv.org/abs/1703.01780; the warm-up is
        TensorFlow's ``ExponentialMovingAverage(num_updates)``.
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        """Begin with a copy of the model.

        Args:
            model: What will be averaged.
            decay: The share of the old average that each update keeps, in [0, 1).

        Raises:
            ValueError: The decay is outside.
        """
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"the decay {decay} is not in [0, 1)")
        self._decay = decay
        self._updates = 0
        self._average = {
            name: tensor.detach().clone() for name, tensor in model.state_dict().items()
        }

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the model as it is now."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, tensor in model.state_dict().items():
            average = self._average[name]
            if average.is_floating_point():
                average.lerp_(tensor.to(average.dtype), 1.0 - decay)
            else:
                average.copy_(tensor)

    @torch.no_grad()
    def copy_to(self, model: nn.Module) -> None:
        """Give a model of the same shape the averaged weights."""
        model.load_state_dict(self._average)

    def state_dict(self) -> dict[str, Any]:
        """Return what ``load_state_dict`` needs to go on exactly."""
        average: dict[str, Tensor] = {name: one.clone() for name, one in self._average.items()}
        return {"decay": self._decay, "updates": self._updates, "average": average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from another average's ``state_dict``."""
        self._decay = float(state["decay"])
        self._updates = int(state["updates"])
        for name, tensor in state["average"].items():
            self._average[name].copy_(tensor)
