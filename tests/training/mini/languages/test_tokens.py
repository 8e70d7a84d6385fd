"""The longer tokenizer."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from training.mini.languages.captions import Captions
from training.mini.languages.tokens import LongerTokenizer, lengthen
from training.mini.tokenizer import train_tokenizer

pytestmark = pytest.mark.model
ENGLISH = ["a black dog runs on the grass", "two men sit on a bench", "a girl in a red dress"] * 4


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, LongerTokenizer]:
    folder: Path = tmp_path_factory.mktemp("tokens")
    train_tokenizer(ENGLISH, ["dog"], 300, folder)
    old = Tokenizer.from_file(str(folder / "tokenizer.json"))
    captions = {
        "zh": Captions(["两只狗在草地上。", "红色的狗，草地"] * 6, [0, 1] * 6),
        "de": Captions(["ein schwarzer Hund rennt", "zwei Männer"] * 6, [0, 1] * 6),
        "fr": Captions(["un chien noir"] * 6, [0] * 6),
        "cs": Captions(["černý pes"] * 6, [0] * 6),
    }
    return old, lengthen(old, captions, ENGLISH, 600)


def test_english_is_cut_as_before(longer: tuple[Tokenizer, LongerTokenizer]) -> None:
    old, new = longer
    for text in ENGLISH:
        assert new.tokenizer.encode(text).tokens == old.encode(text).tokens
    known = json.loads(old.to_str())["model"]["vocab"]
    for token, place in known.items():
        if not token.startswith("<"):
            assert new.tokens[place] == token
    assert new.tokens[-2:] == ["<start>", "<end>"]


def test_chinese_is_cut_into_words_which_share_their_rows(
    longer: tuple[Tokenizer, LongerTokenizer],
) -> None:
    new = longer[1]
    assert new.tokenizer.encode("红色连衣裙").tokens[1:-1] == ["红色", "##连衣裙"]
    places = {token: at for at, token in enumerate(new.tokens)}
    assert new.shared[places["##红色"]] == new.shared[places["紅色"]] == places["红色"]
    assert new.shared[places["hund"]] == places["hund"]
    assert "<unknown>" not in new.tokenizer.encode("狗龘。狗").tokens[1:2]


def test_words_of_the_lexicon_are_whole_in_german_too(
    longer: tuple[Tokenizer, LongerTokenizer],
) -> None:
    new = longer[1]
    for word in ("Heißluftballon", "Kopfhörer", "Geldbörse"):
        assert len(new.encode([word])[0]) == 1
