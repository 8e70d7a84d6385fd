"""Misspelt words are read as words the model knows; what may be right is left alone."""

import pytest

from binocle.encoders.names import MINI
from binocle.encoders.registry import open_encoder
from search.spelling.near_words import NearWords
from search.spelling.spell_correction import Corrector, FindNear

KNOWN = (
    "the", "with", "dog", "woman", "girl", "shirt", "riding", "bicycle", "bike", "skateboard",
    "green", "been", "beach", "snow", "yellow", "yell", "cam", "thei", "lake", "at", "in",
)  # fmt: skip


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector(KNOWN)


def nothing(_words: list[str]) -> set[str]:
    return set()


@pytest.mark.parametrize(
    ("typed", "corrected"),
    [
        ("dgo", "dog"),  # neighbours exchanged, also in a short word
        ("a womn ridng", "a woman riding"),  # a letter left out
        ("girll", "girl"),  # one too many
        ("shjrt", "shirt"),  # another one
        ("bycicle", "bicycle"),  # the same letters in another order
        ("skatebaord skeateborad", "skateboard skateboard"),  # two edits of a long word
        ("yellw", "yellow"),  # and not "yell": letters are left out more often than added
        ("Gilr with dgo.", "Girl with dog."),
        ("Yellw Shjrt", "Yellow Shirt"),
        ("A DGO, A GILR", "A DOG, A GIRL"),
        ("teh dog's baech, teh snwo!", "the dog's beach, the snow!"),
    ],
)
def test_misspelt_words_are_read_as_known_ones(
    corrector: Corrector, typed: str, corrected: str
) -> None:
    assert corrector.corrected(typed, nothing) == corrected


@pytest.mark.parametrize(
    "right",
    [
        "a woman riding a bicycle",
        "graduation",  # English, though the model does not know it
        "beech",
        "came thin",
        "cam thei",  # the model's own pieces
        '"dgo" “snwo”',  # in quotes
        "x-dgo dgo2 dgo's wh-1000xm4 dgo@lake.org /dgo/snwo dgo.png",  # names and numbers
        "dg og",  # too short to tell
        "a dog with Gilr and Dgo",  # names
        "qwxz flurb zorblat",
        "红裙 сабака Hündin",
        "frau mit hunden am strande, teh",  # another language: few words are near a known one
        "",
    ],
)
def test_what_may_be_right_is_left_alone(corrector: Corrector, right: str) -> None:
    assert corrector.corrected(right, nothing) == right


def test_what_is_stored_is_right(corrector: Corrector) -> None:
    asked: list[list[str]] = []

    def stored(words: list[str]) -> set[str]:
        asked.append(words)
        return {"dgo"}

    assert corrector.corrected("Dgo in the snwo", stored) == "Dgo in the snow"
    assert asked == [["dgo", "snwo"]]


def near_of(*stored: str) -> FindNear:
    words = NearWords(stored)
    return lambda word: {
        distance: [near for near, own in words.within(word, 2) if own == distance]
        for distance in (1, 2)
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("red sandles", "red sandals"),  # the model knows handles, the shop has sandals
        ("earfones", "earphones"),
        ("fone cover", "phone cover"),
        ("jens", "jeans"),  # a piece of the model's
        ("jens for men", "jeans for men"),
        ("gril", "girl"),  # and not grills, which the shop has
        ("sandals jens handles", "sandals jens handles".replace("jens", "jeans")),
    ],
)
def test_what_the_collection_has_decides(typed: str, meant: str) -> None:
    known = Corrector(("girl", "red", "handles", "jens", "cover", "phones"))
    near = near_of("sandals", "jeans", "earphones", "phone", "grills", "hand")
    assert known.corrected(typed, nothing, near) == meant


@pytest.mark.parametrize("text", ["ein hund läuft", "hund", "der hund hat einen hut", "hund jens"])
def test_words_of_another_language_are_not_taken_for_stored_ones(text: str) -> None:
    known = Corrector(("hund", "jens", "red"))
    assert known.corrected(text, nothing, near_of("hand", "jeans")) == text


@pytest.mark.parametrize("often", ["lenova", "lenovo"])
def test_of_stored_words_as_near_the_one_that_more_texts_have_is_meant(
    corrector: Corrector, often: str
) -> None:
    def near(_word: str) -> dict[int, list[str]]:
        return {1: ["lenova", "lenovo"]}

    read = corrector.corrected("lnovo", nothing, near, lambda word: 40 if word == often else 1)
    assert read == often


def test_words_that_are_no_english_are_never_put_in() -> None:
    assert Corrector(("womann", "woman")).corrected("womanx", nothing) == "woman"
    assert Corrector(("womann",)).corrected("womanx", nothing) == "womanx"


@pytest.mark.model
def test_embedded_model_knows_whole_words() -> None:
    words = open_encoder(MINI, device="cpu").vocabulary
    assert {"dog", "bicycle", "woman", "shirt", "purple"} < set(words)
    assert words.index("dog") < words.index("bicycle")
    assert not any(word.startswith("#") or not word.isalpha() for word in words)
