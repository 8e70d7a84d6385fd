"""Servers of Milvus of one's own: 2.3.5 as PyPI has it, and milvus-lite with today's API."""

import lzma
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock
from platformdirs import user_cache_path

from binocle.errors import UnreachableError

_SETTINGS = {  # so that nobody waits for what is only done now and then
    "proxy.timeTickInterval": 50,
    "queryCoord.checkInterval": 100,
    "queryCoord.distPullInterval": 100,
    "queryCoord.checkHandoffInterval": 500,
}
_MORE_SETTINGS = {
    "queryCoord:": "  updateNextTargetInterval: 1\n  checkSegmentInterval: 100\n"
    "  checkChannelInterval: 100\n  checkIndexInterval: 100",
    "indexCoord:": "  scheduler:\n    interval: 100",
    "etcd:": "  config:\n    path: configs/etcd.yaml",
}
_ETCD = """name: default
listen-client-urls: http://127.0.0.1:{0}
advertise-client-urls: http://127.0.0.1:{0}
listen-peer-urls: http://127.0.0.1:{1}
initial-advertise-peer-urls: http://127.0.0.1:{1}
initial-cluster: default=http://127.0.0.1:{1}
"""  # its own ports are the same for all servers of a machine
_PORTS = (
    "etcd_port", "root_coord_port", "proxy_internal_port", "query_coord_port", "query_node_port",
    "index_coord_port", "index_node_port", "data_coord_port", "data_node_port",
)  # fmt: skip
_READY_WITHIN_S = 300


@dataclass
class OldMilvus:
    """A server of version 2.3.5, of the wheel ``milvus``.

    Attributes:
        folder: Has all it keeps.
        port: Where it listens.
        lease_s: What a server that was killed had is free again after so many s. One that gets no
            processor for as long ends by itself.
    """

    folder: Path
    port: int
    lease_s: int = 8
    _process: Any = None

    @property
    def address(self) -> str:
        """For ``BINOCLE_VECTORS``."""
        return f"milvus://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if not self.folder.exists():
            self._configure()
        programs, health = _unpacked(), free_port()
        self._process = subprocess.Popen(
            # of those that have the same name, a machine runs one
            [programs / "milvus", "run", "standalone", "-alias", str(self.port)],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(health),
                 "LD_LIBRARY_PATH": str(programs)},
        )  # fmt: skip
        _wait_until(partial(_is_healthy, f"http://127.0.0.1:{health}/healthz"), self.address)

    def _configure(self) -> None:
        from milvus import MilvusServerConfig

        self.folder.mkdir()
        ports = {name: free_port() for name in _PORTS}
        config = MilvusServerConfig(data_dir=str(self.folder), proxy_port=self.port, **ports)
        for name, value in {**_SETTINGS, "common.session.ttl": self.lease_s}.items():
            config.set(name, value)
        config.resolve()
        file = self.folder / "configs" / "milvus.yaml"
        text = file.read_text()
        for section, lines in _MORE_SETTINGS.items():
            text = text.replace(f"\n{section}\n", f"\n{section}\n{lines}\n", 1)
        file.write_text(text)
        etcd = _ETCD.format(config.get("etcd_port"), free_port())
        (self.folder / "configs" / "etcd.yaml").write_text(etcd)

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop it."""
        self.kill()  # it would take ten seconds to end by itself


@dataclass
class LiteMilvus:
    """A server of milvus-lite, which speaks today's API; see ``OldMilvus``."""

    folder: Path
    port: int
    _process: Any = None

    @property
    def address(self) -> str:
        """For ``BINOCLE_VECTORS``."""
        return f"milvus://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "milvus_lite", "server", "--host", "127.0.0.1",
             "--port", str(self.port), "--data-dir", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait_until(partial(_is_listening, self.port), self.address)

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(30)


Milvus = OldMilvus | LiteMilvus


def wait_until_it_answers(server: Milvus) -> None:
    """Wait for what a server reads again after it was killed."""
    from binocle.vectors.engines.milvus.opening import prepare

    def answers() -> bool:
        try:
            prepare(server.address, "binocle")
        except UnreachableError:
            return False
        return True

    _wait_until(answers, server.address)


@contextmanager
def milvus_server(kind: Callable[[Path, int], Milvus]) -> Iterator[Milvus]:
    """Run a server in a folder that goes with it."""
    with TemporaryDirectory(prefix="binocle-milvus-") as folder:
        server = kind(Path(folder, "data"), free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _unpacked() -> Path:
    """Return where the programs of the wheel are, unpacked once and for all."""
    import milvus

    packed = Path(milvus.__file__).parent / "data" / "bin"
    there = user_cache_path("binocle-tests") / f"milvus-{milvus.__version__}"
    there.mkdir(parents=True, exist_ok=True)
    with FileLock(there / "lock"), ThreadPoolExecutor() as pool:
        list(pool.map(partial(_unpack, there), sorted(packed.glob("*.lzma"), key=_size)))
    return there


def _unpack(folder: Path, packed: Path) -> None:
    program = folder / packed.stem
    if not program.exists():
        whole = program.with_suffix(".part")
        with lzma.open(packed) as source, whole.open("wb") as target:
            shutil.copyfileobj(source, target, 2**20)
        whole.chmod(0o755)
        whole.replace(program)


def _size(path: Path) -> int:
    return -path.stat().st_size


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own
            return b"OK" in answer.read()
    except OSError:
        return False


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(is_ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while not is_ready():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} is not ready after {_READY_WITHIN_S} s")
        time.sleep(0.1)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
