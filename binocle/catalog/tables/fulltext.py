"""Full-text search in SQLite: the FTS5 tables.

The FTS5 tables keep their tokens beside the index. A contentless table would be smaller, but to
forget a row it must be told the row's old text (the option to do without is of SQLite 3.43), and
tokens of titles are small beside the vectors.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import tokenizer
from binocle.catalog.tables.history import SqlMeta
from binocle.catalog.tables.parts import record_texts
from binocle.catalog.text_rows import RECORD_SHIFT, VERSION, RecordTexts, text_rows
from binocle.types import Int64Array

_FILL_CHUNK = 2500
_TABLES = (
    # `ascii` leaves everything beyond ASCII alone, which is what the tokenizer has cut already
    (
        "CREATE VIRTUAL TABLE IF NOT EXISTS words "
        "USING fts5(text, joined, columnsize=0, tokenize='ascii')"
    ),
    (
        "CREATE TABLE IF NOT EXISTS vocabulary "
        "(id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, stem TEXT)"
    ),
    "CREATE INDEX IF NOT EXISTS vocabulary_by_stem ON vocabulary (stem)",
)


@dataclass(frozen=True, slots=True)
class Fts5Index:
    """The tables ``words`` and ``vocabulary``, in step with the records.

    ``words`` in ``meta`` is a stamp: the version of the rows, the change they follow, and, until
    all records are read in, the last one that was.
    """

    connection: sa.Connection
    meta: SqlMeta

    def rows_with(self, phrases: Sequence[Sequence[str]]) -> Int64Array:
        return self._rows(" OR ".join(_quoted(phrase) for phrase in phrases))

    def rows_with_beginning(self, beginning: str) -> Int64Array:
        return self._rows(_quoted([beginning]) + "*")

    def rows_opening_with(self, token: str) -> Int64Array:
        return self._rows("text : ^ " + _quoted([token]))

    def has_texts(self) -> bool:
        return self.meta.get("has_texts") != (None,)

    def relatives(self, stem: str) -> list[str]:
        query = "SELECT word FROM vocabulary WHERE stem = ? ORDER BY word LIMIT 16"
        return list(self.connection.exec_driver_sql(query, (stem,)).scalars())

    def known(self, candidates: Iterable[str]) -> set[str]:
        query = "SELECT word FROM vocabulary, json_each(?) WHERE word = value"
        text = json.dumps(list(candidates))
        return set(self.connection.exec_driver_sql(query, (text,)).scalars())

    def words_after(self, number: int) -> tuple[int, list[str]]:
        query = "SELECT id, word FROM vocabulary WHERE id > ? ORDER BY id"
        found = self.connection.exec_driver_sql(query, (number,)).all()
        return (found[-1][0] if found else number), [row[1] for row in found]

    def state(self) -> str:
        return " ".join(map(str, self._stamps()))

    def filled_share(self) -> float:
        if self.is_ready():
            return 1.0
        highest = self.connection.exec_driver_sql("SELECT max(id) FROM records").scalar() or 0
        done = self._filled() if self.is_followed() else 0
        return min(1.0, (done or 0) / highest) if highest else 1.0

    def put(self, records: Iterable[RecordTexts]) -> None:
        for chunk in batched(records):
            self.remove([record.number for record in chunk])
            self._insert(chunk)

    def remove(self, numbers: Sequence[int]) -> None:
        if numbers:
            self.connection.exec_driver_sql(
                "DELETE FROM words WHERE rowid BETWEEN ? AND ?",
                [(one << RECORD_SHIFT, (one + 1 << RECORD_SHIFT) - 1) for one in numbers],
            )

    def follow(self, change: int) -> None:
        """Note a change that begins, in whose transaction the words are written too.

        Where they were not in step before, as an older Binocle leaves them, they stay so.
        """
        before, stamp = f"{VERSION}:{change - 1}", f"{VERSION}:{change}"
        self.connection.exec_driver_sql(
            "UPDATE meta SET value = ? || substr(value, ?) "
            "WHERE key = 'words' AND (value = ? OR value LIKE ? || ':%')",
            (stamp, len(before) + 1, before, before),
        )

    def begin(self) -> None:
        """Make the tables where there are none or where they are behind the records.

        They are behind where an older Binocle, which knows no words, has written to the catalogue.
        They are then to be filled.
        """
        if self.is_followed():
            return
        _, stamp = self._stamps()
        self.connection.exec_driver_sql("DELETE FROM meta WHERE key = 'has_texts'")
        self.connection.exec_driver_sql("DROP TABLE IF EXISTS words")
        # the vocabulary only grows, and readers remember how far they are
        if (stamp or "").split(":")[0] != str(VERSION):
            self.connection.exec_driver_sql("DROP TABLE IF EXISTS vocabulary")
        for statement in _TABLES:
            self.connection.exec_driver_sql(statement)
        self._note(0)

    def fill(self, count: int = _FILL_CHUNK) -> bool:
        """Read in the words of the next records after ``begin``; tell whether there may be more.

        Each call goes on where the last transaction that was committed has ended, in whatever
        process. Records written meanwhile have their words already.
        """
        done = self._filled()
        if done is None:
            return False
        query = "SELECT id FROM records WHERE id > ? ORDER BY id LIMIT ?"
        numbers = list(self.connection.exec_driver_sql(query, (done, count)).scalars())
        if numbers:
            span = (numbers[0] << RECORD_SHIFT, numbers[-1] + 1 << RECORD_SHIFT)
            query = "SELECT rowid FROM words WHERE rowid >= ? AND rowid < ?"
            rows = self.connection.exec_driver_sql(query, span)
            there = {row >> RECORD_SHIFT for row in rows.scalars()}
            self._insert(
                record_texts(self.connection, [one for one in numbers if one not in there])
            )
        self._note(numbers[-1] if len(numbers) == count else None)
        return len(numbers) == count

    def is_ready(self) -> bool:
        """Tell whether the words are in step with the records, all of them."""
        expected, stamp = self._stamps()
        return stamp == expected

    def is_followed(self) -> bool:
        """Tell whether the words are in step with those records that were read in so far."""
        expected, stamp = self._stamps()
        return f"{stamp}:".startswith(f"{expected}:")

    def _insert(self, records: Iterable[RecordTexts]) -> None:
        rows: list[tuple[int, str, str]] = []
        vocabulary: set[str] = set()
        has_any = False
        for record in records:
            own, has_texts = text_rows(record)
            has_any = has_any or has_texts
            rows += ((row.number, " ".join(row.tokens), " ".join(row.joined)) for row in own)
            vocabulary.update(*(row.words() for row in own))
        if has_any:
            self.meta.put("has_texts", 1)
        if rows:
            query = "INSERT INTO words (rowid, text, joined) VALUES (?, ?, ?)"
            self.connection.exec_driver_sql(query, rows)
        if vocabulary:
            self.connection.exec_driver_sql(
                "INSERT OR IGNORE INTO vocabulary (word, stem) VALUES (?, ?)",
                [(word, tokenizer.stem(word)) for word in sorted(vocabulary)],
            )

    def _rows(self, expression: str) -> Int64Array:
        # one long text is read several times faster than many small rows
        query = "SELECT group_concat(rowid) FROM words WHERE words MATCH ?"
        listed = self.connection.exec_driver_sql(query, (expression,)).scalar_one()
        return np.fromstring(listed or "", np.int64, sep=",")

    def _stamps(self) -> tuple[str, str | None]:
        """Return the stamp that all records' words would have, and the one there is."""
        change, stamp = self.meta.get("change", "words")
        return f"{VERSION}:{change or 0}", stamp

    def _filled(self) -> int | None:
        """Return the last record whose words were read in; None where all were."""
        parts = (self._stamps()[1] or "").split(":")
        return int(parts[2]) if len(parts) == 3 else None

    def _note(self, filled: int | None) -> None:
        stamp, _ = self._stamps()
        self.meta.put("words", stamp if filled is None else f"{stamp}:{filled}")


def _quoted(phrase: Sequence[str]) -> str:
    """Return a phrase as FTS5 reads it; tokens hold letters and digits only."""
    return '"' + " ".join(phrase).replace('"', '""') + '"'
