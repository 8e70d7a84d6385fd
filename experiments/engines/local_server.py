"""A PostgreSQL of one's own: of given programs, in a folder that goes away."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

OWNER, STRANGER = "binocle", "stranger"
_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on a socket, with a superuser ``binocle``; ``stranger`` needs a password.

    Attributes:
        programs: Where ``initdb`` and ``pg_ctl`` are.
        folder: Has the socket and, in ``data``, the databases.
        settings: Beside the socket's; with none, acknowledged commits are on disk.
    """

    programs: Path
    folder: Path
    settings: Sequence[str] = ()

    @property
    def address(self) -> str:
        """For ``BINOCLE_CATALOG`` and ``BINOCLE_VECTORS``."""
        return self.address_of(OWNER)

    def address_of(self, user: str) -> str:
        """Return the address as somebody has it."""
        return f"postgresql+psycopg://{user}@/postgres?host={self.folder}"

    def make(self) -> None:
        """Make its databases."""
        self._run("initdb", "--no-sync", "-A", "trust", "-U", OWNER, "-E", "UTF8",
                  "--locale=C.UTF-8")  # fmt: skip
        access = self.folder / "data" / "pg_hba.conf"
        access.write_text(f"local all {STRANGER} scram-sha-256\n" + access.read_text())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        of_socket = ("listen_addresses=", f"unix_socket_directories={self.folder}")
        options = " ".join(f"-c {one}" for one in (*self.settings, *of_socket))
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
        done = subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *options],
            check=False, stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT, cwd=self.folder, **as_another,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(options)}: {done.returncode}, {done.stdout!r}")


@contextmanager
def local_server(
    programs: Path, settings: Sequence[str] = (), *, place: Path | None = None
) -> Iterator[LocalServer]:
    """Give a server with these settings that runs in a new folder, and leave nothing of it."""
    with TemporaryDirectory(prefix="binocle-pg-", dir=place, ignore_cleanup_errors=True) as folder:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = LocalServer(programs, Path(folder), settings)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
