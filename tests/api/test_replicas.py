"""Two services over one home and one PostgreSQL: either answers, and one at a time is restarted."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from binocle_client import Client, picture
from binocle_client.requests import RecordBody, RefinementBody
from tests.support import picture_bytes
from tests.support.postgres_server import PostgresServer
from tests.support.service import free_port, served

pytestmark = pytest.mark.slow
_RECORDS = 60


class Replicas:
    """Services behind a balancer that knows which of them are to be asked."""

    def __init__(self, home: Path, address: str, stack: ExitStack) -> None:
        self._home, self._address, self._stack = home, address, stack
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.ports = [self.start(free_port()) for _ in range(2)]
        self.clients = {port: Client(f"http://127.0.0.1:{port}", retries=0) for port in self.ports}
        self.asked = list(self.ports)

    def start(self, port: int) -> int:
        self._processes[port] = self._stack.enter_context(
            served(self._home, port, catalog=self._address)
        )
        return port

    def restart(self, port: int) -> None:
        """Take one out of the rotation, stop it, start it, and put it back."""
        self.asked.remove(port)
        time.sleep(0.2)  # as a pod waits before it is told to end
        self._processes[port].send_signal(signal.SIGTERM)
        assert self._processes[port].wait(30) in (0, -signal.SIGTERM)
        self.start(port)
        self.asked.append(port)

    def client(self, turn: int) -> Client:
        asked = list(self.asked)
        return self.clients[asked[turn % len(asked)]]


@pytest.fixture
def replicas(tmp_path: Path, server: PostgresServer) -> Iterator[Replicas]:
    with ExitStack() as stack:
        made = Replicas(tmp_path / "home", server.address, stack)
        yield made
        for one in made.clients.values():
            one.close()


def test_either_answers_while_they_are_restarted_one_by_one(replicas: Replicas) -> None:
    one, other = (replicas.clients[port] for port in replicas.ports)
    one.put_collection("c")
    other.store(
        "c",
        [RecordBody(id=f"r{n:02}", texts={"t": f"red thing {n}"}) for n in range(_RECORDS)],
    )
    one.store("c", [RecordBody(id="pictured", images=[picture(picture_bytes(3))])])
    job = one.start_duplicates("c")
    assert other.wait_for_job("c", job.id).state == "done"
    assert [found.id for found in other.jobs().jobs] == [job.id]
    first = one.search("c", "red", limit=5, target="text")
    assert other.search("c", refine=RefinementBody(turn=first.turn or ""), limit=5).hits

    done, failed, answered = threading.Event(), list[str](), [0]

    def ask(number: int) -> None:
        turn = number
        while not done.is_set():
            turn += 1
            try:
                if number:
                    assert replicas.client(turn).search("c", "red", limit=3).hits
                else:
                    body = RecordBody(id=f"new {turn}", texts={"t": "red, too"})
                    replicas.client(turn).store("c", [body])
                    time.sleep(0.2)
                answered[0] += 1
            except Exception as error:  # all of them are told below
                failed.append(repr(error))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    seen: list[str] = []
    try:
        cursor, page = None, 0
        while page == 0 or cursor is not None:
            if page in (3, 7):
                replicas.restart(replicas.ports[page == 7])
            answer = replicas.client(page).search(
                "c", "red", limit=9, target="text", beyond=True, cursor=cursor
            )
            seen += [hit.id for hit in answer.hits]
            cursor, page = answer.cursor, page + 1
            if page > 12 and {f"r{n:02}" for n in range(_RECORDS)} <= set(seen):
                break  # what was stored meanwhile may come, without end
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    assert failed == []
    assert answered[0] > 20
    assert len(seen) == len(set(seen)), "a record was on two pages"
    assert {f"r{n:02}" for n in range(_RECORDS)} <= set(seen), "a record was skipped"
