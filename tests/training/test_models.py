"""Models as they are trained: norms, frozen parts, chunks, what is written."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from binocle.errors import ModelError
from binocle.types import ImageSpec
from tests.support.training import CONFIG, batches, opened, write_folder
from training.objectives import Objective
from training.recipe import Recipe

pytestmark = pytest.mark.model


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
