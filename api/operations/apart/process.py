"""Starting a process for a piece of work, hearing how far it is, and answering what it asks."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeAlias

from api.operations.apart.messages import Answer, Done, Failed, ProgressTold, QuestionAsked
from binocle.errors import BinocleError

Answering: TypeAlias = Mapping[str, Callable[..., Any]]


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
        told: Told what the work tells, several times a second, also where nothing has changed.
            What it raises ends the process.
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
    with process:
        try:
            send(process.stdin, (work, arguments))
            return _heard(process.stdin, process.stdout, told, answering or {})
        except (BrokenPipeError, EOFError) as error:
            message = f"the process for {work.__module__} ended without an answer"
            raise RuntimeError(message) from error
        finally:
            process.kill()
            with suppress(BrokenPipeError):  # what it has not read
                process.stdin.close()
            process.wait()


def _heard(
    to: IO[bytes], heard: IO[bytes], told: Callable[[Any], None], answering: Answering
) -> Any:
    while True:
        message = pickle.load(heard)
        match message:
            case ProgressTold(value):
                told(value)
            case QuestionAsked(name, arguments):
                send(to, _answer(answering[name], arguments))
            case Done(value):
                return value
            case Failed():
                raise message.error()


def _answer(answer: Callable[..., Any], arguments: tuple[Any, ...]) -> Answer:
    try:
        return Done(answer(*arguments))
    except BinocleError as error:
        return Failed.of(error)


def send(to: IO[bytes], message: object) -> None:
    """Write a message, and what is written so far."""
    pickle.dump(message, to, pickle.HIGHEST_PROTOCOL)
    to.flush()
