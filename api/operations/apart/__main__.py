"""A process that does a piece of work; its parent says on the standard input which."""

import os
import pickle
import sys

from api.operations.apart.asker import Asker
from api.operations.apart.messages import Answer, Done, Failed
from binocle.errors import BinocleError


def main() -> None:
    """Do what comes on the standard input."""
    to = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
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
