"""``python -m experiments.engines.engine_kills SERVER``: kill -9 of follower, service and server.

The follower writes records, removes some, and pushes. The service is searched while somebody else
writes; the server is killed with all its processes while a follower pushes to it. After each kill
the collection is opened anew and compared with its catalogue: which parts are there, and whether
an exhaustive search answers as a scan of the catalogue's vectors. SERVER is where PostgreSQL's
programs are, or ``milvus``.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from binocle.catalog.base import CatalogReader
from binocle.collection.collection import Collection
from binocle.encoders.colour import ColourEncoder
from binocle.errors import UnreachableError
from binocle.media.kinds import KINDS
from binocle.types import Kind, NewPart, NewRecord
from binocle.vectors.base import VectorStore, VectorView, top_k
from binocle.vectors.location import open_store
from experiments.engines.local_milvus import Milvus, OldMilvus, milvus_server
from experiments.engines.local_server import LocalServer, local_server

_SPACE = ColourEncoder().space
_FIRST, _K, _QUERIES = 3000, 20, 5
_STARTED_S = 300
_LEASE_S = 30  # of a Milvus beside which other work is done


@dataclass(slots=True)
class KillTrial:
    """What the kills of one process did.

    Attributes:
        kills: How many there were.
        cut: How many left the engine behind the catalogue.
        lost: Parts that were not there, or answers that lacked some.
        doubled: Parts that were there twice, or that the catalogue does not have.
        parts: How many there were in the end.
    """

    kills: int = 0
    cut: int = 0
    lost: int = 0
    doubled: int = 0
    parts: int = 0


def main() -> None:
    """Kill each process many times, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="follower, service or server")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print("| killed | times | engine behind then | parts in the end | lost | doubled |", flush=True)
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as home, _running(options.server) as server:
        folder = Path(home, "collections", "kills")
        with Collection(folder, create=True, new_vectors=server.address) as collection:
            collection.claim_space(_SPACE)
            collection.upsert([_record(f"first {n}", n) for n in range(_FIRST)])
            collection.save_indices()
        victims: dict[str, Callable[[], None]] = {
            "follower": lambda: _kill_follower(folder, chance),
            "service": lambda: _kill_service(Path(home), folder, chance),
            "server": lambda: _kill_server(server, folder, chance),
        }
        for name, kill in victims.items():
            if options.only not in {None, name}:
                continue
            trial = KillTrial()
            for _ in range(options.kills):
                kill()
                trial.kills += 1
                _compare(folder, trial)
            print(
                f"| {name} | {trial.kills} | {trial.cut} | {trial.parts:,} | {trial.lost} | "
                f"{trial.doubled} |",
                flush=True,
            )


def _running(name: str) -> AbstractContextManager[LocalServer | Milvus]:
    return milvus_server(_milvus) if name == "milvus" else local_server(Path(name))


def _milvus(folder: Path, port: int) -> OldMilvus:
    return OldMilvus(folder, port, lease_s=_LEASE_S)


def follow(folder: Path, seed: int, *, pushes: bool) -> None:
    """Write, remove and push for ever, for a process of its own."""
    chance = random.Random(seed)
    with Collection(folder) as collection:
        print("ready", flush=True)
        for turn in range(10**6):
            names = [f"{seed} {turn} {one}" for one in range(40)]
            collection.upsert([_record(name, chance.randrange(2**31)) for name in names])
            collection.remove([f"{seed} {turn - 1} {one}" for one in range(0, 40, 3)])
            collection.remove([f"first {chance.randrange(_FIRST)}"])
            if pushes:
                collection.save_indices()


def _record(name: str, seed: int) -> NewRecord:
    rng = np.random.default_rng(seed)
    parts = []
    for kind in KINDS:
        row = rng.standard_normal(_SPACE.dimension).astype(np.float32)
        row /= np.linalg.norm(row)
        digest = rng.bytes(32)
        parts.append(NewPart(kind, kind, name, digest, row, text=name if kind == "text" else None))
    return NewRecord(name, name, {}, tuple(parts))


def _kill_follower(folder: Path, chance: random.Random) -> None:
    with _following(folder, chance, pushes=True) as process:
        time.sleep(chance.uniform(0.0, 1.5))
        process.send_signal(signal.SIGKILL)


