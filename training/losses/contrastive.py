"""What contrastive training minimises.

Rows are unit rows, float of any precision; the losses are computed in float32 at least, since
a softmax over a large batch in bfloat16 loses the differences it is about.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_SCALE = 100.0


def symmetric_infonce(
    image_rows: Tensor, text_rows: Tensor, logit_scale: Tensor, *, texts: Tensor | None = None
) -> Tensor:
    """Return the cross entropy of finding each row's partner, both directions averaged.

    Args:
        image_rows: Unit rows (n, d).
        text_rows: Unit rows (n, d); row i belongs to picture i.
        logit_scale: Scalar that multiplies the cosines, already exponentiated.
        texts: Integers (n,): equal numbers mark identical texts, which are then nobody's
            negatives. None where all texts differ.

    Returns:
        A scalar, at least 0; ``log n`` is what chance gives.

    Source:
        CLIP: Radford et al. (2021), https://arxiv.org/abs/2103.00020, figure 3.
    """
    logits = _logits(image_rows, text_rows, logit_scale)
    if texts is not None:
        logits = logits.masked_fill(_same_but_not_paired(texts), -math.inf)
    partners = torch.arange(len(logits), device=logits.device)
    to_text = functional.cross_entropy(logits, partners)
    to_image = functional.cross_entropy(logits.T, partners)
    return (to_text + to_image) / 2


def sigmoid_loss(
    image_rows: Tensor,
    text_rows: Tensor,
    logit_scale: Tensor,
    logit_bias: Tensor,
    *,
    texts: Tensor | None = None,
) -> Tensor:
    """Return the loss of telling, for every pair alone, whether it belongs together.

    Args:
        image_rows: Unit rows (n, d).
        text_rows: Unit rows (n, d); row i belongs to picture i.
        logit_scale: Scalar that multiplies the cosines, already exponentiated.
        logit_bias: Scalar added to them; about -10 at the start, since most pairs do not match.
        texts: As for ``symmetric_infonce``.

    Returns:
        A scalar, at least 0: summed over all pairs, divided by n.

    Source:
        SigLIP: Zhai et al. (2023), https://arxiv.org/abs/2303.15343, algorithm 1.
    """
    logits = _logits(image_rows, text_rows, logit_scale)
    logits = logits + logit_bias.to(logits.dtype)
    signs = 2 * torch.eye(len(logits), device=logits.device, dtype=logits.dtype) - 1
    losses = -functional.logsigmoid(signs * logits)
    if texts is not None:
        losses = losses.masked_fill(_same_but_not_paired(texts), 0.0)
    return losses.sum() / len(logits)


def feature_distillation(student: Tensor, teacher: Tensor) -> Tensor:
    """Return how far the student's rows point away from the teacher's.

    Args:
        student: Rows (n, d) of any length.
        teacher: Rows (n, d) of any length; gets no gradient.

    Returns:
        The mean of 1 - cosine, from 0 (same directions) to 2.
    """
    cosines = functional.cosine_similarity(
        _at_least_float32(student), _at_least_float32(teacher.detach()), dim=-1
    )
    return (1 - cosines).mean()


def similarity_distillation(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Return how badly the student's choice among the columns predicts the teacher's.

    Give the transposed matrices as well for the other direction.

    Args:
        student_logits: Similarities (n, m) times their scale.
        teacher_logits: Similarities (n, m) times their scale; gets no gradient.

    Returns:
        KL(softmax(teacher) ‖ softmax(student)) over rows, the mean in nats, at least 0.

    Source:
        Hinton et al. (2015), https://arxiv.org/abs/1503.02531, equation 1, over a batch's
        similarities as in TinyCLIP: Wu et al. (2023), https://arxiv.org/abs/2309.12314.
    """
    return functional.kl_div(
        functional.log_softmax(_at_least_float32(student_logits), dim=-1),
        functional.log_softmax(_at_least_float32(teacher_logits.detach()), dim=-1),
        reduction="batchmean",
        log_target=True,
    )


class BoundedLogitScale(nn.Module):
    """A learnable scale of the cosines that can neither vanish nor explode.

    The parameter is the logarithm. At a bound the gradient still passes, so that the scale can
    come back, and a parameter pushed beyond is put back to the bound at the next call.

    Source:
        CLIP: Radford et al. (2021), section 2.5: clipped "to prevent scaling the logits by more
        than 100".
    """

    def __init__(self, initial: float = 1 / 0.07) -> None:
        """Start somewhere.

        Args:
            initial: The scale at first, from 1 to 100.

        Raises:
            ValueError: It is outside.
        """
        super().__init__()
        if not 1.0 <= initial <= MAX_SCALE:
            raise ValueError(f"the scale {initial} is not between 1 and {MAX_SCALE:g}")
        self.log_scale = nn.Parameter(torch.tensor(math.log(initial)))

    def forward(self) -> Tensor:
        """Return the scale, a scalar in [1, 100]."""
        with torch.no_grad():
            self.log_scale.clamp_(0.0, math.log(MAX_SCALE))
        scale = self.log_scale.exp()
        # exp(log 100) may round to more than 100; clamping that alone would stop the gradient.
        return scale + (scale.clamp(1.0, MAX_SCALE) - scale).detach()


def _logits(image_rows: Tensor, text_rows: Tensor, logit_scale: Tensor) -> Tensor:
    images, texts = _at_least_float32(image_rows), _at_least_float32(text_rows)
    return logit_scale.to(images.dtype) * (images @ texts.T)


def _same_but_not_paired(texts: Tensor) -> Tensor:
    same = texts[:, None] == texts[None, :]
    return same & ~torch.eye(len(texts), dtype=torch.bool, device=texts.device)


def _at_least_float32(rows: Tensor) -> Tensor:
    return rows if rows.dtype == torch.float64 else rows.float()
