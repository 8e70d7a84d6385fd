"""What one batch is judged by: the contrast, what to keep, what a teacher says."""

import math
from typing import TypeAlias, cast

import numpy as np
import torch
from torch import Tensor, nn

from binocle.types import Float32Array
from training.batches import Batch
from training.losses import gradient_cache
from training.losses.contrastive import (
    BoundedLogitScale,
    feature_distillation,
    sigmoid_loss,
    similarity_distillation,
    symmetric_infonce,
)
from training.models import Trainee
from training.recipe import Recipe

_Rows: TypeAlias = tuple[Tensor, Tensor]  # of pictures and of their texts


class Objective(nn.Module):
    """Computes a batch's loss with its gradient; owns the temperature and the bias.

    With weights ``k`` for keeping and ``t`` for the teacher the loss is
    ``(1 - t) * contrast + t * matching the teacher + k * distance from the start``.
    """

    def __init__(
        self,
        trainee: Trainee,
        recipe: Recipe,
        *,
        start: Trainee | None = None,
        teacher: Trainee | None = None,
    ) -> None:
        """Set up.

        Args:
            trainee: What learns; its own temperature is trained on.
            recipe: Loss and weights.
            start: The model it began as, needed to keep near it.
            teacher: A model whose similarities to match.
        """
        super().__init__()
        self._trainees = (trainee, start, teacher)  # in a tuple: not to be registered as ours
        self._recipe = recipe
        self.scale = BoundedLogitScale()
        self.scale.log_scale = cast(nn.Parameter, trainee.model.logit_scale)
        self.bias: nn.Parameter | None = None
        if recipe.loss == "sigmoid":
            own = getattr(trainee.model, "logit_bias", None)
            self.bias = (
                own
                if isinstance(own, nn.Parameter)
                else nn.Parameter(torch.tensor(-10.0, device=trainee.device))
            )

    def fit_bias(self, image_rows: Float32Array, text_rows: Float32Array, batch: int) -> None:
        """Set a new bias so that pairs are believed to match about as often as they do.

        A model trained with softmax has no bias, and -10 may be far from what suits its
        temperature; the learning rate of fine-tuning would not get it there.

        Args:
            image_rows: (n, d) of any pictures.
            text_rows: (m, d) of any texts.
            batch: Pairs in a batch.
        """
        own = getattr(self._trainees[0].model, "logit_bias", None)
        if self.bias is not None and not isinstance(own, nn.Parameter):
            mean = float(np.mean(image_rows @ text_rows.T))
            value = -math.log(max(batch - 1, 1)) - float(self.scale().detach()) * mean
            with torch.no_grad():
                self.bias.fill_(value)

    def backward(self, batch: Batch, chunk: int) -> float:
        """Compute the loss and add its gradient to the weights.

        Args:
            batch: The pairs.
            chunk: How many are embedded at once.

        Returns:
            The loss.
        """
        trainee = self._trainees[0]
        pixels = batch.cut(trainee.image_spec, trainee.device)
        targets = self._targets(batch, pixels, chunk)
        text_ids = batch.text_ids.to(trainee.device)
        value = gradient_cache.backward(
            (
                lambda part: trainee.image_rows(pixels[part]),
                lambda part: trainee.text_rows(batch.tokens[part]),
            ),
            len(batch),
            lambda images, texts: self._loss(images, texts, text_ids, targets),
            chunk=chunk,
        )
        return float(value)

    def _loss(
        self, images: Tensor, texts: Tensor, text_ids: Tensor, targets: tuple[_Rows | None, ...]
    ) -> Tensor:
        start_rows, teacher_rows = targets
        scale = self.scale()
        if self.bias is None:
            loss = symmetric_infonce(images, texts, scale, texts=text_ids)
        else:
            loss = sigmoid_loss(images, texts, scale, self.bias, texts=text_ids)
        if teacher_rows is not None:
            teacher = self._trainees[2]
            assert teacher is not None
            teacher_scale = cast(Tensor, teacher.model.logit_scale).exp()
            wanted = teacher_scale * teacher_rows[0] @ teacher_rows[1].T
            logits = scale * images @ texts.T
            matching = (
                similarity_distillation(logits, wanted)
                + similarity_distillation(logits.T, wanted.T)
            ) / 2
            share = self._recipe.teacher_weight
            loss = (1 - share) * loss + share * matching
        if start_rows is not None:
            moved = (
                feature_distillation(images, start_rows[0])
                + feature_distillation(texts, start_rows[1])
            ) / 2
            loss = loss + self._recipe.keep * moved
        return loss

    @torch.no_grad()
    def _targets(self, batch: Batch, pixels: Tensor, chunk: int) -> tuple[_Rows | None, ...]:
        """Return the start's rows and the teacher's, of the same crops and texts."""
        _, start, teacher = self._trainees
        kept = taught = None
        if start is not None:
            kept = _rows_of(start, pixels, batch.tokens, chunk)
        if teacher is not None:
            seen = batch.cut(teacher.image_spec, teacher.device)
            taught = _rows_of(teacher, seen, teacher.tokenize(batch.texts), chunk)
        return kept, taught


def _rows_of(model: Trainee, pixels: Tensor, tokens: Tensor, chunk: int) -> _Rows:
    images = torch.cat([model.image_rows(part) for part in torch.split(pixels, chunk)])
    return images, torch.cat([model.text_rows(part) for part in torch.split(tokens, chunk)])
