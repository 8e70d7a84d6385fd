"""The tables of this format, which other programs of it read: a change here is another format."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from binocle.catalog.sqlite import SqliteCatalog
from binocle.catalog.tables.schema import FORMAT, schema
from tests.support.catalog_records import put, record, text

COLUMNS_OF_2 = {
    "meta": "key value",
    "changes": "number token at",
    "sources": "id name uri kind",
    "runs": "id source_id started_at finished_at counts",
    "items": "source_id key fingerprint record_key code message run_id",
    "records": "id key source_id uri metadata changed",
    "parts": "id record_id kind role position uri sha256 text info",
    "vectors": "part_id vector",
    "removed_parts": "part_id change",
    "removed_records": "record_id change",
    "fields": "id name declared seen",
    "attributes": "record_id field_id number text listed",
    "points": "record_id field_id latitude longitude",
    "likenesses": "part_id hash features",
    "written_labels": "record_id field",
    "waiting_labels": "id key sha256 field value since",
    "vector_checksums": "part_id crc32",
    "likeness_checksums": "part_id crc32",
    "info_checksums": "part_id crc32",
    "part_checksums": "part_id crc32",
    "picture_colours": "part_id colour",
    "rules": "version document sha256 at note",
}


def test_a_new_catalogue_has_the_tables_of_its_format(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    SqliteCatalog(path).close()
    assert (FORMAT, set(schema.tables)) == (2, set(COLUMNS_OF_2))
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == ("2",)
        found = {
            table: " ".join(row[1] for row in plain.execute(f"PRAGMA table_info({table})"))
            for table in COLUMNS_OF_2
        }
    assert found == COLUMNS_OF_2


def test_vectors_are_little_endian_floats_and_whole_numbers_keep_their_64_bits(
    tmp_path: Path,
) -> None:
    path, part = tmp_path / "catalog.sqlite", text("one")
    with closing(SqliteCatalog(path)) as catalog:
        put(catalog, record("a", part, n=2**53 + 1, half=0.5))
    with closing(sqlite3.connect(path)) as plain:
        (stored,) = plain.execute("SELECT vector FROM vectors").fetchone()
        numbers = {row[0] for row in plain.execute("SELECT number FROM attributes")}
    assert np.frombuffer(stored, "<f4").tolist() == part.vector.tolist()
    assert numbers == {2**53 + 1, 0.5}
