"""The process that runs searches: it imports, listens, and forks for each; see ``asking``."""

import gc
import io
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from api.cli.resident.asking import LENGTH, LISTENS_AT, LOADED_WITH, NUMBER, SWITCH, program
from binocle.encoders.base import Encoder
from binocle.encoders.names import MINI
from binocle.encoders.registry import open_encoder

RunCommand: TypeAlias = Callable[[list[str], object], int]
_IDLE_S, _LOOKED_S, _PATIENCE_S = 300.0, 10.0, 2.0
_STREAMS = 3
_MOST_BYTES = 16 * 1024 * 1024
_CREDENTIALS = struct.Struct("3i")
_NO_REQUEST = (OSError, ValueError, LookupError, TypeError, struct.error)
_NEEDED = (
    "api.cli.output.answers",
    "api.cli.search_query",
    "api.container",
    "api.http.schemas.search",
    "search.query.warnings",
)


@dataclass(frozen=True, slots=True)
class AtTheReady:
    """What the process has.

    Attributes:
        program: What it is; see ``asking.program``.
        loaded: Encoders by their models' names.
        run_command: Runs a command, and returns its exit code; given what containers are given.
    """

    program: str
    loaded: dict[str, Encoder]
    run_command: RunCommand


def listen(run_command: RunCommand) -> None:
    """Listen at the socket that was chosen until nobody has asked for five minutes.

    Where another one listens there, or will once it has loaded what it needs, this one ends.
    """
    path, known_as = Path(os.environ.pop(LISTENS_AT)), program()
    for name, value in LOADED_WITH.items():
        os.environ.setdefault(name, value)
    with only_one(path.with_suffix(".lock")) as is_only:
        if is_only:
            _listen(path, known_as, run_command)


@contextmanager
def only_one(path: Path) -> Iterator[bool]:
    """Hold a lock that ends with this process; tell whether nobody else has it."""
    import fcntl

    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
        path.unlink(missing_ok=True)


def _listen(path: Path, known_as: str, run_command: RunCommand) -> None:
    loaded = preload()
    gc.collect()
    gc.freeze()  # searches share this memory
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(socket.AF_UNIX) as listener:
        number = listen_at(path, listener)
        try:
            about = AtTheReady(known_as, loaded, run_command)
            serve(listener, about, lambda: _is_there(path, number))
        finally:
            if _is_there(path, number):
                path.unlink()


def preload() -> dict[str, Encoder]:
    """Import what searches need; return the embedded model, loaded."""
    for name in _NEEDED:
        import_module(name)
    return {MINI: open_encoder(MINI)}


def listen_at(path: Path, listener: socket.socket) -> int:
    """Bind a socket that only its user may use, in place of what was there; return its number."""
    beside = path.with_suffix(f".{os.getpid()}")
    before = os.umask(0o177)
    try:
        listener.bind(str(beside))
    finally:
        os.umask(before)
    listener.listen()
    beside.rename(path)
    return path.stat().st_ino


def serve(listener: socket.socket, served: AtTheReady, is_wanted: Callable[[], bool]) -> None:
    """Run what is asked for until nobody has asked for long, or it is not wanted any more."""
    last = time.monotonic()
    while time.monotonic() - last < _IDLE_S:
        if select.select([listener], [], [], _LOOKED_S)[0]:
            connection, _ = listener.accept()
            with connection, suppress(*_NO_REQUEST):
                _begin(connection, listener, served)
            last = time.monotonic()
        if not is_wanted():
            return


def _begin(connection: socket.socket, listener: socket.socket, served: AtTheReady) -> None:
    """Read what somebody asks for and fork; whoever is refused runs it himself."""
    connection.settimeout(_PATIENCE_S)
    if hasattr(socket, "SO_PEERCRED"):
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        if _CREDENTIALS.unpack(told)[1] != os.getuid():
            return
    head, streams, _, _ = socket.recv_fds(connection, LENGTH.size, _STREAMS)
    try:
        (length,) = LENGTH.unpack(head)
        if length > _MOST_BYTES or len(streams) != _STREAMS:
            return
        with connection.makefile("rb") as reader:
            job = json.loads(reader.read(length))
        if job["program"] == served.program and not os.fork():
            listener.close()
            _become(connection, job, streams, served)
    finally:
        for one in streams:
            os.close(one)


def _become(
    connection: socket.socket,
    job: Mapping[str, Any],
    streams: Sequence[int],
    served: AtTheReady,
) -> NoReturn:
    """Be the process that somebody would have started, and end as that.

    Where it cannot be, it says nothing, and whoever asked runs it himself.
    """
    has_begun, code = False, 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        connection.settimeout(None)
        os.environ.clear()
        os.environ.update(job["environment"], **{SWITCH: "0"})
        time.tzset()
        os.chdir(job["folder"])
        os.umask(job["umask"])
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
        sys.stdin, sys.stdout, sys.stderr = map(_text_stream, range(_STREAMS), job["streams"])
        connection.sendall(NUMBER.pack(os.getpid()))
        has_begun = True
        code = served.run_command(job["arguments"], {"loaded": served.loaded})
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        with suppress(OSError):
            if has_begun:
                connection.sendall(NUMBER.pack(code))
        os._exit(code)


def _text_stream(place: int, read_as: Sequence[str]) -> io.TextIOWrapper:
    """Return a standard stream, as Python would have opened it."""
    raw = io.FileIO(place, "w" if place else "r", closefd=False)
    buffered = io.BufferedWriter(raw) if place else io.BufferedReader(raw)
    is_prompt = place == 2 or raw.isatty()
    encoding, errors = read_as
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=is_prompt)


def _is_there(path: Path, number: int) -> bool:
    """Tell whether a socket is still the one of this number: not removed, not another's."""
    try:
        return path.stat().st_ino == number
    except OSError:
        return False
