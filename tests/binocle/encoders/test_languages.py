"""Which languages the embedded model reads, one by one."""

import pytest
from tokenizers import Tokenizer

from binocle.encoders.languages import READ, is_foreign, may_read
from binocle.encoders.mini_encoder import MiniEncoder
from binocle.encoders.names import MINI, MINI_FOLDER
from binocle.encoders.registry import open_encoder

pytestmark = pytest.mark.model
READ_TEXTS = {
    "en": ("red dress", "a man playing guitar", "xqzzy", "los angeles", "OnePlus Bullets Z2"),
    "zh": ("红裙", "一只狗在草地上", "紅色連衣裙", "nike 运动鞋", "狗"),
    "de": ("rotes Kleid", "ein Hund läuft am Strand", "bärtiger Mann", "Straße"),
    "fr": ("un chien court sur la plage", "robe rouge", "garçon"),
    "cs": ("pes běží po pláži", "dvě děti", "muž na kole"),
}
FOREIGN_TEXTS = {
    "es": ("el perro corre en la playa", "vestido rojo"),
    "it": ("un cane che corre sulla spiaggia", "vestito rosso"),
    "pt": ("uma menina na praia", "vestido vermelho"),
    "nl": ("een hond rent op het strand", "rode jurk"),
    "sv": ("en flicka som springer på stranden", "svart katt"),
    "da": ("en dreng og en pige på stranden",),
    "pl": ("pies biegnie po plaży", "czerwona sukienka"),
    "tr": ("kırmızı elbise", "bir köpek koşuyor"),
    "fi": ("koira juoksee rannalla", "punainen mekko"),
    "hu": ("piros ruha", "egy kutya fut"),
    "ro": ("rochie roșie",),
    "id": ("anjing berlari di pantai",),
    "vi": ("váy đỏ", "người đàn ông", "con chó trên bãi cỏ"),
    "ru": ("красное платье", "собака nike"),
    "uk": ("червона сукня",),
    "el": ("κόκκινο φόρεμα",),
    "ja": ("ワンピース", "赤いドレス", "犬がいる"),
    "ko": ("빨간 원피스",),
    "ar": ("فستان أحمر",),
    "he": ("שמלה אדומה",),
    "hi": ("लाल पोशाक",),
    "th": ("ชุดสีแดง",),
    "none": ("2022", "!?", "", "🐶"),
}


@pytest.fixture(scope="module")
def mini() -> MiniEncoder:
    encoder = open_encoder(MINI, device="cpu")
    assert isinstance(encoder, MiniEncoder)
    return encoder


@pytest.mark.parametrize("language", READ)
def test_it_reads(mini: MiniEncoder, language: str) -> None:
    for text in READ_TEXTS[language]:
        assert mini.can_read(text), text


@pytest.mark.parametrize("language", FOREIGN_TEXTS)
def test_it_says_that_it_cannot_read(mini: MiniEncoder, language: str) -> None:
    for text in FOREIGN_TEXTS[language]:
        assert not mini.can_read(text), text


@pytest.mark.parametrize("text", ["el nino", "vestido"])
def test_names_in_another_language_are_foreign_only_where_they_are_most_of_the_text(
    text: str,
) -> None:
    assert is_foreign(text)
    assert not is_foreign(f"a photo of {text} by night")
    assert may_read(f"a photo of {text} by night", lambda _: True)


@pytest.mark.parametrize(
    "text", ["pies", "rent", "care", "rode", "Rosie", "cane", "phở noodle soup", "a bowl of phở"]
)
def test_english_words_that_other_languages_have_too_are_read(text: str) -> None:
    assert not is_foreign(text)


def test_unknown_vocabulary_is_not_read() -> None:
    assert not may_read("a dog", lambda _: False)


def test_chinese_words_are_cut_whole_and_an_unknown_character_costs_only_itself() -> None:
    tokenizer = Tokenizer.from_file(str(MINI_FOLDER / "tokenizer.json"))
    assert tokenizer.encode("红色连衣裙").tokens[1:-1] == ["红色", "##连衣裙"]
    assert tokenizer.encode("狗龘狗").tokens[1:-1] == ["狗", "狗"]


def test_traditional_characters_and_simplified_ones_are_the_same_words(mini: MiniEncoder) -> None:
    simplified, traditional = mini.encode_texts(["红色连衣裙", "紅色連衣裙"])
    assert float(simplified @ traditional) > 0.999


def test_the_same_thing_in_three_languages_is_near(mini: MiniEncoder) -> None:
    english = mini.encode_texts(["a dog runs on the beach", "a red dress", "two children in snow"])
    for said in (
        ["一只狗在海滩上跑", "红色连衣裙", "雪地里的两个孩子"],
        ["ein Hund rennt am Strand", "ein rotes Kleid", "zwei Kinder im Schnee"],
    ):
        agree = english @ mini.encode_texts(said).T
        assert (agree.argmax(1) == range(3)).all()
        assert (agree.argmax(0) == range(3)).all()
