"""A shirt is no T-shirt, where a collection tells the two apart."""

from pathlib import Path

import pytest

from search.keyword.query_words import parse
from search.keyword.word_matcher import WordMatcher
from tests.support.titles import record, store

SHOP = [
    "Blue T-shirt", "Red T-Shirt", "Grey T Shirts", "Blue tshirt", "White shirt", "Red Shirt",
    "Black shirts", "Denim Shirt", "E-book of birds, an illustrated book", "E-book, the book",
    "Book of stars", "Book of trees", "A book", "V-neck jumper", "V-neck top", "Long neck bottle",
]  # fmt: skip
T_SHIRTS = {"Blue T-shirt", "Red T-Shirt", "Grey T Shirts"}
SHIRTS = {"White shirt", "Red Shirt", "Black shirts", "Denim Shirt"}


def found(path: Path, titles: list[str], text: str, place: int = -1) -> set[str]:
    """Return the titles with a word of a text, by default its last."""
    database = store(path, [record(str(n), title) for n, title in enumerate(titles)])
    with database.reading() as session:
        word = WordMatcher().at(session).match(session, parse(text)).words[place]
    database.close()
    return {titles[one - 1] for one in word.record_ids.tolist()}


@pytest.mark.parametrize("text", ["shirt ", "red shirts ", "Shirt "])
def test_word_is_not_found_at_the_end_of_a_compound(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, SHOP, text) == SHIRTS


@pytest.mark.parametrize("text", ["t-shirt ", "t shirt ", "T-Shirts ", "blue t shirts "])
def test_compound_that_was_typed_is_found_however_it_is_written(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, SHOP, text) >= T_SHIRTS


def test_compound_that_says_the_word_besides_is_such_a_thing(tmp_path: Path) -> None:
    assert found(tmp_path, SHOP, "book ") == {one for one in SHOP if "book" in one.lower()}


def test_word_that_hardly_stands_alone_finds_its_compounds(tmp_path: Path) -> None:
    assert found(tmp_path, SHOP, "neck ") == {one for one in SHOP if "neck" in one}


def test_unfinished_word_may_be_the_compound_and_is_demanded_only_as_itself(tmp_path: Path) -> None:
    database = store(tmp_path, [record(str(n), title) for n, title in enumerate(SHOP)])
    with database.reading() as session:
        words = WordMatcher().at(session).match(session, parse("shirt")).words
    database.close()
    sureness = words[0].sureness
    assert sureness is not None
    sure = {SHOP[one - 1] for one in words[0].record_ids[sureness >= 0.9].tolist()}
    assert sure == SHIRTS
