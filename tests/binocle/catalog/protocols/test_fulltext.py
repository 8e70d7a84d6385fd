"""What every full-text index must do: FTS5, lexemes of PostgreSQL, and a scan of every row."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from binocle.catalog import text_rows
from binocle.catalog.postgresql.catalog import PostgresCatalog
from binocle.catalog.protocols.fulltext import FullTextIndex
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.text_rows import RecordTexts
from tests.support.memory_catalog.fulltext import ScannedWords
from tests.support.memory_catalog.state import MemoryState


def fts5(folder: Path, stack: ExitStack) -> FullTextIndex:
    catalog = stack.enter_context(closing(SqliteCatalog(folder / "catalog.sqlite")))
    return stack.enter_context(catalog.writing()).words


def scanned(_folder: Path, _stack: ExitStack) -> FullTextIndex:
    return ScannedWords(MemoryState())


def lexemes(
    folder: Path, stack: ExitStack, postgres: Callable[[Path], PostgresCatalog]
) -> FullTextIndex:
    catalog = stack.enter_context(closing(postgres(folder)))
    return stack.enter_context(catalog.writing()).words


@pytest.fixture(params=[fts5, scanned, pytest.param(lexemes, marks=pytest.mark.slow)])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FullTextIndex]:
    more = [request.getfixturevalue("postgres")] if request.param is lexemes else []
    with ExitStack() as stack:
        yield request.param(tmp_path, stack, *more)


def said(number: int, *texts: str, role: str = "caption", **metadata: str) -> RecordTexts:
    own = [(position, role, text) for position, text in enumerate(texts)]
    return RecordTexts(number, f"k{number}.jpg", f"/f/k{number}.jpg", metadata, own)


def having(index: FullTextIndex, *phrase: str) -> list[int]:
    return [int(row) >> text_rows.RECORD_SHIFT for row in index.rows_with([phrase])]


def test_phrase_stands_within_one_text(index: FullTextIndex) -> None:
    index.put([said(1, "a red", "kite flies"), said(2, "a red kite")])
    assert having(index, "kite", "flies") == [1]
    assert having(index, "red", "kite") == [2]
    assert having(index, "kite") == [1, 2]
    assert having(index, "kit") == []


def test_any_of_several_phrases_is_found_once_a_row(index: FullTextIndex) -> None:
    index.put([said(1, "red kite"), said(2, "blue kite"), said(3, "balloon")])
    rows = index.rows_with([("red",), ("kite",), ("balloon",)])
    assert [int(row) >> text_rows.RECORD_SHIFT for row in rows] == [1, 2, 3]


def test_rows_say_group_position_and_length(index: FullTextIndex) -> None:
    index.put([said(5, "first of all", "second", role="title", brand="Sony")])
    (row,) = index.rows_with([("second",)]).tolist()
    assert row >> text_rows.RECORD_SHIFT == 5
    assert row >> text_rows.GROUP_SHIFT & (text_rows.GROUPS - 1) == text_rows.TITLE
    assert row >> text_rows.POSITION_SHIFT & text_rows.NO_PART == 1
    assert row & text_rows.LENGTH_MASK == 1
    (row,) = index.rows_with([("sony",)]).tolist()
    assert row >> text_rows.POSITION_SHIFT & text_rows.NO_PART == text_rows.BRAND


def test_beginnings_joined_forms_and_other_scripts_are_found(index: FullTextIndex) -> None:
    index.put([said(1, "WH-1000XM4 headphones"), said(2, "红色裙")])
    assert having(index, "wh", "1000xm4") == [1]
    assert having(index, "wh1000xm4") == [1]
    assert having(index, "红色") == [2]
    rows = index.rows_with_beginning("headph").tolist()
    assert [row >> text_rows.RECORD_SHIFT for row in rows] == [1]
    assert index.rows_with_beginning("xm").tolist() == []


def test_rows_are_found_by_the_word_they_open_with(index: FullTextIndex) -> None:
    index.put([said(1, "WH-1000XM4 by Sony"), said(2, "Sony WH-1000XM4"), said(3, "Sonya")])
    rows = index.rows_opening_with("sony").tolist()
    assert [row >> text_rows.RECORD_SHIFT for row in rows] == [2]
    assert index.rows_opening_with("wh1000xm4").tolist() == [], "joined forms stand nowhere"


def test_vocabulary_is_read_from_a_number_on(index: FullTextIndex) -> None:
    assert index.words_after(0) == (0, [])
    index.put([said(1, "red kites")])
    last, words = index.words_after(0)
    assert {"red", "kites"} <= set(words)
    index.put([said(2, "one kite, red")])
    later, fresh = index.words_after(last)
    assert later > last
    assert {"one", "kite"} <= set(fresh)
    assert not {"red", "kites"} & set(fresh)
    assert index.known(["kite", "kites", "boat"]) == {"kite", "kites"}
    assert index.relatives("kite") == ["kite", "kites"]


def test_file_names_alone_are_no_texts(index: FullTextIndex) -> None:
    index.put([RecordTexts(1, "kite.jpg", "/f/kite.jpg", {"camera": "Canon"}, [])])
    assert having(index, "kite") == [1]
    assert not index.has_texts()
    index.put([said(2, "a kite")])
    assert index.has_texts()


def test_words_of_a_record_are_replaced_and_removed(index: FullTextIndex) -> None:
    index.put([said(1, "red"), said(2, "red")])
    index.put([said(1, "blue")])
    assert (having(index, "red"), having(index, "blue")) == ([2], [1])
    index.remove([2, 3])
    assert having(index, "red") == []


WORDS = st.sampled_from(["red", "kite", "wh-1000", "fly-by", "红色裙", "Ärger", "a"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=2)


Changes = list[tuple[int, list[str]]]
CHANGES = st.lists(st.tuples(st.integers(1, 3), TEXTS), max_size=6)


def check_both_find_the_same(one: FullTextIndex, other: FullTextIndex, changes: Changes) -> None:
    for index in (one, other):
        for number, texts in changes:
            index.put([said(number, *texts)])
    for phrase in (["red"], ["red", "kite"], ["wh", "1000"], ["wh1000"], ["红色", "色裙"]):
        first, second = (index.rows_with([phrase]).tolist() for index in (one, other))
        assert first == second, phrase
    either = [["red", "kite"], ["kite", "wh"], ["arger"], ["flyby"]]
    assert one.rows_with(either).tolist() == other.rows_with(either).tolist()
    for word in ("red", "kite", "fly"):
        first, second = (index.rows_opening_with(word).tolist() for index in (one, other))
        assert first == second, word
    for beginning in ("r", "fly", "色", "arg"):
        first, second = (index.rows_with_beginning(beginning).tolist() for index in (one, other))
        assert first == second, beginning


@settings(max_examples=25, deadline=None)
@given(changes=CHANGES)
def test_both_find_the_same(tmp_path_factory: pytest.TempPathFactory, changes: Changes) -> None:
    folder = tmp_path_factory.mktemp("words")
    with ExitStack() as stack:
        check_both_find_the_same(fts5(folder, stack), scanned(folder, stack), changes)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(changes=CHANGES)
def test_postgresql_finds_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Callable[[Path], PostgresCatalog],
    changes: Changes,
) -> None:
    folder = tmp_path_factory.mktemp("words")
    with ExitStack() as stack:
        index = lexemes(folder, stack, postgres)
        check_both_find_the_same(index, scanned(folder, stack), changes)
