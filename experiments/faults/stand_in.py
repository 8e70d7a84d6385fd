"""Faults without a C compiler: made in Python, at its own calls and at SQLite's statements.

It misses what the shim sees: single writes, and the clock.
"""

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.faults.shim import KILL, FaultPlan

_CALLS = ("replace", "rename", "link", "unlink", "mkdir")
_WRITING = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "COMMIT")


def watch(state: Path, folder: str) -> None:
    """Let this process's changes below a folder go by a plan, for good.

    Args:
        state: The plan's file.
        folder: What is watched.
    """
    plan = FaultPlan(state)
    for name in _CALLS:
        setattr(os, name, _failing(getattr(os, name), plan, folder))
    os.fsync = _failing(os.fsync, plan, "")
    connect = sqlite3.connect

    class FailingCursor(sqlite3.Cursor):
        def execute(self, statement: str, *parameters: Any) -> Any:
            if statement.lstrip().upper().startswith(_WRITING):
                _strike(plan)
            return super().execute(statement, *parameters)

        def executemany(self, statement: str, *parameters: Any) -> Any:
            _strike(plan)
            return super().executemany(statement, *parameters)

    class FailingConnection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(FailingCursor)

    def failing_connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opened: sqlite3.Connection = connect(*arguments, factory=FailingConnection, **options)
        return opened

    sqlite3.connect = failing_connect  # type: ignore[assignment]


def _failing(call: Callable[..., Any], plan: FaultPlan, folder: str) -> Callable[..., Any]:
    def failing(*arguments: Any, **options: Any) -> Any:
        if any(str(one).startswith(folder) for one in arguments) and (error := plan.due()):
            _end(error)
            raise OSError(error, os.strerror(error), str(arguments[-1]))
        return call(*arguments, **options)

    return failing


def _strike(plan: FaultPlan) -> None:
    error = plan.due()
    _end(error)
    if error:
        is_full = error == errno.ENOSPC
        raise sqlite3.OperationalError("database or disk is full" if is_full else "disk I/O error")


def _end(error: int) -> None:
    if error == KILL:
        os.kill(os.getpid(), signal.SIGKILL)