def _kill_server(server: LocalServer | Milvus, folder: Path, chance: random.Random) -> None:
    with _following(folder, chance, pushes=True) as process:
        time.sleep(chance.uniform(0.0, 1.5))
        server.kill()
        time.sleep(0.5)
        assert process.poll() is None, "the follower did not outlive the server"
        server.start()
        time.sleep(0.5)
        assert process.poll() is None, "the follower did not outlive the server's start"


def _kill_service(home: Path, folder: Path, chance: random.Random) -> None:
    port = chance.randrange(20_000, 60_000)
    command = [sys.executable, "-m", "api.cli.main", "serve", "--port", str(port)]
    variables = {**os.environ, "BINOCLE_HOME": str(home), "BINOCLE_MODEL": "colour"}
    with (
        _following(folder, chance, pushes=False),
        subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL) as service,
    ):
        try:
            _search(port, wait_s=_STARTED_S)
            ends = time.monotonic() + chance.uniform(0.0, 1.5)
            while time.monotonic() < ends:
                assert _search(port) == _K
        finally:
            service.send_signal(signal.SIGKILL)


def _search(port: int, *, wait_s: float = 0.0) -> int:
    """Return how many hits the service finds; wait until it answers."""
    body = json.dumps({"query": "red", "limit": _K, "mode": "semantic"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/collections/kills/search", body,
        {"Content-Type": "application/json"},
    )  # fmt: skip
    ends = time.monotonic() + wait_s
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
                return len(json.load(answer)["hits"])
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


@contextmanager
def _following(
    folder: Path, chance: random.Random, *, pushes: bool
) -> Iterator[subprocess.Popen[bytes]]:
    seed = chance.randrange(10**6)
    program = (
        "from pathlib import Path; from experiments.engines.engine_kills import follow; "
        f"follow(Path({str(folder)!r}), {seed}, pushes={pushes})"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def _compare(folder: Path, trial: KillTrial) -> None:
    """Compare a collection with its catalogue: as it was left, and once more when it is pushed."""
    trial.parts = 0
    with Collection(folder) as collection:
        with collection.reading() as session:
            change = session.history.change()
        store = _opened(folder)
        mark = store.watermark()
        trial.cut += mark is None or mark.change < change
        for _ in range(2):
            snapshot = collection.snapshot()
            with collection.reading() as session:
                for kind in KINDS:
                    compare_kind(session, snapshot.vectors(kind), kind, trial)
            collection.save_indices()
    with Collection(folder) as collection, collection.reading() as session:
        for kind in KINDS:
            trial.parts += compare_kind(session, collection.snapshot().vectors(kind), kind, trial)


def _opened(folder: Path) -> VectorStore:
    """Open the vectors as soon as the server has read again what it had."""
    ends = time.monotonic() + _STARTED_S
    while True:
        try:
            store = open_store(folder / "image", _SPACE)
            store.at(2**62).search(np.eye(1, _SPACE.dimension, dtype=np.float32), 1)
        except UnreachableError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)
        else:
            return store


def compare_kind(session: CatalogReader, there: VectorView, kind: Kind, trial: KillTrial) -> int:
    """Note what a view lacks, or has beyond the catalogue; return how many parts there are."""
    found = list(session.parts.after(kind, 0, _SPACE.dimension))
    ids = np.concatenate([one.part_ids for one in found])
    rows = np.concatenate([one.rows for one in found]).astype(np.float64)
    stored = there.ids()
    trial.lost += len(np.setdiff1d(ids, stored))
    trial.doubled += len(stored) - len(np.unique(stored)) + len(np.setdiff1d(stored, ids))
    rng = np.random.default_rng(len(ids))
    for query in rng.standard_normal((_QUERIES, _SPACE.dimension)):
        row = (query / np.linalg.norm(query)).astype(np.float32)
        scores = (rows @ row.astype(np.float64)).astype(np.float32)
        _, right = top_k(scores, ids, _K)
        (answer,) = there.search(row[np.newaxis], _K, exact=True)
        trial.lost += len(np.setdiff1d(right, answer.part_ids))
        trial.doubled += len(answer.part_ids) - len(np.unique(answer.part_ids))
    return len(ids)


if __name__ == "__main__":
    main()
