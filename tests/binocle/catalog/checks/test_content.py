"""Records, parts and vectors that are not what they have to be are found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from api.operations.doctor.examination import examine_collection
from binocle.catalog import catalog_file
from binocle.catalog.checks.content import check_places
from binocle.catalog.sqlite import SqliteCatalog
from tests.support.catalog_records import put, record, text
from tests.support.damages import catalog, is_found, of_checks

_CHECKS = ("records", "parts", "vectors", "fingerprints", "ledger", "fields", "rules")


@pytest.mark.parametrize("name", of_checks(*_CHECKS))
def test_planted_damage_is_found(folder: Path, name: str) -> None:
    assert is_found(folder, name)


@pytest.mark.parametrize(("text", "is_told"), [("红色连衣裙", True), ("Red dress", False)])
def test_texts_that_the_model_could_not_read_are_told(
    folder: Path, text: str, is_told: bool
) -> None:
    one = "(SELECT vector FROM vectors JOIN parts ON id = part_id WHERE kind = 'text' LIMIT 1)"
    those = "(SELECT id FROM parts WHERE kind = 'text')"
    alike = f"UPDATE vectors SET vector = {one} WHERE part_id IN {those}"
    catalog(alike, f"UPDATE parts SET text = '{text}' || id WHERE kind = 'text'")(folder)
    told = [found for found in examine_collection(folder) if found.check == "texts"]
    assert [found.level for found in told] == ["fact"] * is_told
    assert all("reembed" in found.remedy for found in told)


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
    monkeypatch.setattr("binocle.catalog.tables.checksums._BATCH", 3)
    SqliteCatalog(path).close()
    assert (found(path), summed(path)) == ([], 8)
