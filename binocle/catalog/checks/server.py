"""What a copy of a catalogue in PostgreSQL does not show: indices, and the lexemes of words.

Pages and indices themselves are PostgreSQL's to examine: ``pg_amcheck``.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from binocle.catalog.checks.findings import Finding, some
from binocle.catalog.dialect import run
from binocle.catalog.location import catalog_path, open_catalog
from binocle.catalog.tables.schema import schema
from binocle.catalog.tables.session import SqlSession

_OF_WORDS = {"words_by_token": "words", "vocabulary_by_stem": "vocabulary"}
_THERE = (
    "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
    "WHERE relnamespace = current_schema()::regnamespace"
)
_LEXEMES = (
    "SELECT number FROM words WHERE tokens IS DISTINCT FROM array_to_tsvector("
    "array_remove(string_to_array(text || joined, ' '), '')) ORDER BY number LIMIT 100"
)


def check_server(folder: Path) -> Iterator[Finding]:
    """Find indices of tables that are missing or unusable, and words that cannot be searched.

    Args:
        folder: Of a collection whose catalogue is in PostgreSQL.

    Raises:
        StorageError: It cannot be reached.
    """
    expected = _OF_WORDS | {
        str(index.name): table.name for table in schema.tables.values() for index in table.indexes
    }
    with closing(open_catalog(catalog_path(folder))) as catalog, catalog.reading() as session:
        assert isinstance(session, SqlSession)
        there = {str(name): valid for name, valid in run(session.connection, _THERE)}
        for name, table in expected.items():
            if name not in there:
                message = f"the index {name} of the table {table} is missing"
                remedy = "--repair makes it"
                yield Finding("catalogue-schema", message, remedy, repair="schema")
            elif not there[name]:
                message = f"PostgreSQL cannot use the index {name} of the table {table}"
                yield Finding("catalogue-schema", message, f"REINDEX INDEX {name}")
        if wrong := run(session.connection, _LEXEMES).scalars().all():
            message = f"what is searched is not what the words are, in rows: {some(wrong)}"
            remedy = "--repair writes it anew from the records"
            yield Finding("words", message, remedy, repair="words")
