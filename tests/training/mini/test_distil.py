"""The recipe of the embedded model, all of it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.mini.small_material import drawn, operations
from training.mini.teacher import save_operations

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.mark.long
def test_the_recipe_trains_and_writes_a_model_that_loads_both_ways(tmp_path: Path) -> None:
    from binocle.encoders.mini_encoder import MiniEncoder
    from binocle.encoders.openclip import OpenClipEncoder
    from tests.training.mini.sentence_encoder import write_sentence_encoder
    from training.mini.distil import Distillation
    from training.mini.recipe import MiniRecipe

    packed, out = tmp_path / "packed", tmp_path / "out"
    packed.mkdir()
    for made in (
        drawn("flickr8k-train", 16, 5),
        drawn("flickr8k-dev", 12, 5),
        drawn("fashion", 60, 1, "Bags - Bags - Handbags - Colour{} - Casual"),
        drawn("electronics", 12, 1),
        drawn("caltech101", 12, 0, "thing{}"),
    ):
        made.save(packed)
    # a coarse teacher: the last layers are wide, and 112 x 112 places would take minutes
    save_operations(operations(stride=32), packed / "teacher.npz")
    write_sentence_encoder(packed)
    recipe = MiniRecipe(
        steps=3, side=64, pictures=32, crops=16, texts=16, made_up=100, pairs_from=0.2
    )
    distillation = Distillation(packed, out, recipe, torch.device("cpu"))
    distillation.begin()
    distillation.train()
    log = [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]
    assert log[-1]["step"] == 3
    assert {"t2i@10", "title@10", "caltech zero-shot", "paraphrases"} <= set(log[-1]["averaged"])
    assert all(np.isfinite(list(log[-1]["losses"].values())))
    assert log[-1]["losses"]["contrast"] > 0
    assert "3 steps" in (out / "README.md").read_text("utf-8")
    ours = MiniEncoder(folder=out, device="cpu", precision="float32")
    theirs = OpenClipEncoder(str(out), device="cpu", precision="float32")
    seen = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
    assert (ours.encode_images(seen) * theirs.encode_images(seen)).sum(1).min() > 0.99
    texts = ["a dog", "fashion picture 3"]  # 8-bit rows beside float16 ones
    assert (ours.encode_texts(texts) * theirs.encode_texts(texts)).sum(1).min() > 0.99
