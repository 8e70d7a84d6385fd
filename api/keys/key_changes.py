"""What was done to the API keys, by whom and when, through whichever door: a line each."""

import getpass
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from binocle.files import PRIVATE_FILE


def note_change(
    path: Path,
    action: Literal["add", "rotate", "revoke"],
    key: str,
    by: str | None,
    **facts: object,
) -> None:
    """Append a change, before it is made: none is without its line.

    Args:
        path: A file of JSON lines, made for its owner alone.
        action: What is done.
        key: The name of the key it is done to.
        by: The key that asked for it over HTTP; None for a person at the command line.
        facts: What else to tell; none of it a secret.

    Raises:
        OSError: It cannot be written.
    """
    who = {"by_user": _person()} if by is None else {"by_key": by}
    told = {name: value for name, value in facts.items() if value is not None}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"time": now, "action": action, "key": key, **who, **told}) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may give this user no name
        return str(os.getuid())
