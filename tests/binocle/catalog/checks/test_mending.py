"""What follows from the records is made anew as it was."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from binocle.catalog.checks import mending

_TABLES: dict[Callable[[Path], None], str] = {
    mending.rewrite_metadata: "SELECT record_id, field_id, number, text, listed FROM attributes",
    mending.rewrite_words: "SELECT rowid, text, joined FROM words",
    mending.drop_traces: "SELECT id, key, uri, metadata FROM records",
    mending.make_indices: "SELECT name, sql FROM sqlite_schema WHERE type = 'index'",
}


@pytest.mark.parametrize("mend", _TABLES)
def test_what_was_sound_is_the_same_afterwards(folder: Path, mend: Callable[[Path], None]) -> None:
    def rows() -> list[Any]:
        with closing(sqlite3.connect(folder / "catalog.sqlite")) as database:
            return sorted(database.execute(_TABLES[mend]), key=repr)

    before = rows()
    assert before
    mend(folder / "catalog.sqlite")
    assert rows() == before
