"""``binocle search`` in a process whose imports are done: most of a short search is its start.

The first search starts it (``resident_process``), beside nobody's waiting; later ones hand over
their arguments, environment, folder and streams, and it forks for each. So a search runs the same
code on the same files as without it, and whatever fails here only means that it runs here. The
socket is its user's alone and has a name of its own for each state of the program; where nobody
searches for a while, the process ends.
"""

import json
import os
import signal
import socket
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from binocle import __version__
from binocle.errors import BinocleError

if TYPE_CHECKING:
    import subprocess

SWITCH, OPTION = "BINOCLE_RESIDENT", "--no-resident"
LISTENS_AT = "BINOCLE_RESIDENT_SOCKET"
LOADED_WITH = {
    # Threads of one operation that spin while they wait take the cores from those that compute,
    # and from other processes. Read when torch and FAISS load.
    "OMP_WAIT_POLICY": "PASSIVE",
    # numpy's products are small, and its BLAS has threads that spin whatever is said. Read when
    # numpy loads; FAISS's BLAS has as many threads as OpenMP.
    "OPENBLAS_NUM_THREADS": "1",
}
LENGTH, NUMBER = struct.Struct("<Q"), struct.Struct("<i")
_STREAMS = 3
_OWN_WAYS = frozenset((OPTION, "--show", "--open", "--debug", "--help", "-h"))
_READ_WHEN_LOADED = ("LANG", "LC_", "LD_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "KMP_")
_PACKAGES = ("api", "binocle", "evaluation", "indexer", "search", "training")
_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_S = 2.0
_LONGEST_PATH = 96  # bytes; systems take 104 to 108, of which some are for a name beside it
_started: "list[subprocess.Popen[bytes]]" = []  # they live on; nobody waits for them


def run(arguments: Sequence[str], run_here: Callable[[], object]) -> int:
    """Run a command, there or here; return its exit code.

    Raises:
        BinocleError: The command has begun there, and did not come to its end.
    """
    path = socket_of(arguments)
    if path is not None and (code := run_there(path, arguments)) is not None:
        return code
    run_here()
    if path is not None:
        start(path)
    return 0


def socket_of(arguments: Sequence[str]) -> Path | None:
    """Return where a process listens that may run a command; None where none may or can."""
    chosen, command = _split(arguments)
    is_off = os.environ.get(SWITCH, "").lower() in ("0", "false", "no", "off")
    if is_off or command[:1] != ["search"] or not hasattr(socket, "send_fds"):
        return None
    if _OWN_WAYS.intersection(command):
        return None
    if None in (sys.stdin, sys.stdout, sys.stderr):  # closed: there is nothing to hand over
        return None
    home = _home(chosen)
    if not (home / "collections").is_dir():
        return None
    path = home / f"resident-{zlib.crc32(program().encode()):08x}.sock"
    can_listen = os.access(home, os.W_OK) and len(os.fsencode(path)) <= _LONGEST_PATH
    return path if can_listen else None


def program() -> str:
    """Return what tells this program from another, or from a later state of it."""
    modules = [one for name in _PACKAGES for one in _modules(_ROOT / name)]
    installed = [os.stat(one).st_mtime_ns for one in sys.path if one.endswith("-packages")]
    variables = {**LOADED_WITH, **os.environ}
    told = [one for one in sorted(variables.items()) if one[0].startswith(_READ_WHEN_LOADED)]
    state = len(modules), max(modules, default=0), installed, told, *_surroundings()
    return json.dumps([__version__, sys.executable, str(_ROOT), *state])


def run_there(path: Path, arguments: Sequence[str]) -> int | None:
    """Have the process at a socket run a command.

    Returns:
        The command's exit code; None where it has not begun.

    Raises:
        BinocleError: It has begun and did not come to its end.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.settimeout(_PATIENCE_S)
            if not is_ours(path):
                return None
            connection.connect(str(path))
            _hand_over(connection, arguments)
            started = _number(connection)
        except (OSError, ValueError):
            return None
        if started is None:
            return None
        connection.settimeout(None)
        with _passing_signals_to(started):
            code = _number(connection)
    if code is None:
        raise BinocleError(f"the search ended before its answer; run it again with {OPTION}")
    return code


def is_ours(path: Path) -> bool:
    """Tell whether a socket is this user's, and nobody else may use it."""
    about = path.lstat()
    return about.st_uid == os.getuid() and not about.st_mode & 0o077


def start(path: Path) -> None:
    """Start a process that listens at a socket."""
    import subprocess

    nothing = subprocess.DEVNULL
    with suppress(OSError):
        _started.append(
            subprocess.Popen(
                [sys.executable, "-m", "api.cli.main"],
                env={**os.environ, LISTENS_AT: str(path)},
                stdin=nothing, stdout=nothing, stderr=nothing, cwd="/", start_new_session=True,
            )
        )  # fmt: skip


def _split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the home that a command names, or that is set, if any, and the command."""
    rest = list(arguments)
    chosen = os.environ.get("BINOCLE_HOME", "")
    for place, one in enumerate(rest):
        if one == "--home" and place + 1 < len(rest):
            chosen = rest[place + 1]
        elif one.startswith("--home="):
            chosen = one.partition("=")[2]
        else:
            continue
        if place == 0:
            rest = rest[1 if "=" in one else 2 :]
        break
    return chosen, rest


def _home(chosen: str) -> Path:
    if chosen:
        return Path(chosen).absolute()
    from platformdirs import user_data_path

    return user_data_path("binocle", appauthor=False)


def _modules(folder: Path) -> Iterator[int]:
    """Yield when each module of a package was changed."""
    with os.scandir(folder) as entries:
        for one in entries:
            if one.name.endswith(".py"):
                yield one.stat().st_mtime_ns
            elif one.is_dir() and one.name != "__pycache__":
                yield from _modules(Path(one.path))


def _surroundings() -> list[int | str]:
    """Return what a search has from where it is started: its priority, and what a container is."""
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):  # Linux's
        return [
            priority,
            *(str(Path(f"/proc/self/ns/{one}").readlink()) for one in ("mnt", "pid", "net")),
        ]
    return [priority]


def _hand_over(connection: socket.socket, arguments: Sequence[str]) -> None:
    umask = os.umask(0)
    os.umask(umask)
    streams = (sys.stdin, sys.stdout, sys.stderr)
    job: Mapping[str, Any] = {
        "program": program(),
        "arguments": list(arguments),
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "umask": umask,
        "streams": [
            [getattr(one, "encoding", None) or "utf-8", getattr(one, "errors", None) or "strict"]
            for one in streams
        ],
    }
    for one in streams[1:]:
        one.flush()
    body = json.dumps(job).encode()
    socket.send_fds(connection, [LENGTH.pack(len(body))], list(range(_STREAMS)))
    connection.sendall(body)


def _number(connection: socket.socket) -> int | None:
    read = b""
    while len(read) < NUMBER.size:
        more = connection.recv(NUMBER.size - len(read))
        if not more:
            return None
        read += more
    return int(NUMBER.unpack(read)[0])


@contextmanager
def _passing_signals_to(process: int) -> Iterator[None]:
    """Hand what asks this process to end over to the one that runs the command."""

    def hand_over(number: int, _frame: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(process, number)

    before = {one: signal.signal(one, hand_over) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
