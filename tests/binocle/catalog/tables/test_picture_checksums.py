"""A flipped bit of a picture's facts or of its fingerprint is noticed, and mended."""

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from binocle.catalog.checks.mending import drop_fingerprints
from binocle.catalog.sqlite import SqliteCatalog
from binocle.types import Fingerprint, NewPart
from tests.support.catalog_records import image, put, record, text

_COUNT = 5
_FLIP = f"UPDATE likenesses SET features = x'{'00' * 17}01' WHERE part_id = 3"
_OTHER = "UPDATE parts SET info = replace(info, '9', '8') WHERE id = 3"


def picture(number: int) -> NewPart:
    fingerprint = Fingerprint(bytes([number]) * 32, bytes(18))
    return replace(image(str(number)), fingerprint=fingerprint)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.sqlite"
    with closing(SqliteCatalog(path)) as catalog:
        put(catalog, *(record(f"r{n}", picture(n), text(str(n))) for n in range(1, _COUNT + 1)))
    return path  # picture n is part 2n - 1


def execute(path: Path, *statements: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        return [database.execute(one).fetchall() for one in statements][-1]


def counts(path: Path) -> list[int]:
    tables = ("likeness_checksums", "info_checksums")
    return [execute(path, f"SELECT count(*) FROM {one}")[0][0] for one in tables]


def test_checksums_come_and_go_with_what_they_are_of(path: Path) -> None:
    assert counts(path) == [_COUNT, _COUNT]
    with closing(SqliteCatalog(path)) as catalog, catalog.writing() as session:
        session.records.remove(["r1"])
    assert counts(path) == [_COUNT - 1, _COUNT - 1]


def test_pictures_of_an_older_catalogue_get_theirs_in_slices(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(
        path,
        "DROP TABLE likeness_checksums",
        "DROP TABLE info_checksums",
        "DELETE FROM meta WHERE key = 'picture_checksums'",
        "UPDATE meta SET value = '2' WHERE key = 'additions'",
    )
    monkeypatch.setattr("binocle.catalog.tables.picture_checksums._BATCH", 2)
    SqliteCatalog(path).close()
    assert counts(path) == [_COUNT, _COUNT]


def test_damaged_fingerprint_is_left_out_and_told_until_it_is_made_anew(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    execute(path, _FLIP)
    with closing(SqliteCatalog(path)) as catalog:
        with catalog.reading() as session, caplog.at_level(logging.WARNING):
            assert session.fingerprints.of_parts([1, 3, 5]).part_ids.tolist() == [1, 5]
            (rows,) = session.fingerprints.after(0)
            assert rows.part_ids.tolist() == [1, 5, 7, 9]
        assert "1 pictures are damaged (parts 3)" in caplog.text
        before = times_filled(catalog)
        drop_fingerprints(path)
        with catalog.reading() as session:
            assert [one.id for one in session.fingerprints.parts_without(9)] == [3]
        assert times_filled(catalog) > before
    assert counts(path) == [_COUNT - 1, _COUNT]


def times_filled(catalog: SqliteCatalog) -> int:
    with catalog.reading() as session:
        return session.fingerprints.times_filled()


@pytest.mark.parametrize("damage", [_FLIP, _OTHER])
def test_damaged_picture_is_not_used_again_and_goes_when_it_is_stored_again(
    path: Path, damage: str
) -> None:
    execute(path, damage)
    with closing(SqliteCatalog(path)) as catalog:
        with catalog.reading() as session:
            hashes = [picture(n).sha256 for n in (1, 2)]
            assert list(session.parts.known_contents("image", hashes)) == hashes[:1]
        put(catalog, record("r2", picture(2), text("2")))
        with catalog.reading() as session:
            known = session.parts.known_contents("image", hashes)
        assert known[hashes[1]].info == picture(2).info
        assert known[hashes[1]].fingerprint == picture(2).fingerprint
