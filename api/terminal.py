"""The one way to a terminal: what others wrote into records cannot command it.

Control characters could clear the screen, rename the window or answer for the keyboard; marks of
direction could show a text in another order than it has. Both are shown as �. What goes into a
file or a pipe stays as it is.
"""

import gc
import logging
import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click

EXIT_INTERRUPTED = 130
STOPPED = "stopped; what was found is kept"
"""How a command ends that has no other end."""
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_COMMANDS = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029, *_DIRECTIONS), "�")
del _COMMANDS[ord("\n")], _COMMANDS[ord("\t")]


def say(text: object = "", *, err: bool = False, nl: bool = True, **style: Any) -> None:
    """Print a line.

    Args:
        text: What; bytes are the name of a file.
        err: Whether to standard error.
        nl: Whether the line ends.
        style: As for ``click.style``.
    """
    if (sys.stderr if err else sys.stdout).isatty():
        read = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        text = without_controls(read)
    if style:
        text = click.style(text, **style)
    click.echo(text, err=err, nl=nl)


def leave(code: int, *, at_once: bool) -> NoReturn:
    """End the process.

    Args:
        code: Its exit code.
        at_once: Whether threads that wait for a network are left to it.
    """
    if at_once:
        with suppress(OSError, ValueError):  # nobody reads us any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    gc.freeze()  # else all of torch is looked through for garbage, for the last time
    sys.exit(code)


def without_controls(text: str) -> str:
    """Return a text that cannot command a terminal, whoever wrote it; its lines stay."""
    return text.translate(_COMMANDS)


class LogLines(logging.Formatter):
    """Lines of the log, likewise."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of the log."""
        line = super().format(record)
        return without_controls(line) if sys.stderr.isatty() else line
