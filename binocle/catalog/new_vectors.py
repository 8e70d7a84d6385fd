"""Vectors of another model, by content, until a copy of the catalogue takes them all."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.batches import batched
from binocle.catalog.location import (
    POSTGRESQL_FILE,
    catalog_path,
    is_in_postgresql,
    open_catalog,
)
from binocle.catalog.query_file import QUERY_FILE
from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.checksums import put_vectors
from binocle.catalog.tables.schema import vectors as vectors_table
from binocle.catalog.tables.session import SqlSession
from binocle.errors import BusyError, StorageError
from binocle.types import Float32Array, Space

_BUSY_TIMEOUT_S = 30.0
_AT_ONCE = 5000
MOVED = "the collection was embedded with another model just now; ask again"
_FUNCTION = (  # of PostgreSQL
    "CREATE OR REPLACE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{MOVED}'; END $$"
)
_TRIGGER = (
    "CREATE TRIGGER moved BEFORE INSERT OR UPDATE ON meta "
    "FOR EACH STATEMENT EXECUTE FUNCTION moved()"
)


@dataclass(frozen=True, slots=True)
class PartContent:
    """What is embedded once, whatever parts have it: a picture somewhere, or a text."""

    kind: str
    sha256: bytes
    uri: str
    text: str | None


def contents_of(catalog: Path) -> list[PartContent]:
    """Return the different contents of a catalogue's parts, pictures first.

    Args:
        catalog: The file that is, or names, the catalogue.
    """
    query = (
        "SELECT kind, sha256, min(uri), min(text) FROM parts "
        "GROUP BY kind, sha256 ORDER BY kind, min(id)"
    )
    with closing(open_catalog(catalog)) as opened, opened.reading() as session:
        assert isinstance(session, SqlSession)
        return [PartContent(*row) for row in session.connection.exec_driver_sql(query)]


class NewVectors:
    """A file of vectors by content. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Make the file."""
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA synchronous=OFF")  # who is interrupted begins anew
        self._database.execute(
            "CREATE TABLE contents (kind TEXT, sha256 BLOB, vector BLOB, "
            "PRIMARY KEY (kind, sha256)) WITHOUT ROWID"
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def put(self, contents: Sequence[PartContent], rows: Float32Array) -> None:
        """Keep the vectors of contents."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT OR REPLACE INTO contents VALUES (?, ?, ?)",
            [
                (one.kind, one.sha256, np.ascontiguousarray(row, "<f4").tobytes())
                for one, row in zip(contents, rows, strict=True)
            ],
        )
        self._database.execute("COMMIT")

    def lacks(self, contents: Sequence[PartContent]) -> list[PartContent]:
        """Return the contents that have no vector yet."""
        query = "SELECT 1 FROM contents WHERE kind = ? AND sha256 = ?"
        return [
            one
            for one in contents
            if self._database.execute(query, (one.kind, one.sha256)).fetchone() is None
        ]

    def give_to(self, catalog: Path, space: Space) -> None:
        """Let a catalogue have these vectors instead of its own, in one transaction.

        Args:
            catalog: A copy that nobody else has open.
            space: The vectors' space.
        """
        opened = SqliteCatalog(catalog)
        try:
            with opened.writing() as session:
                query = "SELECT id, kind, sha256 FROM parts ORDER BY id"
                found = session.connection.exec_driver_sql(query).all()
                session.connection.execute(vectors_table.delete())
                for chunk in batched(found, _AT_ONCE):
                    rows = {row[0]: self._row(row[1], row[2]) for row in chunk}
                    put_vectors(session.connection, rows)
                session.set_space(space)
                session.history.next_change()
        finally:
            opened.close()

    def _row(self, kind: str, sha256: bytes) -> bytes:
        query = "SELECT vector FROM contents WHERE kind = ? AND sha256 = ?"
        found = self._database.execute(query, (kind, sha256)).fetchone()
        if found is None:
            raise StorageError("a content has no vector of the new model")
        return bytes(found[0])


@contextmanager
def giving_way(catalog: Path) -> Iterator[None]:
    """Hold a catalogue that another one is about to replace: who waits to write is refused then.

    What is done inside takes the place of the catalogue; where it raises, nothing has happened.

    Raises:
        BusyError: Somebody else kept writing for too long.
    """
    if catalog.name == POSTGRESQL_FILE:
        with closing(open_catalog(catalog)) as opened, opened.writing() as session:
            yield
            assert isinstance(session, SqlSession)
            for statement in (_FUNCTION, _TRIGGER):
                session.connection.exec_driver_sql(statement)
        return
    with closing(sqlite3.connect(catalog, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as held:
        try:
            held.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise BusyError(f"the catalogue {catalog} is being written to; try again") from error
        try:
            yield
        except BaseException:
            held.execute("ROLLBACK")
            raise
        held.execute(
            f"CREATE TRIGGER moved BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
        )
        held.execute("COMMIT")


def kept_texts(catalog_folder: Path, most: int) -> list[str]:
    """Return the texts of the newest kept queries, each once; none where they cannot be read."""
    texts: dict[str, None] = {}
    for query in _kept(catalog_folder):
        if not query.startswith("{"):
            continue  # what pages have shown
        for term in _terms(json.loads(query)):
            text = term.get("text")
            if isinstance(text, str):
                texts.setdefault(text)
    return list(texts)[:most]


def _kept(folder: Path) -> list[str]:
    """Return the newest kept queries."""
    query = "SELECT query FROM turns ORDER BY id DESC LIMIT 1000"
    path = folder / QUERY_FILE
    try:
        if is_in_postgresql(folder):
            with closing(open_catalog(catalog_path(folder))) as opened, opened.reading() as session:
                assert isinstance(session, SqlSession)
                return list(session.connection.exec_driver_sql(query).scalars())
        if not path.exists():
            return []
        with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as database:
            return [str(row[0]) for row in database.execute(query)]
    except (StorageError, sqlite3.Error):
        return []


def _terms(document: object) -> Iterator[Mapping[str, object]]:
    if isinstance(document, dict):
        if document.get("type") == "Term":
            yield document
        for one in document.values():
            yield from _terms(one)
    elif isinstance(document, list):
        for one in document:
            yield from _terms(one)
