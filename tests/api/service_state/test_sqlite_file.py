"""The file of the service: private, of one version, and aware of who lives."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from api.service_state.sqlite_file import ServiceFile
from binocle.errors import StorageError


def test_file_is_its_owners_and_outlives_who_wrote_it(tmp_path: Path) -> None:
    file = ServiceFile(tmp_path / "home")
    with file.using() as database:
        database.execute("INSERT INTO webhooks VALUES ('w', 'u', 's', '[]', NULL, '', 't', NULL)")
    assert file.path.stat().st_mode & 0o077 == 0
    file.close()
    again = ServiceFile(tmp_path / "home")

    def fail() -> None:
        with again.using() as database:
            database.execute("DELETE FROM webhooks")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with again.using() as database:
        assert database.execute("SELECT id FROM webhooks").fetchall() == [("w",)]
    again.close()
    assert list((tmp_path / "home" / "services").iterdir()) == []


def test_services_know_which_of_them_live(tmp_path: Path) -> None:
    one, other = ServiceFile(tmp_path), ServiceFile(tmp_path)
    for file in (one, other):
        with file.using():
            pass
    assert other.is_alive(one.service)
    assert one.is_alive(one.service)
    one.close()
    assert not other.is_alive(one.service)
    assert not other.is_alive("never-was")
    other.close()


def test_file_of_a_newer_binocle_and_a_damaged_one_are_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "service.sqlite")) as database:
        database.execute("PRAGMA user_version = 99")
    file = ServiceFile(tmp_path)
    with pytest.raises(StorageError, match="newer Binocle"), file.using():
        pass
    file.close()
    (tmp_path / "service.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="cannot use"), file.using():
        pass
    file.close()
