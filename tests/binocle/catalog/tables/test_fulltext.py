"""The words in the catalogue stay in step with its records, whoever writes."""

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.session import SqliteSession
from tests.support.texts_of_records import having, record


def fill_in(session: SqliteSession) -> None:
    """Read in the words of all records."""
    session.words.begin()
    while session.words.fill():
        pass


def everything(path: Path) -> tuple[list[tuple[object, ...]], set[object]]:
    with sqlite3.connect(path) as plain:
        rows = plain.execute("SELECT rowid, text, joined FROM words ORDER BY rowid").fetchall()
        return rows, {row[0] for row in plain.execute("SELECT word FROM vocabulary")}


def apply(database: SqliteCatalog, change: tuple[str, str, list[str]]) -> None:
    what, key, texts = change
    with database.writing() as session:
        if what == "put":
            session.records.upsert([record(key, texts, style=" ".join(texts))])
        elif what == "patch":
            session.records.patch({key: {"style": " ".join(texts) or None}})
        else:
            session.records.remove([key])


WORDS = st.sampled_from(["red", "kite", "T-Shirt", "红色裙", "WH-1000XM4", "dog's", "été"])
TEXTS = st.lists(st.lists(WORDS, max_size=4).map(" ".join), max_size=3)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abcde"), TEXTS),
        st.tuples(st.just("patch"), st.sampled_from("abcde"), TEXTS),
        st.tuples(st.just("remove"), st.sampled_from("abcde"), TEXTS),
    ),
    max_size=12,
)


@given(CHANGES)
@settings(max_examples=25, deadline=None)
def test_words_after_any_changes_are_those_of_the_records(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str, list[str]]]
) -> None:
    path = tmp_path_factory.mktemp("words") / "catalog.sqlite"
    database = SqliteCatalog(path)
    for change in changes:
        apply(database, change)
    kept, vocabulary = everything(path)
    with database.writing() as session:
        session.connection.exec_driver_sql("DELETE FROM meta WHERE key = 'words'")
        fill_in(session)
    database.close()
    made_anew, fewest = everything(path)
    assert kept == made_anew
    assert fewest <= vocabulary  # it only grows
    with sqlite3.connect(path) as plain:
        plain.execute("INSERT INTO words (words) VALUES ('integrity-check')")


def test_catalogue_that_an_older_version_wrote_to_is_filled_on_opening(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    database = SqliteCatalog(path)
    with database.writing() as session:
        session.records.upsert([record("a", ["red kite"])])
    database.close()
    with sqlite3.connect(path) as plain:  # it knows no words, and counts its changes
        plain.execute("UPDATE parts SET text = 'blue kite'")
        plain.execute("UPDATE meta SET value = '99' WHERE key = 'change'")
    database = SqliteCatalog(path)
    with database.reading() as session:
        assert having(session, "blue") == [1]
        assert having(session, "red") == []
    database.close()


def make_old(path: Path) -> None:
    """Leave a catalogue as a version that knew no words would."""
    with sqlite3.connect(path) as plain:
        plain.execute("DROP TABLE words")
        plain.execute("DROP TABLE vocabulary")
        plain.execute("DELETE FROM meta WHERE key IN ('words', 'has_texts')")


@pytest.mark.slow
@given(CHANGES, CHANGES)
@settings(max_examples=60, deadline=None)
def test_words_read_in_by_slices_are_those_of_the_records_whatever_is_written_between(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, str, list[str]]],
    between: list[tuple[str, str, list[str]]],
) -> None:
    path = tmp_path_factory.mktemp("words") / "catalog.sqlite"
    database = SqliteCatalog(path)
    for change in before:
        apply(database, change)
    make_old(path)
    with database.writing() as session:
        session.words.begin()
    has_more = True
    for change in between:
        with database.writing() as session:
            has_more = session.words.fill(1)
            assert session.words.is_followed()
            assert 0 <= session.words.filled_share() <= 1
        apply(database, change)
        with database.reading() as session:
            assert session.words.is_followed()
            assert session.words.is_ready() or has_more
    while has_more:
        with database.writing() as session:
            has_more = session.words.fill(2)
    with database.reading() as session:
        assert session.words.is_ready()
        assert session.words.filled_share() == 1
    by_slices, _ = everything(path)
    make_old(path)
    with database.writing() as session:
        fill_in(session)
    database.close()
    assert by_slices == everything(path)[0]


@pytest.mark.slow
def test_filling_that_was_killed_goes_on_and_others_write_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    database = SqliteCatalog(path)
    with database.writing() as session:
        every = [record(f"r{number}", [f"kite {number}"]) for number in range(12_000)]
        session.records.upsert(every)
    expected = everything(path)[0]
    make_old(path)
    filling = subprocess.Popen([sys.executable, "-c", OPEN, str(path)])
    shares = []
    while filling.poll() is None:
        with database.reading() as session:
            shares.append(session.words.filled_share() if has_words(session) else 0.0)
        if shares[-1] > 0:
            filling.kill()
            break
        time.sleep(0.002)
    filling.wait()
    assert 0 < shares[-1] < 1  # in the middle
    with database.writing() as session:
        session.records.upsert([record("late", ["late kite"])])
    with database.reading() as session:
        assert having(session, "late") == [12_001]
        assert len(having(session, "kite")) == round(12_000 * session.words.filled_share()) + 1
    database.close()
    SqliteCatalog(path).close()
    assert everything(path)[0][: len(expected)] == expected
    with sqlite3.connect(path) as plain:
        plain.execute("INSERT INTO words (words) VALUES ('integrity-check')")


OPEN = """
import pathlib, sys
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.session import SqliteSession
SqliteCatalog(pathlib.Path(sys.argv[1])).close()
"""


def has_words(session: SqliteSession) -> bool:
    query = "SELECT 1 FROM meta WHERE key = 'words'"
    return session.connection.exec_driver_sql(query).scalar() is not None


def test_change_that_fails_leaves_the_words_alone(tmp_path: Path) -> None:
    database = SqliteCatalog(tmp_path / "catalog.sqlite")

    def fail() -> None:
        with database.writing() as session:
            session.records.upsert([record("a", ["red kite"])])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as session:
        assert having(session, "red") == []
    database.close()
