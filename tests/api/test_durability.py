"""What is acknowledged outlives the process."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from binocle_client import Client, ClientError, picture
from binocle_client.requests import RecordBody
from tests.support import picture_bytes
from tests.support.service import free_port, ready, running, served
from tests.support.shop import run_cli


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_acknowledged_records_survive_kill_9(tmp_path: Path, seed: int) -> None:
    port, home = free_port(), tmp_path / "home"
    url = f"http://127.0.0.1:{port}"
    acknowledged: list[int] = []

    def store() -> None:
        number = 0
        with Client(url, retries=0) as client:
            try:
                while True:
                    pair = (number, number + 1)
                    records = [
                        RecordBody(
                            id=str(one),
                            images=[picture(picture_bytes(one))],
                            texts={"title": f"picture {one}"},
                            metadata={"n": one},
                        )
                        for one in pair
                    ]
                    assert client.store("c", records).stored == 2
                    acknowledged.extend(pair)
                    number += 2
            except ClientError:
                return

    with served(home, port) as process:
        with Client(url) as client:
            client.put_collection("c")
        writer = threading.Thread(target=store)
        writer.start()
        give_up = time.monotonic() + 60
        while len(acknowledged) <= 10 and time.monotonic() < give_up:
            time.sleep(0.02)
        time.sleep(random.Random(seed).random())
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        writer.join(30)
        assert not writer.is_alive()
    assert len(acknowledged) > 10
    with served(home, port), Client(url) as client:
        for one in acknowledged:
            record = client.record("c", str(one))
            assert record.metadata["n"] == one
            assert [part.kind for part in record.parts] == ["image", "text"]
            assert client.image("c", str(one)) == picture_bytes(one)
        last = acknowledged[-1]
        hit = client.search_image("c", picture_bytes(last)).hits[0]
        assert (hit.id, round(hit.similarity, 4)) == (str(last), 1)
        assert client.collection("c").records - len(acknowledged) in (0, 2)
        assert client.store("c", [RecordBody(id="new", texts={"t": "x"})]).stored == 1


@pytest.mark.slow
def test_request_in_flight_is_finished_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path / "home", port) as process, ExitStack() as stack:
        url = f"http://127.0.0.1:{port}"
        client = stack.enter_context(Client(url))
        client.put_collection("c")
        body = json.dumps({"records": [{"id": "x", "texts": {"t": "red"}}]}).encode()
        head = (
            "POST /v1/collections/c/records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        connection.sendall(head.encode() + body[:10])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        connection.sendall(body[10:])
        connection.settimeout(20)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"stored":1' in answer
        assert process.wait(20) in (0, -signal.SIGTERM)
    with served(tmp_path / "home", port), Client(url) as again:
        assert again.record("c", "x").id == "x"


@pytest.mark.slow
def test_idle_service_ends_soon_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    with served(tmp_path / "home", port) as process, Client(f"http://127.0.0.1:{port}") as client:
        client.put_collection("c")
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
        assert time.monotonic() - started < 5


def test_everything_in_the_data_home_is_its_owners_alone(tmp_path: Path, photos: Path) -> None:
    """Whatever the umask, and whichever door made it."""
    home = tmp_path / "data" / "home"
    before = os.umask(0)
    try:
        assert run_cli(home, "index", photos, "-c", "photos")[0] == 0
        with running(home) as service:
            client = service.client(service.keys.add("boss", "admin", None))
            client.put_collection("c")
            data = picture_bytes(1)
            client.store("c", [RecordBody(id="x", images=[picture(data)], texts={"t": "red"})])
            client.search("c", "red")
            client.thumbnail("c", "x")
            client.wait_for_job("c", client.start_duplicates("c").id)
    finally:
        os.umask(before)
    made = [home.parent, home, *home.rglob("*")]
    assert len(made) > 20
    open_ones = {
        str(path.relative_to(tmp_path)): oct(path.stat().st_mode & 0o777)
        for path in made
        if path.stat().st_mode & 0o077
    }
    assert open_ones == {}


@pytest.mark.slow
def test_collection_on_a_full_disk_is_searched_from_the_first_time_on(
    tmp_path: Path, photos: Path
) -> None:
    """Where nothing at all can be written; a limit of the system is the full disk."""
    home = tmp_path / "home"
    assert run_cli(home, "index", photos)[0] == 0
    nothing = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]
    program = [*nothing, sys.executable, "-m", "api.cli.main", "--home", str(home)]
    environment = {**os.environ, "BINOCLE_MODEL": "colour"}
    searched = subprocess.run(
        [*program, "search", "red", "--json"],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert searched.returncode == 0, searched.stderr
    assert len(json.loads(searched.stdout)["hits"]) > 3
    port = free_port()
    service = subprocess.Popen(
        [*program, "serve", "--port", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        with Client(ready(service, port)) as client:
            first = client.search("default", "red", limit=2)
            assert len(first.hits) == 2
            assert len(client.search("default", "red", limit=2, cursor=first.cursor).hits) == 2
            assert client.thumbnail("default", first.hits[0].id)
    finally:
        service.kill()
        service.wait(30)
