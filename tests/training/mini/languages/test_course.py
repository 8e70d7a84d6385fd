"""The course that teaches the text tower more languages, all of it, very small."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from binocle.encoders.names import MINI_FOLDER
from tests.training.mini.small_material import drawn

pytestmark = [pytest.mark.model, pytest.mark.slow]
SAID = {"zh": "\u7b2c{}\u53ea\u72d7", "de": "Hund Nummer {}", "fr": "chien {}", "cs": "pes {}"}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    folder = tmp_path / "packed"
    folder.mkdir()
    for name, each in (
        ("flickr8k-train", 5),
        ("flickr8k-dev", 5),
        ("fashion", 1),
        ("electronics", 1),
    ):
        drawn(name, 12, each).save(folder)
    texts = {
        language: [[at, text.format(at)] for at in range(10)] for language, text in SAID.items()
    }
    captions = {"train": texts, "dev": texts}
    (folder / "captions.json").write_text(json.dumps(captions), "utf-8")
    return folder


@pytest.mark.long
def test_it_writes_a_model_in_the_same_space_that_reads_the_languages(
    packed: Path, tmp_path: Path
) -> None:
    from binocle.encoders.mini_encoder import MiniEncoder
    from training.mini.languages.course import Course, CourseRecipe
    from training.mini.recipe import Log

    out = tmp_path / "out"
    recipe = CourseRecipe(minutes=0.03, batch=8, made_up=5, vocabulary=400)
    found = Course(MINI_FOLDER, packed, recipe, Log(out)).teach(out)
    assert set(found) == {f"{one} {way}@10" for one in SAID for way in ("t2i", "i2t")}
    before, after = MiniEncoder(device="cpu"), MiniEncoder(folder=out, device="cpu")
    assert after.space == before.space
    english = ["a dog", "flickr8k-train picture 3 text 1"]
    assert (after.encode_texts(english) * before.encode_texts(english)).sum(1).min() > 0.9999
    assert "Chinese" in (out / "README.md").read_text("utf-8")


@pytest.mark.long
def test_a_model_that_reads_the_languages_keeps_the_rows_it_has_and_gets_those_it_lacks(
    packed: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    from binocle.encoders.int8_weights import WEIGHTS, unpack
    from training.mini.languages.course import Course, CourseRecipe
    from training.mini.recipe import Log

    start, known, out = tmp_path / "start", tmp_path / "known", tmp_path / "out"
    text = (MINI_FOLDER / "tokenizer.json").read_text("utf-8")
    no_dogs = text.replace('"\u72d7":', '"\u2f00":')  # neither has a dog, one has a cat
    neither = no_dogs.replace('"\u732b":', '"\u2f01":')
    assert text != no_dogs != neither
    for folder, tokenizer in ((start, neither), (known, no_dogs)):
        shutil.copytree(MINI_FOLDER, folder)
        (folder / "tokenizer.json").write_text(tokenizer, "utf-8")
    recipe = CourseRecipe(minutes=0, made_up=5, vocabulary=400, known=str(known))
    Course(start, packed, recipe, Log(out)).teach(out)

    def row(folder: Path, token: str) -> np.ndarray[Any, Any]:
        places = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
        table = unpack(load_file(folder / WEIGHTS))["text.token_embedding.weight"]
        return np.asarray(table[places[token]].numpy())

    assert np.abs(row(out, "\u732b") - row(known, "\u732b")).max() < 1e-4
    assert np.abs(row(out, "cat") - row(known, "cat")).max() < 1e-6
    dog, told = row(out, "dog"), row(out, "\u72d7")
    assert dog @ told / np.linalg.norm(dog) / np.linalg.norm(told) > 0.6
    assert np.abs(told - row(MINI_FOLDER, "\u72d7")).max() > 0.01
