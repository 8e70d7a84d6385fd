"""Parts that are not what was stored are found, and those that were moved are no such."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from binocle.catalog import catalog_file
from binocle.catalog.checks.content import check_places
from binocle.catalog.sqlite import SqliteCatalog
from tests.support.catalog_records import put, record, text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.sqlite"
    with closing(SqliteCatalog(path)) as catalog:
        put(catalog, *(record(f"r{n}", text(f"{n}a"), text(f"{n}b")) for n in range(4)))
    return path


def execute(path: Path, *statements: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return [database.execute(one).fetchall() for one in statements][-1]


def found(path: Path) -> list[str]:
    with catalog_file.reading(path) as file:
        return [one.message for one in check_places(file)]


def summed(path: Path) -> int:
    return execute(path, "SELECT count(*) FROM part_checksums")[0][0]


@pytest.mark.parametrize(
    "change",
    ["uri = uri || 'x'", "role = 'x'", "position = 9", "sha256 = zeroblob(32)", "sha256 = 'x'",
     "record_id = 1", "kind = 'image'"],
)  # fmt: skip
def test_a_part_that_was_changed_behind_the_catalogue_is_found(path: Path, change: str) -> None:
    assert (found(path), summed(path)) == ([], 8)
    execute(path, f"UPDATE parts SET {change} WHERE id = 3")
    (said,) = found(path)
    assert said.startswith("parts are not what their checksums say: 1: r")


def test_checksums_follow_parts_that_move_and_go(path: Path) -> None:
    with closing(SqliteCatalog(path)) as catalog:
        put(catalog, record("r1", text("1b"), text("1a"), text("new")))
        with catalog.writing() as session:
            session.records.remove(["r2"])
    assert (found(path), summed(path)) == ([], 7)


def test_parts_of_an_older_catalogue_get_theirs_in_slices(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(
        path,
        "DROP TABLE part_checksums",
        "DELETE FROM meta WHERE key = 'part_checksums'",
        "UPDATE meta SET value = '5' WHERE key = 'additions'",
    )
    assert found(path) == []
    monkeypatch.setattr("binocle.catalog.tables.part_checksums._BATCH", 3)
    SqliteCatalog(path).close()
    assert (found(path), summed(path)) == ([], 8)
