"""How the service is started: TLS, the data home, the log."""

import contextlib
import json
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from api.cli.serve import tell_if_open_to_others
from tests.support.command_line import CommandLine
from tests.support.service import free_port, served


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", folder / "key.pem", "-out", folder / "chain.pem", "-days", "2",
         "-subj", "/CN=localhost", "-addext", names],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "chain.pem", folder / "key.pem"


def test_service_answers_over_tls_with_its_certificate_and_logs_json(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    chain, key = certificate
    port = free_port()
    options = ("--tls-certificate", str(chain), "--tls-key", str(key), "--log-format", "json")
    trust = ssl.create_default_context(cafile=str(chain))
    log = tmp_path / "log"
    home = tmp_path / "home"
    with served(home, port, *options, verify=trust, log=log, max_connections="8") as service:
        with httpx.Client(base_url=f"https://localhost:{port}", verify=trust) as http:
            assert http.put("/v1/collections/c").status_code == 200
            assert http.get("/v1/collections/c/search", params={"q": "red"}).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(f"https://localhost:{port}/healthz")
        with socket.create_connection(("127.0.0.1", port)) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" not in plain.recv(1000)
        with contextlib.ExitStack() as stack:  # those that say nothing make room, too
            address = ("127.0.0.1", port)
            silent = [stack.enter_context(socket.create_connection(address)) for _ in range(30)]
            assert httpx.get(f"https://localhost:{port}/healthz", verify=trust).status_code == 200
            for one in silent[:20]:
                one.settimeout(20)
                with contextlib.suppress(ConnectionResetError):
                    assert one.recv(1) == b""
            silent[-1].setblocking(False)
            with pytest.raises(BlockingIOError):
                silent[-1].recv(1)
        context = ssl.create_default_context(cafile=str(chain))
        with (
            socket.create_connection(address) as idle,
            context.wrap_socket(idle, server_hostname="localhost"),
        ):  # a client that does not answer holds up no end
            service.terminate()
            assert service.wait(20) is not None
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    routes = [line["route"] for line in lines if line.get("event") == "access"]
    assert "/v1/collections/{name}/search" in routes
    assert any(line.get("event") == "audit" for line in lines)


def test_certificate_that_cannot_be_used_is_told_in_one_line(
    warm: CommandLine, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    locked = tmp_path / "locked.pem"
    change = ["openssl", "pkey", "-in", str(certificate[1]), "-out", str(locked)]
    encrypting = ["-aes128", "-passout", "pass:x"]
    subprocess.run([*change, *encrypting], check=True, capture_output=True)
    for options, told in (
        (("--tls-certificate", str(certificate[0])), "needs its key"),
        (("--tls-certificate", str(tmp_path / "no.pem"), "--tls-key", str(certificate[1])), "PEM"),
        (("--tls-certificate", str(certificate[0]), "--tls-key", str(locked)), "passphrase"),
    ):
        environment = {"BINOCLE_HOME": str(tmp_path / "home"), "PATH": ""}
        ended = warm.run(["serve", "--port", "0", *options], environment)
        assert ended.returncode == 2
        assert told in ended.stderr
        assert "Traceback" not in ended.stderr


def test_home_that_others_can_read_is_told_of_and_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    tell_if_open_to_others(home)
    home.mkdir(0o700)
    tell_if_open_to_others(home)
    assert not caplog.records
    home.chmod(0o750)
    tell_if_open_to_others(home)
    assert "chmod -R go-rwx" in caplog.text
    assert home.stat().st_mode & 0o777 == 0o750


_TELLING_WHAT_IS_FROZEN = """
import gc, sys, threading, time
def tell():
    while True:
        print("frozen", gc.get_freeze_count(), file=sys.stderr, flush=True)
        time.sleep(0.1)
threading.Thread(target=tell, daemon=True).start()
from api.cli import main
main.main(sys.argv[1:])
"""


def test_what_a_service_has_imported_is_not_looked_through_for_garbage(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = ("-c", _TELLING_WHAT_IS_FROZEN)
    with served(tmp_path / "home", free_port(), log=log, program=program):
        time.sleep(0.5)
    counts = [int(one.split()[1]) for one in log.read_text().splitlines() if "frozen " in one]
    assert counts[0] == 0
    assert counts[-1] > 50_000
