"""The losses against the formulas written down by hand in float64."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from training.losses.contrastive import (
    BoundedLogitScale,
    feature_distillation,
    sigmoid_loss,
    similarity_distillation,
    symmetric_infonce,
)

pytestmark = pytest.mark.model


def unit(n: int, d: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(n, d, generator=generator, dtype=dtype), dim=1)


def scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    logarithms: np.ndarray = np.log(exponentials / exponentials.sum(axis=1, keepdims=True))
    return logarithms


def test_infonce_is_the_mean_of_both_cross_entropies() -> None:
    images, texts = unit(7, 5, 1), unit(7, 5, 2)
    logits = 13.0 * images.numpy() @ texts.numpy().T
    by_hand = -(np.diag(log_softmax(logits)).mean() + np.diag(log_softmax(logits.T)).mean()) / 2
    assert float(symmetric_infonce(images, texts, scalar(13.0))) == pytest.approx(by_hand, 1e-12)


def test_infonce_of_rows_that_say_nothing_is_the_logarithm_of_the_batch() -> None:
    same = torch.ones(8, 4) / 2
    assert float(symmetric_infonce(same, same, torch.tensor(5.0))) == pytest.approx(np.log(8))


def test_identical_texts_are_nobody_s_negatives() -> None:
    images, texts = unit(5, 4, 3), unit(5, 4, 4)
    texts[3] = texts[1]
    ids = torch.tensor([0, 1, 2, 1, 4])
    logits = 9.0 * images.numpy() @ texts.numpy().T
    total = 0.0
    for matrix in (logits, logits.T):
        for row in range(5):
            others = [one for one in range(5) if one == row or ids[one] != ids[row]]
            total -= matrix[row, row] - np.log(np.exp(matrix[row, others]).sum())
    assert float(symmetric_infonce(images, texts, scalar(9.0), texts=ids)) == pytest.approx(
        total / 10, 1e-12
    )
    signs = 2 * np.eye(5) - 1
    pairwise = np.log1p(np.exp(-signs * (logits - 2.0)))
    pairwise[1, 3] = pairwise[3, 1] = 0.0
    value = sigmoid_loss(images, texts, scalar(9.0), scalar(-2.0), texts=ids)
    assert float(value) == pytest.approx(pairwise.sum() / 5, 1e-12)


def test_sigmoid_loss_is_a_sum_of_logistic_losses_over_all_pairs() -> None:
    images, texts = unit(6, 5, 5), unit(6, 5, 6)
    by_hand = 0.0
    for row in range(6):
        for column in range(6):
            sign = 1.0 if row == column else -1.0
            logit = 10.0 * float(images[row] @ texts[column]) - 10.0
            by_hand += np.log1p(np.exp(-sign * logit)) / 6
    value = sigmoid_loss(images, texts, scalar(10.0), scalar(-10.0))
    assert float(value) == pytest.approx(by_hand, 1e-12)


def test_feature_distillation_is_one_minus_the_cosine_whatever_the_lengths() -> None:
    student, teacher = 3.0 * unit(6, 4, 7), 0.2 * unit(6, 4, 8)
    cosines = [
        float(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))
        for a, b in zip(student.numpy(), teacher.numpy(), strict=True)
    ]
    assert float(feature_distillation(student, teacher)) == pytest.approx(1 - np.mean(cosines))
    assert float(feature_distillation(student, 5 * student)) == pytest.approx(0, abs=1e-9)


def test_similarity_distillation_is_the_divergence_of_the_student_from_the_teacher() -> None:
    student, teacher = 4.0 * unit(5, 6, 9), 7.0 * unit(5, 6, 10)
    mine, theirs = log_softmax(student.numpy()), log_softmax(teacher.numpy())
    by_hand = (np.exp(theirs) * (theirs - mine)).sum(axis=1).mean()
    assert float(similarity_distillation(student, teacher)) == pytest.approx(by_hand, 1e-10)
    assert float(similarity_distillation(teacher, teacher)) == pytest.approx(0, abs=1e-12)


def test_gradients_are_those_of_finite_differences() -> None:
    images, texts = unit(4, 3, 11).requires_grad_(), unit(4, 3, 12).requires_grad_()
    scale, bias = scalar(6.0).requires_grad_(), scalar(-3.0).requires_grad_()
    ids = torch.tensor([0, 1, 0, 3])
    assert torch.autograd.gradcheck(
        lambda a, b, c: symmetric_infonce(a, b, c, texts=ids), (images, texts, scale)
    )
    assert torch.autograd.gradcheck(
        lambda a, b, c, d: sigmoid_loss(a, b, c, d, texts=ids), (images, texts, scale, bias)
    )
    assert torch.autograd.gradcheck(lambda a: feature_distillation(a, texts), (images,))
    assert torch.autograd.gradcheck(lambda a: similarity_distillation(a, texts), (images,))


def test_a_teacher_gets_no_gradient() -> None:
    student, teacher = unit(4, 3, 1).requires_grad_(), unit(4, 3, 2).requires_grad_()
    loss = feature_distillation(student, teacher) + similarity_distillation(student, teacher)
    torch.autograd.backward(loss)
    assert student.grad is not None
    assert teacher.grad is None


def test_half_precision_rows_are_contrasted_in_single_precision() -> None:
    images, texts = unit(64, 16, 1, torch.float32), unit(64, 16, 2, torch.float32)
    wide = symmetric_infonce(
        images.bfloat16().float(), texts.bfloat16().float(), torch.tensor(50.0)
    )
    half = symmetric_infonce(images.bfloat16(), texts.bfloat16(), torch.tensor(50.0))
    assert float(half) == float(wide)


@pytest.mark.parametrize(("log_scale", "bound"), [(-3.0, 1.0), (20.0, 100.0)])
def test_scale_stays_within_its_bounds_and_can_come_back(log_scale: float, bound: float) -> None:
    scale = BoundedLogitScale()
    assert float(scale().detach()) == pytest.approx(1 / 0.07)
    with torch.no_grad():
        scale.log_scale.fill_(log_scale)
    value = scale()
    assert 1.0 <= float(value.detach()) <= 100.0
    assert float(value.detach()) == pytest.approx(bound, 1e-5)
    value.backward()
    assert scale.log_scale.grad is not None
    assert float(scale.log_scale.grad) == pytest.approx(bound, 1e-4)


def test_scale_refuses_a_start_outside() -> None:
    with pytest.raises(ValueError, match="between 1 and 100"):
        BoundedLogitScale(200.0)
