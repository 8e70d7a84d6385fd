"""The process that has everything imported, and forks for each errand it is sent on."""

import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

_NEEDED = ("api.cli.main", "api.cli.serve", "indexer.indexer", "search.searcher", "cv2")


@dataclass(frozen=True, slots=True)
class Errand:
    """A command to run.

    Attributes:
        arguments: Of ``binocle``; or ``["follow", FOLDER]``, see ``reader``.
        output: Where all it prints goes.
        environment: Its variables.
        plan: The plan's file; None to be left alone.
        watched: The folder whose changes the plan counts.
    """

    arguments: Sequence[str]
    output: str
    environment: Mapping[str, str]
    plan: str | None = None
    watched: str = ""


def _serve() -> None:
    """Answer requests on the standard input."""
    for name in _NEEDED:
        import_module(name)  # so that children have it
    os.nice = lambda _: 0  # the harness waits for it
    gc.freeze()
    children: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            pid = os.fork()
            if not pid:
                _run(Errand(**request["start"]))
            os.setpgid(pid, pid)
            children.add(pid)
            answer: int | None = pid
        else:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
            children.discard(pid)
        print(json.dumps(answer), flush=True)
    for pid in children:
        os.killpg(pid, signal.SIGKILL)


def _run(errand: Errand) -> None:
    from api.cli.main import main
    from experiments.faults import stand_in
    from experiments.faults.reader import follow

    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(errand.environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(errand.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if errand.arguments[0] in ("serve", "index"):
        _fork_decoder()
    if errand.plan is not None:
        if "LD_PRELOAD" in os.environ:
            library = ctypes.CDLL(None)
            assert library.faults_watch(errand.plan.encode(), errand.watched.encode()) == 0
        else:
            stand_in.watch(Path(errand.plan), errand.watched)
    try:
        if errand.arguments[0] == "follow":
            follow(Path(errand.arguments[1]))
        main(errand.arguments)
    except SystemExit as ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


class ForkedDecoder(subprocess.Popen[bytes]):
    """A decoder without the second that its imports take."""

    def __init__(self) -> None:
        """Fork it; only while there are no threads."""
        from binocle.media.decoder_pool import work

        orders, answers = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            os.dup2(orders[0], 0)
            os.dup2(answers[1], 1)
            os.closerange(3, max(*orders, *answers) + 1)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
            try:
                work()
            finally:
                os._exit(0)
        os.close(orders[0])
        os.close(answers[1])
        self.stdin = os.fdopen(orders[1], "wb")
        self.stdout = os.fdopen(answers[0], "rb")

    def kill(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, which it has as good as done once it is killed."""
        del timeout
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        return 0


def _fork_decoder() -> None:
    """Have a decoder ready; a second one, where the first has died, starts as it always does."""
    from binocle.media import sandbox

    start, waiting = sandbox.start_decoder, [ForkedDecoder()]
    sandbox.start_decoder = lambda nice=0: waiting.pop() if waiting else start(nice)


if __name__ == "__main__":
    _serve()
