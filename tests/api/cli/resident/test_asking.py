"""A search that a process with its imports done runs is the search that runs here."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.main import run_command
from api.cli.resident import asking
from binocle.errors import BinocleError
from tests.support import ROOT, write_photos
from tests.support.command_line import CommandLine

SEARCH = ("search", "-c", "shop", "red")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, warm: CommandLine) -> Path:
    folder = tmp_path_factory.mktemp("resident")
    write_photos(folder / "photos")
    environment = os.environ | {"BINOCLE_HOME": str(folder), "BINOCLE_MODEL": "colour"}
    assert warm.run(["index", str(folder / "photos"), "-c", "shop"], environment).returncode == 0
    return folder


@pytest.fixture(autouse=True)
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINOCLE_HOME", str(home))
    monkeypatch.setenv("BINOCLE_MODEL", "colour")
    monkeypatch.delenv(asking.SWITCH, raising=False)


@pytest.fixture(scope="module")
def listening(home: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BINOCLE_HOME", str(home))
        path = asking.socket_of(SEARCH)
        assert path is not None
        asking.start(path)
    wait_for(path)
    yield path
    path.unlink(missing_ok=True)
    process = asking._started.pop()
    process.terminate()
    process.wait()


def test_answers_there_are_those_of_here(
    listening: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*SEARCH, asking.OPTION]) == 0
    here = capfd.readouterr()
    assert asking.run_there(listening, SEARCH) == 0
    assert capfd.readouterr() == here
    assert "photos" in here.out
    assert stat.S_IMODE(listening.lstat().st_mode) == 0o600


def test_a_command_goes_there_by_itself_and_fails_there_as_here(
    listening: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = ["search", "-c", "nothing", "red"]
    assert run_command([*missing, asking.OPTION]) == 1
    here = capfd.readouterr()
    monkeypatch.setattr("api.cli.main.cli.main", lambda *_, **__: pytest.fail("it ran here"))
    assert run_command(missing) == 1
    assert capfd.readouterr() == here
    assert "there is no collection 'nothing'" in here.err


def test_it_has_folder_and_variables_of_who_asks(
    listening: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert asking.run_there(listening, [*SEARCH, "--sheet", "found.html"]) == 0
    assert (tmp_path / "found.html").is_file()
    monkeypatch.setenv("BINOCLE_MAX_PIXELS", "none")
    assert asking.run_there(listening, [*SEARCH]) == 2


def test_today_is_that_of_who_asks(
    listening: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    days = []
    for zone in ("Etc/GMT+12", "Pacific/Kiritimati"):  # never the same day
        monkeypatch.setenv("TZ", zone)
        assert asking.run_there(listening, [*SEARCH, "--where", "taken_at in today", "--json"]) == 0
        days.append(json.loads(capfd.readouterr().out)["looking_for"])
    assert days[0] != days[1]


def test_a_search_runs_here_where_its_folder_cannot_be_entered_there(
    listening: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "of another user")
    assert asking.run_there(listening, SEARCH) is None


def test_another_state_of_the_program_is_refused_and_has_a_socket_of_its_own(
    listening: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "__version__", "0.0.0")
    assert asking.socket_of(SEARCH) != listening
    assert asking.run_there(listening, SEARCH) is None


@pytest.mark.parametrize("state", ["absent", "of others", "a file", "nobody listens"])
def test_a_socket_that_cannot_be_used_has_the_search_run_here(state: str, tmp_path: Path) -> None:
    path = tmp_path / "one.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        if state == "a file":
            path.touch(0o600)
        elif state != "absent":
            listener.bind(str(path))
            path.chmod(0o600)
        if state == "of others":
            listener.listen()
            path.chmod(0o666)
        assert asking.run_there(path, SEARCH) is None


@pytest.mark.parametrize(
    "arguments",
    [["index", "."], ["--version"], [*SEARCH, asking.OPTION], [*SEARCH, "--show"], [], ["--home"],
     ["search", "--help"], ["--home", "/nowhere", *SEARCH], [*SEARCH, "--home=/nowhere"]],
)  # fmt: skip
def test_other_commands_run_here(arguments: list[str]) -> None:
    assert asking.socket_of(arguments) is None


def test_a_closed_stream_has_the_search_run_here(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert asking.socket_of(SEARCH) is None


@pytest.mark.parametrize("started", [[], ["nice"], ["unshare", "--map-root-user", "--mount"]])
def test_searches_of_another_priority_or_container_have_a_process_of_their_own(
    started: list[str],
) -> None:
    asked = "from api.cli.resident.asking import program; print(program())"
    command = [*started, sys.executable, "-c", asked]
    found = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if started[:1] == ["unshare"] and found.returncode:
        pytest.skip("needs the right to make namespaces")
    assert (found.stdout.strip() == asking.program()) == (not started)


def test_a_setting_turns_it_off(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking.socket_of(["--home", str(home), *SEARCH]) == asking.socket_of(SEARCH)
    monkeypatch.setenv(asking.SWITCH, "0")
    assert asking.socket_of(SEARCH) is None


def test_no_process_is_started_for_a_home_where_it_cannot_listen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / ("a" * 40) / ("b" * 40)
    (far / "collections").mkdir(parents=True)
    monkeypatch.setenv("BINOCLE_HOME", str(far))
    assert asking.socket_of(SEARCH) is None


def test_a_search_that_dies_there_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "one.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()

        def die() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as reader:
                (length,) = asking.LENGTH.unpack(reader.read(asking.LENGTH.size))
                reader.read(length)
                connection.sendall(asking.NUMBER.pack(0))

        thread = threading.Thread(target=die)
        thread.start()
        with pytest.raises(BinocleError, match="--no-resident"):
            asking.run_there(path, SEARCH)
        thread.join()


def test_who_is_told_to_end_tells_the_search() -> None:
    waiting = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    before = signal.getsignal(signal.SIGTERM)
    with asking._passing_signals_to(waiting.pid):
        signal.raise_signal(signal.SIGTERM)
    assert waiting.wait() == -signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == before
