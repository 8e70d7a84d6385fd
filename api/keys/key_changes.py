"""What was done to the API keys, by whom and when, through whichever door: a line each."""

import getpass
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from binocle.errors import StorageError
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
        StorageError: It cannot be written.
    """
    who = {"by_user": _person()} if by is None else {"by_key": by}
    told = {name: value for name, value in facts.items() if value is not None}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"time": now, "action": action, "key": key, **who, **told}) + "\n"
    try:
        with open(path, "a+b", opener=_private) as file:
            if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                file.write(b"\n")  # the disk was full or the machine died in the line before
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"cannot write {path} ({error.strerror})") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may give this user no name
        return str(os.getuid())
