"""A session is good for one key with one secret, and for nobody who cannot sign."""

from pathlib import Path

import pytest

from api.keys.key import Key
from api.keys.key_ring import KeyRing, digest_of
from api.keys.sessions import Sessions
from binocle.errors import StorageError


def made(home: Path) -> tuple[KeyRing, Key, str]:
    ring = KeyRing(home / "keys.json")
    secret = ring.add("web", "read", None)
    return ring, ring.all()[0], Sessions(home).begin(ring.all()[0], digest_of(secret))


def test_a_session_is_read_by_whoever_has_the_homes_secret(tmp_path: Path) -> None:
    ring, key, session = made(tmp_path / "a")
    assert Sessions(tmp_path / "a").find(session, ring.all()) == key
    assert Sessions(tmp_path / "b").find(session, ring.all()) is None
    assert (tmp_path / "a" / "sessions.key").stat().st_mode & 0o777 == 0o600


def test_no_byte_of_a_session_can_be_changed(tmp_path: Path) -> None:
    ring, _, session = made(tmp_path)
    sessions = Sessions(tmp_path)
    for place in range(0, len(session) - 1, 5):
        other = "A" if session[place] != "A" else "B"
        changed = session[:place] + other + session[place + 1 :]
        assert sessions.find(changed, ring.all()) is None, place


def test_a_damaged_secret_is_told_with_its_remedy(tmp_path: Path) -> None:
    ring, _, session = made(tmp_path)
    (tmp_path / "sessions.key").write_bytes(b"short")
    with pytest.raises(StorageError, match="remove it"):
        Sessions(tmp_path).find(session, ring.all())


def test_removing_the_secret_ends_sessions_while_the_service_runs(tmp_path: Path) -> None:
    ring, key, _ = made(tmp_path)
    sessions = Sessions(tmp_path)
    session = sessions.begin(key, key.sha256)
    assert sessions.find(session, ring.all()) == key
    (tmp_path / "sessions.key").unlink()
    assert sessions.find(session, ring.all()) is None
    assert sessions.find(sessions.begin(key, key.sha256), ring.all()) == key
