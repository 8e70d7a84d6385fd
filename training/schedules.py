"""How fast, and which weights decay."""

import math
from typing import Any

from torch import nn

_FREE_OF_DECAY = ("positional_embedding", "pos_embed", "class_embedding", "cls_token", "cls_emb")
_FREE_OF_DECAY_SUFFIXES = ("logit_scale", "logit_bias", "log_scale", "bias")


def warmup_cosine(step: int, *, total: int, warmup: int, floor: float = 0.0) -> float:
    """Return what to multiply the learning rate with: a ramp, then half a cosine.

    Args:
        step: From 0; steps from ``total`` on get ``floor``.
        total: Steps of the whole run.
        warmup: Steps of the ramp, the first of which gets ``1 / warmup`` already.
        floor: Where the cosine ends, from 0 to 1.

    Returns:
        A number in [0, 1].

    Source:
        Loshchilov and Hutter (2017), https://arxiv.org/abs/1608.03983, equation 5, one cycle.
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * progress))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Divide what is trained into weights that decay and the rest, for an optimizer.

    Biases, gains of norms, embeddings of positions and classes, temperature and bias of the
    logits do not decay: pulling them to zero does not make the function simpler.

    Args:
        model: Parameters that need no gradient are left out.
        weight_decay: For the matrices and the convolutions.

    Returns:
        Two groups with ``params`` and ``weight_decay``; either may be empty.
    """
    decaying: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_free = parameter.ndim < 2 or _is_named_free(name)
            (free if is_free else decaying).append(parameter)
    return [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]


def _is_named_free(name: str) -> bool:
    return name.endswith(_FREE_OF_DECAY_SUFFIXES) or any(part in name for part in _FREE_OF_DECAY)
