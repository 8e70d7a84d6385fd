"""What a question negates is taken out of it; what only looks like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query.natural_language import parse_first, parse_turn
from search.query.negation.negated_words import without_negated
from search.query.query import Term
from search.query.stored_words import StoredWords


@pytest.mark.parametrize(
    ("asked", "wanted", "unwanted"),
    [
        ("shirts but not red", "shirts", ["red"]),
        ("shirt without red", "shirt", ["red"]),
        ("shirts no red", "shirts", ["red"]),
        ("SHIRTS, NOT RED.", "SHIRTS", ["RED"]),
        ("shirts (not red)", "shirts", ["red"]),
        ("shirts -red", "shirts", ["red"]),
        ("-red shirts", "shirts", ["red"]),
        ('shirts -"navy blue" for men', "shirts for men", ["navy blue"]),
        ('shirts except for "navy blue" ones', "shirts", ["navy blue"]),
        ("not red shirts", "shirts", ["red"]),
        ("no red or blue shirts", "shirts", ["red", "blue"]),
        ("shirts but not red shirts", "shirts", ["red"]),
        ("anything but red", "", ["red"]),
        ("shirts in any colour but red", "shirts", ["red"]),
        ("all shirts except red ones", "shirts", ["red"]),
        ("shoes of any brand other than nike", "shoes", ["nike"]),
        ("shoes excluding nike and puma", "shoes", ["nike", "puma"]),
        ("shirts neither red nor blue", "shirts", ["red", "blue"]),
        ("shirts not red, blue or green", "shirts", ["red", "blue", "green"]),
        ("shirts without red, blue", "shirts, blue", ["red"]),
        ("shirts that aren’t red", "shirts", ["red"]),
        ("shirts which should not be red", "shirts", ["red"]),
        ("I don't want red shirts", "", ["red shirts"]),
        ("shirts but nothing in red", "shirts", ["red"]),
        ("blue shirts instead of red", "blue shirts", ["red"]),
        ("non-red shirts", "shirts", ["red"]),
        ("non leather shoes", "shoes", ["leather"]),
        ("shoes without laces for men", "shoes for men", ["laces"]),
        ("dress without sleeves but with pockets", "dress with pockets", ["sleeves"]),
        ("a man not wearing a hat", "a man", ["hat"]),
        ("beach, no people or cars, sunset", "beach, sunset", ["people", "cars"]),
        ("a dog with no collar on grass", "a dog on grass", ["collar"]),
        ("shirts no red and no blue", "shirts", ["red", "blue"]),
        ("dog without a leash running on grass", "dog running on grass", ["leash"]),
        ("man without shirt playing guitar", "man playing guitar", ["shirt"]),
        ("people not wearing helmets riding bikes", "people riding bikes", ["helmets"]),
        ("trees without leaves covered in snow", "trees covered in snow", ["leaves"]),
        ("phone without fast charging", "phone", ["fast charging"]),
        ("desk without noise cancelling pads", "desk", ["noise cancelling pads"]),
        ("man not looking at the camera", "man", ["looking at the camera"]),
        ("man not sitting on a chair in a park", "man in a park", ["sitting on a chair"]),
        ("photos not taken at night", "photos", ["night"]),
        ("beach without any people in it", "beach", ["people"]),
        ("a street with no sign of cars", "a street", ["cars"]),
        ("anything but red dresses", "dresses", ["red"]),
        ("anything but navy blue", "", ["navy blue"]),
        ("everything but the kitchen sink", "", ["kitchen sink"]),
        ("those without hats", "", ["hats"]),
        ("please, nothing in red", "", ["red"]),
        ("without people", "", ["people"]),
        ("a suit, no tie", "a suit", ["tie"]),
        ("headphone without mic (white)", "headphone (white)", ["mic"]),
        ("a man wearing no shirt rides a bike", "a man rides a bike", ["shirt"]),
        ("a dog with no tail runs in the dirt", "a dog runs in the dirt", ["tail"]),
        ("a man with no shirt is climbing", "a man is climbing", ["shirt"]),
        ("a man without a shirt on is climbing", "a man is climbing", ["shirt"]),
        ("boy in snow without a shirt on .", "boy in snow .", ["shirt"]),
        ("headset not smart watches for men", "headset for men", ["smart watches"]),
        ("not working laptop", "laptop", ["working"]),
        ("not looking at the camera", "", ["looking at the camera"]),
        ("shirts no red or no blue", "shirts", ["red", "blue"]),
        ('24"-monitor without speakers', '24 "-monitor', ["speakers"]),
    ],
)
def test_what_is_negated_is_kept_away_from(asked: str, wanted: str, unwanted: list[str]) -> None:
    assert without_negated(asked) == (wanted, tuple(unwanted))
    phrase = parse_first(asked, lambda: None)
    assert [term.text for term in phrase.terms if term.weight > 0] == [wanted] * bool(wanted)
    assert [term.text for term in phrase.terms if term.weight < 0] == unwanted


@pytest.mark.parametrize(
    "asked",
    [
        "red dress", "notebook", "nothing phone", "non-stick pan", "nonslip mat", "no. 5 perfume",
        "chanel no 5", "wrinkle free shirt", "no", "not", "shirts but not", "shirts without",
        "x-ray", "usb -c -5", '"shirts but not red"', "don't", "not only red", "all but",
        "shoes not over 60", "t-shirt - red", "wireless mouse", "forget-me-not",
        "no, red shirts", "a beach with no one on it", "no one swimming", "all but one",
        "a no parking sign", "no smoking sign on a wall", "no trespassing", "do not disturb sign",
        "a face hidden to avoid being seen", "wearing nothing except paint", "oben ohne am Strand",
        "remote model no :- AKB72",
        "Brille und -weste", "ohne sich zu unterhalten", "why not", "red or not",
        "either red or blue but not both", "isn't it lovely",
        "last but not least", "no bake cheesecake", "batteries not included", "10 minus 5",
        "free of charge", "No Time to Die poster", "never say never", "photos without me",
        "headphones with or without mic", "women with and without makeup", "to be or not to be",
        "Tasse mit oder ohne Henkel", '27"-Monitor', '"Iro"-Frisur', "a sink or no sink",
    ],
)  # fmt: skip
def test_what_is_no_negation_stays_as_it_is(asked: str) -> None:
    assert without_negated(asked) == (asked, ())


@pytest.mark.parametrize(
    ("asked", "wanted", "unwanted"),
    [
        ("Hemd ohne Kragen", "Hemd", ["Kragen"]),
        ("Hemd ohne Kragen für Herren", "Hemd für Herren", ["Kragen"]),
        ("keine roten Schuhe", "Schuhe", ["roten"]),
        ("Schuhe, keine roten", "Schuhe", ["roten"]),
        ("nicht rot", "", ["rot"]),
        ("Schuhe, die nicht rot sind", "Schuhe", ["rot"]),
        ("ein Mann, der keinen Hut trägt", "ein Mann", ["Hut"]),
        ("Hund ohne Leine läuft am Strand", "Hund läuft am Strand", ["Leine"]),
        ("Kleid ohne Ärmel, aber mit Taschen", "Kleid mit Taschen", ["Ärmel"]),
        ("Jacke ohne Kapuze oder Gürtel", "Jacke", ["Kapuze", "Gürtel"]),
        ("nicht nur rot", "nicht nur rot", []),
    ],
)
def test_german_is_read_as_well(asked: str, wanted: str, unwanted: list[str]) -> None:
    assert without_negated(asked) == (wanted, tuple(unwanted))


def test_what_the_collection_says_in_these_words_stays_as_it_is() -> None:
    said = {"no show", "without hood", "never give", "non iron"}
    for asked in ("no show socks", "hoodie without a hood", "never give up tee", "non-iron shirt"):
        assert without_negated(asked, said.__contains__) == (asked, ())
    assert without_negated("no show socks without logo", said.__contains__)[1] == ("logo",)
    stored = StoredWords(is_title="Not Your Mother's".__eq__)
    assert parse_first("Not Your Mother's", lambda: None, stored).terms[0].weight == 1


def test_price_and_negation_are_both_read_in_either_order() -> None:
    for asked in ("shirts under 500 but not red", "shirts but not red under 500"):
        phrase = parse_first(asked, lambda: "price")
        assert [(term.text, term.weight) for term in phrase.terms] == [("shirts", 1), ("red", -1)]
        assert [(one.operator, one.value) for one in phrase.amounts] == [("lt", 500)]


def test_invisible_marks_hide_no_negation() -> None:
    assert parse_first("shirts\u200b but\xa0not\u200e red\ufeff", lambda: None) == parse_first(
        "shirts but not red", lambda: None
    )


def test_negation_inside_a_wish_is_read_in_a_turn_as_well() -> None:
    assert parse_turn("blue shoes without leather").terms == (
        Term(text="blue shoes"),
        Term(text="leather", weight=-1.0),
    )


@given(st.text(alphabet="notbuwihre ,-\"'redsof", max_size=60))
def test_something_is_always_left_to_ask_for(asked: str) -> None:
    rest, unwanted = without_negated(asked)
    assert all(one.strip() for one in unwanted)
    assert rest.strip() or unwanted or not asked.strip()
