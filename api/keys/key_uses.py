"""When each API key was last used, to the minute: for whoever asks which keys nobody needs."""

import json
import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from api.keys.key import Key
from binocle.files import replacing

_log = logging.getLogger(__name__)


class KeyUses:
    """The last uses, in a file beside the keys. Thread-safe.

    It is a note, not a record: where it cannot be written, or two services write at once, some
    uses are missing, and nothing else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._unsaved: dict[str, str] = {}

    def note(self, key: Key) -> None:
        """Note that a key is being used."""
        with self._lock:
            self._unsaved[key.identity] = datetime.now(UTC).isoformat(timespec="minutes")

    def last(self) -> dict[str, str]:
        """Return the last use of each key by its identity; ISO 8601, UTC."""
        with self._lock:
            fresh = dict(self._unsaved)
        return _later(self._read(), fresh)

    def save(self, keys: Iterable[Key]) -> None:
        """Write what was noted since the last time.

        Args:
            keys: Those there are; what is known of others is forgotten.
        """
        with self._lock:
            fresh, self._unsaved = self._unsaved, {}
        if not fresh:
            return
        known = {key.identity for key in keys}
        uses = {one: at for one, at in _later(self._read(), fresh).items() if one in known}
        try:
            with replacing(self._path, mode=0o600, durable=False) as file:
                file.write(json.dumps({"format": 1, "uses": uses}, indent=1).encode())
        except OSError as error:
            _log.warning("cannot note when keys were used in %s (%s)", self._path, error.strerror)

    def _read(self) -> dict[str, str]:
        try:
            uses = json.loads(self._path.read_text())["uses"]
            return {str(one): str(at) for one, at in uses.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # none yet, or damaged: begin again


def _later(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    return first | {one: max(at, first.get(one, "")) for one, at in second.items()}
