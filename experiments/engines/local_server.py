"""A PostgreSQL of one's own to be killed: of given programs, in a folder that goes away."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_USER = "binocle"
_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on a socket; commits are on disk when they are acknowledged.

    Attributes:
        programs: Where ``initdb`` and ``pg_ctl`` are.
        folder: Has the socket and the databases.
    """

    programs: Path
    folder: Path

    @property
    def address(self) -> str:
        """For ``BINOCLE_VECTORS``."""
        return f"postgresql+psycopg://{_USER}@/postgres?host={self.folder}"

    def make(self) -> None:
        """Make its databases."""
        self._run("initdb", "-A", "trust", "-U", _USER, "-E", "UTF8", "--locale=C.UTF-8")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}")
        options = " ".join(f"-c {one}" for one in settings)
        self._run("pg_ctl", "-w", "-t", str(_WAIT_S), "-o", options, "-l", f"{self.folder}/log",
                  "start")  # fmt: skip

    def kill(self) -> None:
        """Kill it and all its processes at once."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for one in (first, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        ends = time.monotonic() + _WAIT_S
        while any(Path(f"/proc/{one}").exists() for one in (first, *children)):
            if time.monotonic() > ends:
                raise TimeoutError("the server's processes do not end")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop it."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def _run(self, program: str, *options: str) -> None:
        as_another: dict[str, Any] = {}
        if os.getuid() == 0:  # whom PostgreSQL does not run for
            as_another = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *options],
            check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **as_another,
        )  # fmt: skip


@contextmanager
def local_server(programs: Path) -> Iterator[LocalServer]:
    """Give a server that runs, and leave nothing of it."""
    folder = Path(tempfile.mkdtemp(prefix="binocle-kills-"))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = LocalServer(programs, folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
