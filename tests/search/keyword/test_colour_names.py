"""A colour that is part of a name is not what is asked for beside other words."""

from collections.abc import Iterator

import pytest

from binocle.catalog.sqlite import SqliteCatalog
from search.keyword.query_words import parse
from search.keyword.word_matcher import WordMatcher
from tests.support.titles import record, store

TITLES = [
    "Red Tape Men Brown Shoes", "Red Tape Men Black Shoes", "Red Tape Men Khaki Sandals",
    "Red Tape Men Red Shoes", "Nike Men Red Shoes", "Red Canvas Shoes", "Nike Canvas Blue Shoes",
    "Puma Canvas Black Bag", "Red Onion", "Red Onion Large", "Red Onion Bag",
    "Blue Leaf Shoes", "Blue Leaf Tea", "Blue Leaf Bag", "Insulation Pipe",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCatalog]:
    path = tmp_path_factory.mktemp("shop")
    database = store(path, [record(str(n), title) for n, title in enumerate(TITLES)])
    yield database
    database.close()


def found(database: SqliteCatalog, text: str) -> set[str]:
    """Return the titles with the first word of a text."""
    with database.reading() as session:
        word = WordMatcher().at(session).match(session, parse(text)).words[0]
    return {TITLES[one - 1] for one in word.record_ids.tolist()}


_RED = {
    "Red Tape Men Red Shoes", "Nike Men Red Shoes", "Red Canvas Shoes",
    "Red Onion", "Red Onion Large", "Red Onion Bag",
}  # fmt: skip


def test_a_name_with_a_colour_is_not_of_the_colour(shop: SqliteCatalog) -> None:
    assert found(shop, "red shoes ") == _RED


@pytest.mark.parametrize("query", ["red tape shoes ", "red tape ", "red "])
def test_the_name_itself_and_the_word_alone_find_it(shop: SqliteCatalog, query: str) -> None:
    assert found(shop, query) == {one for one in TITLES if "Red" in one}


def test_a_name_that_says_no_other_colour_may_be_the_colour(shop: SqliteCatalog) -> None:
    assert found(shop, "blue bag ") == {one for one in TITLES if "Blue" in one}
