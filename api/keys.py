"""API keys: hashed at rest, for reading or for reading and writing, for one collection or all.

A key is 256 random bits, so a plain SHA-256 of it is as hard to turn back as the key is to
guess; no slow hash is needed. The file is read again when it changes, so a key that is revoked
stops working at once.
"""

import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from binocle.errors import NotFoundError, StorageError, UsageError
from binocle.files import replacing

Access: TypeAlias = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key.

    Attributes:
        name: For a person.
        sha256: Of the secret, hex.
        access: ``read``, or ``write`` for both.
        collections: The only ones it opens; None for all.
        created_at: ISO 8601, UTC.
    """

    name: str
    sha256: str
    access: Access
    collections: tuple[str, ...] | None
    created_at: str

    def allows(self, access: Access, collection: str | None) -> bool:
        """Tell whether the key may be used so; None is what belongs to no collection."""
        if access == "write" and self.access != "write":
            return False
        return self.collections is None or collection is None or collection in self.collections


class KeyRing:
    """The keys of a data home, in a file only its owner can read. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()
        self._closed = False

    def all(self) -> tuple[Key, ...]:
        """Return the keys.

        Raises:
            StorageError: The file cannot be read or is damaged; nothing is let in then.
        """
        with self._lock:
            try:
                status = self._path.stat()
            except FileNotFoundError:
                self._stamp, self._keys = None, ()
                return ()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._keys = self._read()
                self._stamp = stamp
            return self._keys

    def is_closed(self) -> bool:
        """Tell whether a key is needed: from the first key on, for good.

        Revoking the last key, or losing the file while a service runs, lets nobody in rather
        than everybody.
        """
        self._closed = self._closed or self._path.exists()
        return self._closed

    def find(self, secret: str) -> Key | None:
        """Return the key of a secret; takes the same time wherever it is in the list."""
        digest = _digest(secret)
        found = None
        for key in self.all():
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def add(self, name: str, access: Access, collections: tuple[str, ...] | None) -> str:
        """Make a key and return its secret, which is not kept.

        Raises:
            UsageError: There is a key of this name.
        """
        keys = self.all()
        if any(key.name == name for key in keys):
            raise UsageError(f"there is a key named {name!r} already; revoke it or choose another")
        secret = "bnc_" + secrets.token_urlsafe(32)
        created = datetime.now(UTC).isoformat(timespec="seconds")
        self._write((*keys, Key(name, _digest(secret), access, collections, created)))
        return secret

    def revoke(self, name: str) -> None:
        """Remove a key.

        Raises:
            NotFoundError: There is none of this name.
        """
        keys = self.all()
        kept = tuple(key for key in keys if key.name != name)
        if len(kept) == len(keys):
            names = ", ".join(key.name for key in keys) or "none"
            raise NotFoundError(f"there is no key named {name!r}; there are: {names}")
        self._write(kept)

    def _read(self) -> tuple[Key, ...]:
        try:
            rows = json.loads(self._path.read_text())["keys"]
            return tuple(
                Key(
                    row["name"],
                    row["sha256"],
                    row["access"],
                    None if row["collections"] is None else tuple(row["collections"]),
                    row["created_at"],
                )
                for row in rows
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"the keys in {self._path} cannot be read ({error})") from error

    def _write(self, keys: tuple[Key, ...]) -> None:
        text = json.dumps({"format": 1, "keys": [asdict(key) for key in keys]}, indent=1)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path, mode=0o600) as file:
                file.write(text.encode())
        except OSError as error:
            raise StorageError(f"cannot write {self._path} ({error.strerror})") from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
