"""Catalogues of older formats are brought up to date, or stay as they are."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.schema import schema
from binocle.collection.collection import Collection
from binocle.errors import StorageError
from binocle.metadata.filter_parsing import parse_json
from binocle.metadata.filters import Filter
from binocle.types import NewRecord

FORMAT_1 = """
CREATE TABLE meta ("key" VARCHAR NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE changes (number INTEGER NOT NULL PRIMARY KEY, token VARCHAR NOT NULL,
    at VARCHAR NOT NULL);
CREATE TABLE sources (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL UNIQUE,
    uri VARCHAR NOT NULL UNIQUE, kind VARCHAR NOT NULL);
CREATE TABLE runs (id INTEGER NOT NULL PRIMARY KEY, source_id INTEGER NOT NULL,
    started_at VARCHAR NOT NULL, finished_at VARCHAR, counts TEXT);
CREATE TABLE items (source_id INTEGER NOT NULL, "key" VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL, record_key VARCHAR, code VARCHAR, message TEXT,
    run_id INTEGER NOT NULL, PRIMARY KEY (source_id, "key")) WITHOUT ROWID;
CREATE TABLE records (id INTEGER NOT NULL PRIMARY KEY, "key" VARCHAR NOT NULL UNIQUE,
    source_id INTEGER, uri VARCHAR NOT NULL, metadata TEXT NOT NULL);
CREATE INDEX ix_records_source_id ON records (source_id);
CREATE TABLE parts (id INTEGER NOT NULL PRIMARY KEY, record_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL, role VARCHAR NOT NULL, position INTEGER NOT NULL,
    uri VARCHAR NOT NULL, sha256 BLOB NOT NULL, text TEXT, info TEXT);
CREATE INDEX parts_by_kind ON parts (kind, id);
CREATE INDEX parts_by_content ON parts (sha256, kind);
CREATE INDEX ix_parts_record_id ON parts (record_id);
CREATE TABLE vectors (part_id INTEGER NOT NULL PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE removed_parts (part_id INTEGER NOT NULL PRIMARY KEY, change INTEGER NOT NULL);
CREATE INDEX ix_removed_parts_change ON removed_parts (change);
CREATE TABLE fields (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL UNIQUE);
CREATE TABLE attributes (record_id INTEGER NOT NULL, field_id INTEGER NOT NULL,
    number NUMERIC, text TEXT);
CREATE INDEX ix_attributes_record_id ON attributes (record_id);
CREATE INDEX attributes_by_number ON attributes (field_id, number, record_id);
CREATE INDEX attributes_by_text ON attributes (field_id, text, record_id);
INSERT INTO meta VALUES ('format', '1'), ('change', '1'), ('next_record_id', '4');
INSERT INTO changes VALUES (1, 'abc', '2024-01-01T00:00:00+00:00');
INSERT INTO records VALUES
    (1, 'a', NULL, 'mem:a', '{"tags": ["bored", "dark red"], "price": 3, "new": true}'),
    (2, 'b', NULL, 'mem:b', '{"latitude": 48.1, "longitude": 11.5, "day": "2021-03-05"}'),
    (3, 'c', NULL, 'mem:c', '{"tags": "bored", "price": 2.5}');
INSERT INTO fields VALUES (1, 'tags'), (2, 'price'), (3, 'latitude');
INSERT INTO attributes VALUES (1, 1, NULL, 'bored'), (1, 1, NULL, 'dark red'), (1, 2, 3, NULL),
    (2, 3, 48.1, NULL), (3, 1, NULL, 'bored'), (3, 2, 2.5, NULL);
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection of format 1."""
    folder = tmp_path / "c"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; BEGIN;" + FORMAT_1 + "COMMIT;")
    return folder


def passing(collection: Collection, where: Filter) -> str:
    numbers = np.flatnonzero(collection.snapshot(fields=["tags"]).mask(where)).tolist()
    with collection.reading() as session:
        in_sql = sorted(session.records.matching(where).tolist())
    assert numbers == in_sql
    return "".join("?abcd"[number] for number in numbers)


def test_a_new_catalogue_has_all_tables_and_nothing_is_left_to_fill_in(tmp_path: Path) -> None:
    query = "SELECT name, sql FROM sqlite_schema"
    expected = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    schema.create_all(expected)
    with expected.connect() as connection:
        tables = {tuple(row) for row in connection.exec_driver_sql(query)}
    expected.dispose()
    path = tmp_path / "catalog.sqlite"
    SqliteCatalog(path).close()
    with closing(sqlite3.connect(path)) as made:
        assert tables <= set(made.execute(query).fetchall())
    written = path.read_bytes()
    SqliteCatalog(path).close()
    assert path.read_bytes() == written


def test_catalogue_of_format_1_is_brought_up_to_date(folder: Path) -> None:
    with Collection(folder) as collection:
        assert collection.schema() == {
            "tags": "keywords", "price": "number", "new": "boolean", "latitude": "number",
            "longitude": "number", "location": "geo", "day": "date",
        }  # fmt: skip
        assert passing(collection, parse_json({"tags": {"contains": "red"}})) == "ac"
        assert passing(collection, parse_json({"price": {"lte": 2.5}})) == "c"
        near = {"lat": 48, "lon": 11.5, "radius": "20km"}
        assert passing(collection, parse_json({"location": {"near": near}})) == "b"
        assert passing(collection, parse_json({"day": {"during": "2021"}})) == "b"
        collection.upsert([NewRecord("d", "mem:d", {"tags": "red"}, ())])
        assert passing(collection, parse_json({"tags": {"contains": "red"}})) == "acd"
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (
            "2",
        )
    with Collection(folder) as collection:
        assert passing(collection, parse_json({"price": {"exists": True}})) == "ac"


def test_catalogue_that_cannot_be_brought_up_to_date_stays_as_it_is(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        connection.execute("UPDATE records SET metadata = '{' WHERE id = 3")
        connection.commit()
    with pytest.raises(ValueError, match="Expecting"):
        Collection(folder)
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (
            "1",
        )
        assert len(connection.execute("SELECT * FROM attributes").fetchall()) == 6
        assert not connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'points'"
        ).fetchone()


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders look read-only, as they do to a user without rights; the root user has all."""
    monkeypatch.setattr("binocle.catalog.sqlite.os.access", lambda *_: False)


@pytest.mark.usefixtures("locked")
def test_older_catalogue_in_a_read_only_folder_is_refused_with_the_remedy(folder: Path) -> None:
    with pytest.raises(StorageError, match="open it once where it can be written"):
        Collection(folder)
