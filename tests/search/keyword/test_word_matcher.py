"""What the records have of a query, in any of the ways its words may be written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from binocle.catalog.sqlite import SqliteCatalog
from search.keyword.query_matches import QueryMatches
from search.keyword.query_words import parse
from search.keyword.word_matcher import WordMatcher
from tests.support.titles import record, store

TITLES = ["smartwatch strap", "smart watch", "red shirts", "shirt", "watch of steel"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteCatalog]:
    path = tmp_path_factory.mktemp("shop")
    database = store(path, [record(str(n), title) for n, title in enumerate(TITLES)])
    yield database
    database.close()


def match(database: SqliteCatalog, text: str) -> QueryMatches:
    with database.reading() as session:
        return WordMatcher().at(session).match(session, parse(text))


def titles(record_ids: list[int]) -> set[str]:
    return {TITLES[one - 1] for one in record_ids}


def test_neighbouring_words_are_found_joined_too(shop: SqliteCatalog) -> None:
    words = match(shop, "smart watch ").words
    for word in words:
        assert titles(word.strict_ids.tolist()) >= {"smartwatch strap", "smart watch"}


def test_plurals_count_a_little_less_and_not_strictly(shop: SqliteCatalog) -> None:
    (word,) = match(shop, "shirt ").words
    assert titles(word.record_ids.tolist()) == {"red shirts", "shirt"}
    assert titles(word.strict_ids.tolist()) == {"shirt"}


def test_misspelt_word_is_one_that_nobody_has_as_it_was_typed(shop: SqliteCatalog) -> None:
    (word,) = match(shop, "shrit ").words
    assert "shirt" in titles(word.record_ids.tolist())
    assert word.typed_frequency == 0
    assert word.sureness is not None


def test_word_said_again_counts_once(shop: SqliteCatalog) -> None:
    assert len(match(shop, "shirt shirt ").words) == 1


def test_phrases_and_what_says_just_that(shop: SqliteCatalog) -> None:
    found = match(shop, '"smart watch" -strap')
    assert [titles(one.tolist()) for one in found.required] == [{"smart watch"}]
    assert [titles(one.tolist()) for one in found.excluded] == [{"smartwatch strap"}]
    assert titles(found.whole.tolist()) == titles(found.alone.tolist()) == {"smart watch"}


def test_nothing_is_read_further_where_no_record_has_any_word(shop: SqliteCatalog) -> None:
    assert match(shop, '"zeppelin" -shirt').words == ()


def test_matcher_lasts_until_the_words_change(shop: SqliteCatalog) -> None:
    with shop.reading() as session:
        matcher = WordMatcher().at(session)
        assert matcher.at(session) is matcher
        assert matcher.records == len(TITLES)


def test_what_a_cut_text_leaves_of_a_word_is_no_word(tmp_path: Path) -> None:
    said = ["case for iphone 13", "iphone 12", "cable for galaxy, iphon...", "a kevlar…", "a kevla"]
    database = store(tmp_path, [record(str(n), title) for n, title in enumerate(said)])
    with database.reading() as session:
        matcher = WordMatcher().at(session)
        cut, number = matcher.match(session, parse("iphon 13")).words
        (own,) = matcher.match(session, parse("kevlar ")).words
    assert set(cut.record_ids.tolist()) == {1, 2, 3}
    assert not len(cut.strict_ids)
    assert own.strict_ids.tolist() == [4]
    assert number.strict_ids.tolist() == [1]
    database.close()


def test_words_that_sound_alike_are_found(tmp_path: Path) -> None:
    database = store(tmp_path, [record("a", "women sandals"), record("b", "door handles")])
    with database.reading() as session:
        (word,) = WordMatcher().at(session).match(session, parse("sandles ")).words
    assert word.record_ids.tolist() == [1]  # handles are one letter nearer
    database.close()


def test_word_that_titles_begin_with_opens_them(tmp_path: Path) -> None:
    said = ["Biba red kurta", "Biba blue kurta", "Kurta by Biba", "red scarf", "gift box, red"]
    shop = store(tmp_path, [record(str(n), title) for n, title in enumerate(said)])
    found = match(shop, "biba kurta red gift ").words
    assert [one.is_opening for one in found] == [True, False, False, True]
    shop.close()
