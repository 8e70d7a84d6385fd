"""After a removal nothing of the record is left, and what is left is found."""

from pathlib import Path

import pytest

from api.http.runtime.upkeep import RemovalTraces
from api.operations.doctor.examination import Diagnosis
from api.operations.doctor.gone import examine_gone
from api.operations.doctor.repair import planned, repair
from binocle.errors import NotFoundError
from tests.support import picture_bytes
from tests.support.damages import write
from tests.support.service import running
from tests.support.shop import run_cli
from tests.support.sound_collection import NAME, bodies, opened

_WORD = "xylophonist"


class Killed(RemovalTraces):
    """A service that ended before it cleared up."""

    def clear(self, *_: object, **__: object) -> None:
        pass


def stored(home: Path, *, remove: bool, is_killed: bool = False) -> None:
    """Store a record with a word of its own over HTTP, look at it, and remove it perhaps."""
    (body,) = bodies(77, 1)
    body["id"], body["texts"] = "the-secret-record", {"title": f"a {_WORD} at work"}
    with running(home) as service:
        client = service.client(service.keys.add("w", "write", None))
        client.store(NAME, [body])
        client.thumbnail(NAME, "the-secret-record")
        client.search(NAME, [{"record": "the-secret-record"}])
        if is_killed:
            service.application.removal_traces = Killed()
        if remove:
            client.delete(NAME, "the-secret-record")


def gone(home: Path, record_id: str = "the-secret-record") -> Diagnosis:
    return examine_gone(opened(home), NAME, record_id)


def test_nothing_is_left_of_a_removed_record(home: Path, folder: Path) -> None:
    stored(home, remove=False)
    assert not gone(home).is_sound
    assert run_cli(home, "remove", "the-secret-record", "-c", NAME)[0] == 0
    found = gone(home)
    assert found.is_sound, found.findings
    for path in folder.rglob("*"):  # the bytes themselves
        if path.is_file():
            data = path.read_bytes()
            assert b"the-secret-record" not in data, path
            assert _WORD.encode() not in data, path
    code, out, _ = run_cli(home, "doctor", NAME, "--gone", "the-secret-record")
    assert code == 0
    assert "nothing is left of 'the-secret-record'" in out


def test_a_service_leaves_nothing_of_what_it_removed(home: Path) -> None:
    stored(home, remove=True)
    found = gone(home)
    assert found.is_sound, found.findings


def test_what_a_service_leaves_is_told_and_repaired(home: Path, folder: Path) -> None:
    stored(home, remove=True, is_killed=True)
    found = gone(home)
    assert not found.is_sound
    repair(found, planned(found))
    assert gone(home).is_sound, gone(home).findings
    assert all(
        _WORD.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file()
    )


def test_pictures_of_no_record_are_told(home: Path, folder: Path) -> None:
    for place in ("uploads", "quarantine/uploads", "thumbnails"):
        path = folder / place / "ab" / ("ab" * 32)
        path.parent.mkdir(parents=True)
        path.write_bytes(picture_bytes(1))
        assert not gone(home, "nobody-ever").is_sound
        path.unlink()
        path.parent.rmdir()
    assert gone(home, "nobody-ever").is_sound


def test_damaged_file_of_queries_is_told_as_what_it_is(home: Path, folder: Path) -> None:
    write("turns.sqlite", b"no database" * 999)(folder)
    found = gone(home, "nobody-ever")
    (damage,) = [one for one in found.findings if one.level == "damage"]
    assert (damage.repair, "turns.sqlite" in damage.message) == ("queries", True)
    repair(found, planned(found))
    assert gone(home, "nobody-ever").is_sound


def test_unknown_collection(home: Path) -> None:
    with pytest.raises(NotFoundError):
        examine_gone(opened(home), "other", "x")
