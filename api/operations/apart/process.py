"""Starting a process for a piece of work, hearing how far it is, and answering what it asks."""

import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

from api.operations.apart.messages import Answer, Done, Failed, ProgressTold, QuestionAsked
from binocle.errors import BinocleError

Answering: TypeAlias = Mapping[str, Callable[..., Any]]
_SILENT_S = 1.0


class _EndedError(Exception):
    """The process has ended, or hears nothing any more."""


def do_apart(
    work: Callable[..., Any],
    *arguments: Any,
    told: Callable[[Any], None],
    answering: Answering | None = None,
) -> Any:
    """Have a process do something; return what it returned.

    Args:
        work: A function of a module, called with an ``Asker`` and the arguments; these and what it
            returns are pickled.
        arguments: Its further ones.
        told: Told what the work tells, several times a second, also where nothing has changed, and
            now and then where a process says nothing, as one does that stands still. What it
            raises ends the process.
        answering: What the work may ask of this process, by name.

    Raises:
        BinocleError: What was raised there, by its code.
        RuntimeError: The process ended without an answer; what it complained of went to standard
            error.
    """
    roots = [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH")]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "api.operations.apart"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
        start_new_session=True,  # Ctrl-C is for the parent; it ends this one itself
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process, Connection(os.dup(process.stdout.fileno()), writable=False) as heard:
        process.stdout.close()
        try:
            talk = _Talk(process.stdin.fileno(), heard, told)
            talk.send((work, arguments))
            return talk.heard(answering or {})
        except _EndedError as error:
            how = _how_it_ended(process)
            message = f"the process for {work.__module__} ended without an answer ({how})"
            raise RuntimeError(message) from error
        finally:
            process.kill()
            process.wait()


class _Talk:
    """What is told to a process, and heard of it; nothing waits long for one that stands still."""

    def __init__(self, to: int, heard: Connection, told: Callable[[Any], None]) -> None:
        os.set_blocking(to, False)
        self._to, self._heard, self._told = to, heard, told
        self._latest: object = None

    def send(self, message: object) -> None:
        """Write a message."""
        left = memoryview(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        has_room = select.poll()
        has_room.register(self._to, select.POLLOUT)
        while left:
            if not has_room.poll(1000 * _SILENT_S):
                self._told(self._latest)
                continue
            try:
                left = left[os.write(self._to, left) :]
            except OSError as error:
                raise _EndedError from error

    def heard(self, answering: Answering) -> Any:
        """Answer what is asked, until the work is done; return what it returned."""
        while True:
            match message := self._next():
                case None:
                    self._told(self._latest)
                case ProgressTold(value):
                    self._latest = value
                    self._told(value)
                case QuestionAsked(name, arguments):
                    self.send(_answer(answering[name], arguments))
                case Done(value):
                    return value
                case Failed():
                    raise message.error()

    def _next(self) -> Any:
        """Return the next message; None where there is none for a while."""
        try:
            return self._heard.recv() if self._heard.poll(_SILENT_S) else None
        except (OSError, EOFError) as error:
            raise _EndedError from error


def _how_it_ended(process: "subprocess.Popen[bytes]") -> str:
    try:
        code = process.wait(_SILENT_S)
    except subprocess.TimeoutExpired:
        return "it goes on, and hears nothing"
    if code == -signal.SIGKILL:
        return "killed, as where memory ran out"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _answer(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> Answer:
    try:
        return Done(answer(*arguments))
    except BinocleError as error:
        return Failed.of(error)
