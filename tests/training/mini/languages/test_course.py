"""The course that teaches the text tower more languages, all of it, very small."""

import json
from pathlib import Path

import numpy as np
import pytest

from binocle.encoders.names import MINI_FOLDER
from tests.training.mini.small_material import drawn

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_it_writes_a_model_in_the_same_space_that_reads_the_languages(tmp_path: Path) -> None:
    from binocle.encoders.mini_encoder import MiniEncoder
    from training.mini.languages.course import Course, CourseRecipe
    from training.mini.recipe import Log

    packed, out = tmp_path / "packed", tmp_path / "out"
    packed.mkdir()
    for name, each in (
        ("flickr8k-train", 5),
        ("flickr8k-dev", 5),
        ("fashion", 1),
        ("electronics", 1),
    ):
        drawn(name, 12, each).save(packed)
    said = {"zh": "\u7b2c{}\u53ea\u72d7", "de": "Hund Nummer {}", "fr": "chien {}", "cs": "pes {}"}
    texts = {
        language: [[at, text.format(at)] for at in range(10)] for language, text in said.items()
    }
    captions = {"train": texts, "dev": texts}
    (packed / "captions.json").write_text(json.dumps(captions), "utf-8")
    recipe = CourseRecipe(minutes=0.03, batch=8, made_up=5, vocabulary=400)
    found = Course(MINI_FOLDER, packed, recipe, Log(out)).teach(out)
    assert set(found) == {f"{one} {way}@10" for one in said for way in ("t2i", "i2t")}
    before, after = MiniEncoder(device="cpu"), MiniEncoder(folder=out, device="cpu")
    assert after.space == before.space
    english = ["a dog", "flickr8k-train picture 3 text 1"]
    assert (after.encode_texts(english) * before.encode_texts(english)).sum(1).min() > 0.9999
    assert "Chinese" in (out / "README.md").read_text("utf-8")


def test_recall_counts_pictures_without_a_text_as_candidates_only() -> None:
    from training.mini.languages.course import recalls

    rows = np.eye(30, dtype=np.float32)
    owner = np.array([0, 0, 5])
    found = recalls("de", rows, rows[[0, 1, 5]] + 0.1 * rows[:3], owner)
    assert found["de i2t@10"] == 100
    assert 60 < found["de t2i@10"] <= 100
