"""A catalogue's file is read as it is, and copied while others write."""

import sqlite3
from pathlib import Path

import pytest

from binocle.catalog.catalog_file import copy_catalog, reading
from binocle.collection.collection import Collection
from binocle.errors import StorageError
from binocle.types import NewRecord

CATALOG = "catalog.sqlite"


def record(number: int) -> NewRecord:
    return NewRecord(f"r{number}", f"upload:{number:064x}", {"n": number}, ())


def test_copy_is_of_one_moment_and_stops_nobody(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        collection.upsert([record(1)])
        with collection.writing() as session:  # a writer in the middle of a transaction
            session.records.upsert([record(2)])
            copy_catalog(collection.path / CATALOG, tmp_path / "copy.sqlite")
        collection.upsert([record(3)])
    with reading(tmp_path / "copy.sqlite") as copy:
        assert (copy.count_records(), copy.change()) == (1, 1)
        assert copy.token(1)
        assert copy.token(2) is None
        assert copy.faults(thorough=True) == []
    assert [one.name for one in tmp_path.glob("copy*")] == ["copy.sqlite"]


def test_reading_changes_nothing(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        collection.upsert([record(1)])
        collection.close()
        before = (tmp_path / "c" / CATALOG).read_bytes()
        with reading(tmp_path / "c" / CATALOG) as session:
            assert session.count_records() == 1
            with pytest.raises(StorageError):
                session.rows("DELETE FROM records")
        assert (tmp_path / "c" / CATALOG).read_bytes() == before


def test_damage_is_told(tmp_path: Path) -> None:
    with Collection(tmp_path / "c", create=True) as collection:
        collection.upsert([record(number) for number in range(300)])
    path = tmp_path / "c" / CATALOG
    data = bytearray(path.read_bytes())
    with sqlite3.connect(path) as database:
        page = database.execute(
            "select rootpage from sqlite_schema where name = 'records'"
        ).fetchone()[0]
    database.close()
    size = int.from_bytes(data[16:18], "big")
    data[(page - 1) * size : (page - 1) * size + 40] = bytes(40)
    path.write_bytes(data)
    with reading(path) as session:
        assert session.faults()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError), reading(path):
        raise AssertionError
