"""Full-text search in PostgreSQL: our tokens as lexemes of a ``tsvector`` with a GIN index.

The vectors have no positions, of which PostgreSQL keeps 256 a word only. Where the words of a
phrase stand is looked up in the tokens as text, in the rows that have all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from binocle.batches import batched
from binocle.catalog import dialect, tokenizer
from binocle.catalog.tables.history import SqlMeta
from binocle.catalog.tables.parts import record_texts
from binocle.catalog.text_rows import RECORD_SHIFT, VERSION, RecordTexts, text_rows
from binocle.types import Int64Array

_CHUNK = 2500


@dataclass(frozen=True, slots=True)
class TsvectorIndex:
    """The tables ``words`` and ``vocabulary``, in step with the records.

    ``words`` in ``meta`` is the version of the rows.
    """

    connection: sa.Connection
    meta: SqlMeta

    def rows_with(self, phrases: Sequence[Sequence[str]]) -> Int64Array:
        if not phrases:
            return np.empty(0, np.int64)
        longer = [phrase for phrase in phrases if len(phrase) > 1]
        tests, parameters = ["tokens @@ ?::tsquery"], [_any_of(phrases)]
        if longer:
            stands = ["strpos(text, ?) > 0", "strpos(joined, ?) > 0"] * len(longer)
            parameters += [_spaced(phrase) for phrase in longer for _ in range(2)]
            if single := [phrase for phrase in phrases if len(phrase) == 1]:
                stands.append("tokens @@ ?::tsquery")
                parameters.append(_any_of(single))
            tests.append(f"({' OR '.join(stands)})")
        return self._rows(" AND ".join(tests), *parameters)

    def rows_with_beginning(self, beginning: str) -> Int64Array:
        return self._rows("tokens @@ ?::tsquery", _lexeme(beginning) + ":*")

    def rows_opening_with(self, token: str) -> Int64Array:
        opens = "tokens @@ ?::tsquery AND starts_with(text, ?)"
        return self._rows(opens, _lexeme(token), _spaced([token]))

    def has_texts(self) -> bool:
        return self.meta.get("has_texts") != (None,)

    def relatives(self, stem: str) -> list[str]:
        query = "SELECT word FROM vocabulary WHERE stem = ? ORDER BY word LIMIT 16"
        return list(dialect.run(self.connection, query, stem).scalars())

    def known(self, candidates: Iterable[str]) -> set[str]:
        query = "SELECT word FROM vocabulary WHERE word = ANY(?::text[])"
        return set(dialect.run(self.connection, query, list(candidates)).scalars())

    def words_after(self, number: int) -> tuple[int, list[str]]:
        query = "SELECT id, word FROM vocabulary WHERE id > ? ORDER BY id"
        found = dialect.run(self.connection, query, number).all()
        return (found[-1][0] if found else number), [row[1] for row in found]

    def state(self) -> str:
        change, version = self.meta.get("change", "words")
        return f"{version}:{change or 0}"

    def filled_share(self) -> float:
        return 1.0

    def put(self, records: Iterable[RecordTexts]) -> None:
        for chunk in batched(records):
            self.remove([record.number for record in chunk])
            self._insert(chunk)

    def remove(self, numbers: Sequence[int]) -> None:
        if numbers:
            query = (
                "DELETE FROM words USING unnest(?::bigint[], ?::bigint[]) AS span (first, last) "
                "WHERE number BETWEEN first AND last"
            )
            first = [one << RECORD_SHIFT for one in numbers]
            last = [(one + 1 << RECORD_SHIFT) - 1 for one in numbers]
            dialect.run(self.connection, query, first, last)

    def follow(self, change: int) -> None:
        """Do nothing: words are written in the transaction of their change."""

    def renew(self) -> None:
        """Read the words of all records in, where the rows are of another version, or none are."""
        if self.meta.get("words") == (str(VERSION),):
            return
        dialect.run(self.connection, "DELETE FROM words")
        dialect.run(self.connection, "DELETE FROM vocabulary")
        self.meta.put("words", VERSION)
        numbers = dialect.run(self.connection, "SELECT id FROM records ORDER BY id").scalars()
        for chunk in batched(numbers, _CHUNK):
            self._insert(record_texts(self.connection, chunk))

    def _insert(self, records: Iterable[RecordTexts]) -> None:
        rows: list[tuple[int, str, str, list[str]]] = []
        vocabulary: set[str] = set()
        has_any = False
        for record in records:
            own, has_texts = text_rows(record)
            has_any = has_any or has_texts
            for row in own:
                tokens = sorted({*row.tokens, *row.joined})
                rows.append((row.number, _spaced(row.tokens), _spaced(row.joined), tokens))
                vocabulary.update(row.words())
        if has_any:
            self.meta.put("has_texts", 1)
        if rows:
            query = "INSERT INTO words VALUES (?, ?, ?, array_to_tsvector(?::text[]))"
            self.connection.exec_driver_sql(dialect.written(self.connection, query), rows)
        if vocabulary:
            words = sorted(vocabulary)
            query = (
                "INSERT INTO vocabulary (word, stem) SELECT word, stem "
                "FROM unnest(?::text[], ?::text[]) AS given (word, stem) "
                "WHERE word NOT IN (SELECT word FROM vocabulary WHERE word = ANY(?::text[])) "
                "ORDER BY word"
            )
            dialect.run(self.connection, query, words, list(map(tokenizer.stem, words)), words)

    def _rows(self, test: str, *parameters: str) -> Int64Array:
        # one long text is read several times faster than many small rows
        query = f"SELECT string_agg(number::text, ',' ORDER BY number) FROM words WHERE {test}"  # noqa: S608 - constants of this module
        listed = dialect.run(self.connection, query, *parameters).scalar_one()
        return np.fromstring(listed or "", np.int64, sep=",")


def _any_of(phrases: Sequence[Sequence[str]]) -> str:
    """Return the query for texts that have all words of any phrase."""
    return " | ".join(f"({' & '.join(map(_lexeme, phrase))})" for phrase in phrases)


def _lexeme(token: str) -> str:
    quoted = token.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def _spaced(tokens: Sequence[str]) -> str:
    """Return tokens as they stand in the columns, each between spaces."""
    return f" {' '.join(tokens)} "
