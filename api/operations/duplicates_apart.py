"""Duplicates found by a process of its own, so that searches of this one do not wait for it.

Only one thread of a process runs Python at a time. Where others want the cores, a thread of low
priority that is just running Python is not let go on, and all others of its process wait for it.
A process of low priority keeps nobody waiting.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter

from api.container import Container
from api.operations.copies import find_duplicates
from api.settings import Settings
from binocle.collection.beside_searches import NICE
from binocle.collection.collection import Collection
from binocle.errors import BinocleError
from search.copies.duplicates import Duplicates

_FOUND = TypeAdapter(Duplicates)
_TELL_EVERY_S = 0.2
_FEW = 200  # records, which take some seconds


def find_duplicates_apart(
    settings: Settings, collection: str, on_progress: Callable[[int, int], None]
) -> Duplicates:
    """Return what ``find_duplicates`` does, from a process, of low priority unless it is short.

    Args:
        settings: What was chosen.
        collection: Its own name.
        on_progress: As for ``find_duplicates``; told several times a second, also where nothing
            has changed. What it raises ends the process.

    Raises:
        BinocleError: What was raised there, by its code.
        RuntimeError: The process ended without an answer; what it complained of went to standard
            error.
    """
    roots = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH")]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "api.operations.duplicates_apart"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
        start_new_session=True,  # Ctrl-C is for the parent; it ends this one itself
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            asked = {"settings": settings.model_dump(mode="json"), "collection": collection}
            process.stdin.write(json.dumps(asked).encode())
            process.stdin.close()
            return _answer(process.stdout, on_progress)
        finally:
            process.kill()
            process.wait()


def _answer(lines: IO[bytes], on_progress: Callable[[int, int], None]) -> Duplicates:
    for line in lines:
        told = json.loads(line)
        if "error" in told:
            raise _error(told["error"], told["detail"])
        on_progress(told["done"], told["total"])
        if told["has_ended"]:
            return _FOUND.validate_json(lines.readline())
    raise RuntimeError("the process that looked for duplicates ended without an answer")


def _error(code: str, detail: str) -> BinocleError:
    kinds = [BinocleError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    own = next((kind for kind in kinds if vars(kind).get("code") == code), BinocleError)
    return own(detail)


class _Teller:
    """Tells how far it is, again and again; ends this process where nobody listens any more."""

    def __init__(self, to: IO[bytes]) -> None:
        self._to = to
        self._done = self._total = 0
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)
        self._thread.start()

    def advance(self, done: int, total: int) -> None:
        """Note progress."""
        self._done, self._total = done, total

    def end(self, answer: bytes) -> None:
        """Tell the answer."""
        self._has_ended.set()
        self._thread.join()
        self._to.write(answer)
        self._to.close()

    def line(self, *, has_ended: bool) -> bytes:
        """Return how far it is."""
        return _line(done=self._done, total=self._total, has_ended=has_ended)

    def _repeat(self) -> None:
        while not self._has_ended.wait(_TELL_EVERY_S):
            try:
                self._to.write(self.line(has_ended=False))
                self._to.flush()
            except OSError:
                os._exit(1)


def _make_way(collection: Collection) -> None:
    """Take a low priority, with all threads and processes to come; a few pictures take none."""
    with collection.reading() as session:
        records = session.records.count()
    if records > _FEW:
        os.nice(max(0, NICE - os.nice(0)))


def _line(**members: Any) -> bytes:
    return json.dumps(members).encode() + b"\n"


def main() -> None:
    """Answer what comes on the standard input."""
    to = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries may print
    asked = json.load(sys.stdin)
    teller = _Teller(to)
    container = Container(Settings(**asked["settings"]))
    try:
        with container.open_collection(asked["collection"]) as collection:
            _make_way(collection)
            with container.decoders() as decoders:
                found = find_duplicates(container, collection, decoders, teller.advance)
    except BinocleError as error:
        teller.end(_line(error=error.code, detail=str(error)))
    else:
        teller.end(teller.line(has_ended=True) + _FOUND.dump_json(found) + b"\n")


if __name__ == "__main__":
    main()
