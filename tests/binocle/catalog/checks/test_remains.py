"""Rows, words and bytes that a removed record left are found."""

import sqlite3
from contextlib import closing
from pathlib import Path

from binocle.catalog import catalog_file
from binocle.catalog.checks import remains


def found(folder: Path, record_id: str) -> list[str]:
    with catalog_file.reading(folder / "catalog.sqlite") as file:
        return [
            one.message
            for check in (remains.check_rows, remains.check_bytes)
            for one in check(file, record_id)
            if one.level == "damage"
        ]


def test_what_is_there_is_found(folder: Path) -> None:
    assert any("still in the records" in one for one in found(folder, "g3"))
    assert found(folder, "nobody-ever") == []


def test_bytes_of_free_pages_are_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (?)", ("nobody-ever " * 5000,))
        database.execute("DROP TABLE t")
    messages = " ".join(found(folder, "nobody-ever"))
    assert "free pages" in messages
    assert "among bytes" in messages


def test_words_nobody_says_are_found(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
        database.execute("INSERT INTO vocabulary (word, stem) VALUES ('unsaid', 'unsaid')")
    assert any("no record has any more: 1" in one for one in found(folder, "nobody-ever"))


def test_rules_that_name_a_record_are_told(folder: Path) -> None:
    document = '{"curations": [{"query": "a", "hide": ["nobody-ever"]}]}'
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
        rows = [(version, document, "", "", "") for version in (0, 3)]
        database.executemany("INSERT INTO rules VALUES (?, ?, ?, ?, ?)", rows)
    with catalog_file.reading(folder / "catalog.sqlite") as file:
        told = [one.message for one in remains.check_rows(file, "nobody-ever")]
        bytes_told = [one.message for one in remains.check_bytes(file, "nobody-ever")]
    assert "ranking rules name 'nobody-ever', 2: the draft, version 3" in told
    assert any("prove nothing" in one for one in bytes_told)
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as database, database:
        database.execute("DROP TABLE rules")
    assert not any("rules" in one for one in found(folder, "nobody-ever"))
