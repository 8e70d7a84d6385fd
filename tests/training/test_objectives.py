"""Losses of batches: their gradients in chunks, what is not contrasted, and the bias."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.training import batches, opened, pictures
from training.batches import Batches
from training.objectives import Objective
from training.recipe import Recipe

pytestmark = pytest.mark.model


@pytest.mark.parametrize("loss", ["infonce", "sigmoid"])
def test_chunks_give_a_real_model_the_gradient_of_the_whole_batch(
    convolutional: Path, loss: Any
) -> None:
    trainee = opened(convolutional)
    recipe = Recipe(batch=24, loss=loss, keep=0.3, teacher_weight=0.4)
    objective = Objective(
        trainee, recipe, start=opened(convolutional), teacher=opened(convolutional)
    )
    with torch.no_grad():  # away from the start, so that every part has a gradient
        for parameter in trainee.model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    trainee.set_training()
    batch = batches(trainee, recipe).at(0)
    found = []
    for chunk in (24, 7):
        trainee.model.zero_grad()
        value = objective.backward(batch, chunk)
        gradients = {
            name: one.grad.clone()
            for name, one in trainee.model.named_parameters()
            if one.grad is not None
        }
        found.append((value, gradients))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    assert "logit_scale" in found[0][1]
    for name, whole in found[0][1].items():
        nearest = torch.nn.functional.cosine_similarity(
            whole.flatten(), found[1][1][name].flatten(), dim=0
        )
        assert float(nearest) > 0.999, name


def test_pairs_with_the_same_text_are_not_contrasted(small_model: Path) -> None:
    trainee = opened(small_model)
    made = pictures([["a dog"]] * 12 + [["A  dog"]] * 12)
    same = Batches(
        made, range(24), Recipe(batch=24), spec=trainee.image_spec, tokenize=trainee.tokenize
    )
    loss = Objective(trainee, Recipe()).backward(same.at(0), 24)
    assert loss == pytest.approx(0.0, abs=1e-6)
    assert Objective(trainee, Recipe()).backward(batches(trainee, Recipe()).at(0), 24) > 1.0


def test_a_new_bias_expects_as_many_matches_as_there_are(small_model: Path) -> None:
    trainee = opened(small_model)
    objective = Objective(trainee, Recipe(loss="sigmoid"))
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 32)).astype(np.float32) + 2.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    objective.fit_bias(rows, rows, batch=64)
    assert objective.bias is not None
    scale = float(trainee.model.get_parameter("logit_scale").exp().detach())
    logit = scale * float(np.mean(rows @ rows.T)) + float(objective.bias.detach())
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(1 / 64, rel=1e-3)
