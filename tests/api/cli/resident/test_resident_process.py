"""The process that runs searches listens to its user alone, and ends when nobody asks."""

import os
import socket
import stat
from pathlib import Path

import pytest

from api.cli.resident import resident_process
from api.cli.resident.asking import LENGTH, LISTENS_AT

NOTHING = resident_process.AtTheReady("", {}, lambda *_: pytest.fail("it ran"))


def test_a_socket_is_its_users_alone_and_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "one.sock"
    before = os.umask(0)
    try:
        with (
            socket.socket(socket.AF_UNIX) as first,
            socket.socket(socket.AF_UNIX) as second,
            socket.socket(socket.AF_UNIX) as client,
        ):
            earlier = resident_process.listen_at(path, first)
            now = resident_process.listen_at(path, second)
            client.connect(str(path))
            second.settimeout(10)
            second.accept()[0].close()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert not resident_process._is_there(path, earlier)
            assert resident_process._is_there(path, now)
            assert [one.name for one in tmp_path.iterdir()] == ["one.sock"]
    finally:
        assert os.umask(before) == 0


@pytest.mark.parametrize("reason", ["idle", "not wanted"])
def test_it_ends_by_itself(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident_process, "_LOOKED_S", 0.01)
    asked: list[str] = []
    if reason == "idle":
        monkeypatch.setattr(resident_process, "_IDLE_S", 0.1)

    def is_wanted() -> bool:
        asked.append(reason)
        return reason == "idle"

    with socket.socket(socket.AF_UNIX) as listener:
        resident_process.listen_at(tmp_path / "one.sock", listener)
        resident_process.serve(listener, NOTHING, is_wanted)
    assert len(asked) == 1 or reason == "idle"


def test_what_is_no_request_forks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("it was taken for one"))
    left = [b"", b"no", LENGTH.pack(2**60), LENGTH.pack(2) + b"{}", LENGTH.pack(2) + b"[]"]
    with socket.socket(socket.AF_UNIX) as listener:
        resident_process.listen_at(tmp_path / "one.sock", listener)
        for sent in left:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(tmp_path / "one.sock"))
                socket.send_fds(client, [sent or b"x"], [0, 1, 2])
                client.shutdown(socket.SHUT_WR)
                resident_process.serve(listener, NOTHING, lambda: False)
                assert client.recv(1) == b""


def test_of_several_that_start_one_loads_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.sock"
    begun: list[Path] = []
    monkeypatch.setattr(resident_process, "_listen", lambda path, *_: begun.append(path))

    def start() -> None:
        monkeypatch.setenv(LISTENS_AT, str(path))
        resident_process.listen(NOTHING.run_command)

    with resident_process.only_one(path.with_suffix(".lock")) as is_only:
        assert is_only
        start()
        assert begun == []
    start()
    assert begun == [path]
    assert [*tmp_path.iterdir()] == []
