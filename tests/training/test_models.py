"""Models as they are trained: norms, frozen parts, chunks, what is written."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from binocle.errors import ModelError
from binocle.types import ImageSpec
from tests.support.training import CONFIG, batches, opened, pictures, write_folder
from training.batches import Batches
from training.objectives import Objective
from training.recipe import Recipe

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def convolutional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder whose image tower is timm's, with batch norms."""
    import open_clip

    vision = {
        "image_size": 32, "timm_model_name": "resnet10t", "timm_model_pretrained": False,
        "timm_pool": "avg", "timm_proj": "linear",
    }  # fmt: skip
    config: dict[str, Any] = copy.deepcopy(CONFIG)
    config["model_cfg"]["vision_cfg"] = vision
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = open_clip.CLIP(**config["model_cfg"])
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_(std=0.1)
    return write_folder(tmp_path_factory.mktemp("models") / "convolutional", model, config)


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


def test_norms_over_the_batch_keep_their_statistics(convolutional: Path) -> None:
    trainee = opened(convolutional)
    before = {name: one.clone() for name, one in trainee.model.named_buffers()}
    trainee.set_training()
    recipe = Recipe(batch=24)
    Objective(trainee, recipe).backward(batches(trainee, recipe).at(0), 24)
    assert before
    assert trainee.model.training
    for name, buffer in trainee.model.named_buffers():
        assert torch.equal(buffer, before[name]), name


def test_a_timm_tower_is_frozen_but_for_its_last_groups(convolutional: Path) -> None:
    trainee = opened(convolutional)
    trainee.freeze("image", 1)
    trained = {name for name, one in trainee.model.named_parameters() if one.requires_grad}
    images = {name for name in trained if name.startswith("visual.")}
    assert any("trunk.layer4" in name for name in images)
    assert not any("trunk.layer1" in name or "trunk.conv1" in name for name in images)
    assert any(name.startswith("transformer.") for name in trained)


def test_a_locked_tower_neither_learns_nor_drops_out(small_model: Path) -> None:
    trainee = opened(small_model)
    trainee.freeze("image", 0)
    trainee.set_training()
    visual: Any = trainee.model.visual
    assert not visual.training
    assert not any(one.requires_grad for one in visual.parameters())
    assert trainee.model.get_parameter("logit_scale").requires_grad


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


def test_a_tower_that_cannot_be_frozen_in_part_is_refused(tmp_path: Path) -> None:
    import open_clip

    config: dict[str, Any] = copy.deepcopy(CONFIG)
    config["model_cfg"]["vision_cfg"] = {
        "image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None,
        "head_width": 8,
    }  # fmt: skip
    model = open_clip.CLIP(**config["model_cfg"])
    trainee = opened(write_folder(tmp_path / "resnet", model, config))
    with pytest.raises(ModelError, match=r"cannot freeze the image tower .* in part"):
        trainee.freeze("image", 1)


def test_tokenizer_files_go_along(small_model: Path, tmp_path: Path) -> None:
    import shutil

    source = shutil.copytree(small_model, tmp_path / "source")
    (source / "tokenizer_config.json").write_text("{}")
    (source / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "out").mkdir()
    trainee = opened(source)
    trainee.write(tmp_path / "out")
    assert (tmp_path / "out" / "tokenizer_config.json").read_text() == "{}"
    assert not (tmp_path / "out" / "README.md").exists()
    trainee.check_written(tmp_path / "out", np.zeros((1, 32, 32, 3), np.uint8), ["a"])
    assert trainee.image_spec == ImageSpec(32, 32)
