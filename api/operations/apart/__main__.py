"""A process that does a piece of work; its parent says on the standard input which."""

import os
import pickle
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from api.operations.apart.asker import Asker
from api.operations.apart.messages import Answer, Done, Failed
from binocle.errors import BinocleError

_FIRST_TO_GO = "500"  # of 1000


def main() -> None:
    """Do what comes on the standard input."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which systemd sends all; the parent ends it
    with suppress(OSError):  # where memory runs out, rather this process than the service
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    to = Connection(os.dup(sys.stdout.fileno()), readable=False)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries may print
    work, arguments = pickle.load(sys.stdin.buffer)
    asker = Asker(to, sys.stdin.buffer)
    try:
        answer: Answer = Done(work(asker, *arguments))
    except BinocleError as error:
        answer = Failed.of(error)
    asker.end(answer)


if __name__ == "__main__":
    main()
